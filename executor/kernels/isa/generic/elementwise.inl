// SPDX-License-Identifier: Apache-2.0
// Steps that treat every element, or every channel of a pixel, alike.

template <class F>
inline void over_elements(std::size_t count, F&& body) {
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) body(i, AllLanes{});
    if (i < count) body(i, FirstLanes{count - i});
}

void activate_elements(const float* x, float* y, std::size_t count, Activation activation) {
    with_activation(activation, [&]<Activation A>() {
        over_elements(count, [&](std::size_t i, auto some) { some.write(y + i, activate<A>(some.read(x + i))); });
    });
}

void add_elements(const float* a, const float* b, float* y, std::size_t count, Activation activation) {
    with_activation(activation, [&]<Activation A>() {
        over_elements(count, [&](std::size_t i, auto some) {
            some.write(y + i, activate<A>(add(some.read(a + i), some.read(b + i))));
        });
    });
}

void scale_channels(const float* x, const float* gate, float* y, std::size_t pixels, std::size_t channels) {
    for (std::size_t p = 0; p < pixels; ++p, x += channels, y += channels) {
        over_elements(channels,
                      [&](std::size_t c, auto some) { some.write(y + c, mul(some.read(x + c), some.read(gate + c))); });
    }
}

void sum_pixels(const float* x, std::size_t stride, std::size_t pixels, std::size_t channels, float* sums) {
    over_elements(channels, [&](std::size_t c, auto some) {
        Vec sum = some.read(sums + c);
        for (std::size_t p = 0; p < pixels; ++p) sum = add(sum, some.read(x + p * stride + c));
        some.write(sums + c, sum);
    });
}

void max_pixels(const float* const* pixels, std::size_t count, std::size_t channels, float* y) {
    over_elements(channels, [&](std::size_t c, auto some) {
        Vec most = some.read(pixels[0] + c);
        for (std::size_t p = 1; p < count; ++p) most = max_or_nan(most, some.read(pixels[p] + c));
        some.write(y + c, most);
    });
}

void scale_rows(const float* weights, const float* gate, std::size_t rows, std::size_t width, float* scaled) {
    for (std::size_t k = 0; k < rows; ++k, weights += width, scaled += width) {
        const Vec factor = broadcast(gate[k]);
        for (std::size_t i = 0; i < width; i += lanes) store(scaled + i, mul(load(weights + i), factor));
    }
}

void normalise(const float* x, float mean, float deviation, std::size_t count, float* y) {
    over_elements(count, [&](std::size_t i, auto some) {
        some.write(y + i, div(sub(some.read(x + i), broadcast(mean)), broadcast(deviation)));
    });
}

void blend_rows(const float* a, float weight_a, const float* b, float weight_b, std::size_t count, float* y) {
    over_elements(count, [&](std::size_t i, auto some) {
        const Vec of_a = mul(some.read(a + i), broadcast(weight_a));
        some.write(y + i, fma(some.read(b + i), broadcast(weight_b), of_a));
    });
}

void blend_pixels(const PixelBlend& blend) {
    const auto blended = [&](std::size_t i, Vec first, Vec second) {
        return fma(second, load(blend.second_weight + i), mul(first, load(blend.first_weight + i)));
    };
    std::size_t i = 0;
    for (; i + lanes <= blend.count; i += lanes) {
        const std::int32_t* const first = blend.first + i;
        const std::int32_t* const second = blend.second + i;
        const bool near = second[lanes - 1] - first[0] < near_floats;
        Vec y[3];
#pragma GCC unroll 3
        for (std::size_t p = 0; p < 3; ++p) {
            const float* const plane = blend.planes + p * blend.width;
            y[p] = near ? blended(i, gather_near(plane, first, first[0]), gather_near(plane, second, first[0]))
                        : blended(i, gather(plane, first), gather(plane, second));
        }
        store_interleaved(blend.y + 3 * i, y[0], y[1], y[2]);
    }
    for (; i < blend.count; ++i) {
        for (std::size_t p = 0; p < 3; ++p) {
            const float* const plane = blend.planes + p * blend.width;
            const Vec of_first = mul(broadcast(plane[blend.first[i]]), broadcast(blend.first_weight[i]));
            const Vec of_second = broadcast(plane[blend.second[i]]);
            store_first(blend.y + 3 * i + p, fma(of_second, broadcast(blend.second_weight[i]), of_first), 1);
        }
    }
}
