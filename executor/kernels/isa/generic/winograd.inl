// SPDX-License-Identifier: Apache-2.0
// Transforms of Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks, 2016, section 4.1), channels last.

/// Bᵀ·d·B of 4 × 4 pixels, for all channels. A null pixel is in the padding.
void winograd_input(const float* const* pixels, std::size_t channels, float* v, std::size_t v_stride) {
    over_elements(channels, [&](std::size_t c, auto some) {
        Vec d[4][4];
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) {
            Vec x[4];
#pragma GCC unroll 4
            for (std::size_t j = 0; j < 4; ++j)
                x[j] = pixels[4 * i + j] == nullptr ? zero() : some.read(pixels[4 * i + j] + c);
            d[i][0] = sub(x[0], x[2]);
            d[i][1] = add(x[1], x[2]);
            d[i][2] = sub(x[2], x[1]);
            d[i][3] = sub(x[1], x[3]);
        }
#pragma GCC unroll 4
        for (std::size_t j = 0; j < 4; ++j) {
            float* to = v + j * v_stride + c;
            some.write(to, sub(d[0][j], d[2][j]));
            some.write(to + 4 * v_stride, add(d[1][j], d[2][j]));
            some.write(to + 8 * v_stride, sub(d[2][j], d[1][j]));
            some.write(to + 12 * v_stride, sub(d[1][j], d[3][j]));
        }
    });
}

/// activation(Aᵀ·m·A + bias + residual) as 2 × 2 pixels. A null pixel is outside the output, a null residual is zero.
void winograd_output(const WinogradOutput& out) {
    with_activation(out.activation, [&]<Activation A>() {
        over_elements(out.channels, [&](std::size_t c, auto some) {
            Vec s[2][4];
#pragma GCC unroll 4
            for (std::size_t j = 0; j < 4; ++j) {
                const float* m = out.m + j * out.m_stride + c;
                const Vec first = some.read(m);
                const Vec second = some.read(m + 4 * out.m_stride);
                const Vec third = some.read(m + 8 * out.m_stride);
                const Vec fourth = some.read(m + 12 * out.m_stride);
                s[0][j] = add(add(first, second), third);
                s[1][j] = sub(sub(second, third), fourth);
            }
            const Vec bias = some.read(out.bias + c);
#pragma GCC unroll 2
            for (std::size_t i = 0; i < 2; ++i) {
                const Vec sums[2] = {add(add(s[i][0], s[i][1]), s[i][2]), sub(sub(s[i][1], s[i][2]), s[i][3])};
#pragma GCC unroll 2
                for (std::size_t j = 0; j < 2; ++j) {
                    const std::size_t pixel = 2 * i + j;
                    if (out.y[pixel] == nullptr) continue;
                    Vec y = add(sums[j], bias);
                    if (out.residual[pixel] != nullptr) y = add(y, some.read(out.residual[pixel] + c));
                    some.write(out.y[pixel] + c, activate<A>(y));
                }
            }
        });
    });
}
