// SPDX-License-Identifier: Apache-2.0
// Weighted sums of a few pixels: what RoIAlign does for each bin.

/// Vectors of channels whose sums are kept in registers at a time.
constexpr std::size_t sum_vectors = 8;

void weighted_sum(const float* x, const PixelTap* taps, std::size_t count, std::size_t channels, bool resume,
                  float* y) {
    std::size_t c = 0;
    for (; c + sum_vectors * lanes <= channels; c += sum_vectors * lanes) {
        Vec acc[sum_vectors];
#pragma GCC unroll 8
        for (std::size_t v = 0; v < sum_vectors; ++v) acc[v] = resume ? load(y + c + v * lanes) : zero();
        for (std::size_t t = 0; t < count; ++t) {
            const float* from = x + taps[t].offset + c;
            const Vec weight = broadcast(taps[t].weight);
#pragma GCC unroll 8
            for (std::size_t v = 0; v < sum_vectors; ++v) acc[v] = fma(weight, load(from + v * lanes), acc[v]);
        }
#pragma GCC unroll 8
        for (std::size_t v = 0; v < sum_vectors; ++v) store(y + c + v * lanes, acc[v]);
    }
    x += c;
    y += c;
    over_elements(channels - c, [&](std::size_t i, auto some) {
        Vec acc = resume ? some.read(y + i) : zero();
        for (std::size_t t = 0; t < count; ++t) {
            acc = fma(broadcast(taps[t].weight), some.read(x + taps[t].offset + i), acc);
        }
        some.write(y + i, acc);
    });
}
