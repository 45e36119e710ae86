// SPDX-License-Identifier: Apache-2.0
// Rows that are normalised: softmax, and layers' mean and deviation.

/// e^x for x ≤ `upper` ≤ 89 (anything above counts as that; and NaN, which stays NaN), within 1 unit in the last place
/// or two. x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial of degree 7 (remainder 2e-9 relative); then
/// two scalings by powers of two, so that results below the smallest normal float come out rounded, not flushed, and
/// those above the largest infinite.
inline Vec exp_up_to(Vec upper, Vec x) {
    // Below -104 the result is 0 in float.
    const Vec bounded = max_or_second(broadcast(-104.F), min_or_second(upper, x));
    const Vec n = round_to_integer(mul(bounded, broadcast(1.44269504F)));
    // ln 2 in two parts, of which n times the first is exact.
    Vec r = fma(n, broadcast(-0.693359375F), bounded);
    r = fma(n, broadcast(2.12194440e-4F), r);
    Vec p = broadcast(1.F / 5040.F);
    p = fma(p, r, broadcast(1.F / 720.F));
    p = fma(p, r, broadcast(1.F / 120.F));
    p = fma(p, r, broadcast(1.F / 24.F));
    p = fma(p, r, broadcast(1.F / 6.F));
    p = fma(p, r, broadcast(0.5F));
    p = fma(p, r, broadcast(1.F));
    p = fma(p, r, broadcast(1.F));
    const Vec half = round_to_integer(mul(n, broadcast(0.5F)));
    return mul(mul(p, power_of_two(half)), power_of_two(sub(n, half)));
}

inline Vec exp_of_negative(Vec x) { return exp_up_to(zero(), x); }

void softmax_row(const float* x, std::size_t count, float* y) {
    float most = x[0];
    for (std::size_t i = 1; i < count; ++i) most = (x[i] > most || x[i] != x[i]) ? x[i] : most;
    over_elements(count, [&](std::size_t i, auto some) {
        some.write(y + i, exp_of_negative(sub(some.read(x + i), broadcast(most))));
    });
    // In order, whatever the width of a vector.
    float sum = 0.F;
    for (std::size_t i = 0; i < count; ++i) sum += y[i];
    over_elements(count, [&](std::size_t i, auto some) { some.write(y + i, div(some.read(y + i), broadcast(sum))); });
}

/// Of the elements, or of their squares: in sixteen sums of every sixteenth, which are added in order, the same
/// whatever the width of a vector.
template <bool Squares>
inline float sum_of(const float* x, std::size_t count) {
    constexpr std::size_t width = 16;
    constexpr std::size_t vectors = width / lanes;
    Vec sums[vectors];
    for (std::size_t v = 0; v < vectors; ++v) sums[v] = zero();
    std::size_t i = 0;
    for (; i + width <= count; i += width) {
        for (std::size_t v = 0; v < vectors; ++v) {
            const Vec next = load(x + i + v * lanes);
            sums[v] = add(sums[v], Squares ? mul(next, next) : next);
        }
    }
    alignas(64) float partial[width];
    for (std::size_t v = 0; v < vectors; ++v) store(partial + v * lanes, sums[v]);
    for (std::size_t j = 0; i + j < count; ++j) partial[j] += Squares ? x[i + j] * x[i + j] : x[i + j];
    float sum = 0.F;
    for (const float part : partial) sum += part;
    return sum;
}

void long_softmax_row(const float* x, std::size_t count, float* y) {
    Vec largest = broadcast(x[0]);
    std::size_t done = 0;
    for (; done + lanes <= count; done += lanes) largest = max_or_nan(largest, load(x + done));
    alignas(64) float candidates[lanes];
    store(candidates, largest);
    float most = candidates[0];
    for (std::size_t i = 1; i < lanes; ++i) {
        most = (candidates[i] > most || candidates[i] != candidates[i]) ? candidates[i] : most;
    }
    for (; done < count; ++done) most = (x[done] > most || x[done] != x[done]) ? x[done] : most;
    over_elements(count, [&](std::size_t i, auto some) {
        some.write(y + i, exp_of_negative(sub(some.read(x + i), broadcast(most))));
    });
    const Vec sum = broadcast(sum_of<false>(y, count));
    over_elements(count, [&](std::size_t i, auto some) { some.write(y + i, div(some.read(y + i), sum)); });
}

void layer_norm_row(const LayerNormRow& row) {
    const float count = static_cast<float>(row.count);
    const Vec mean = broadcast(sum_of<false>(row.x, row.count) / count);
    over_elements(row.count, [&](std::size_t i, auto some) { some.write(row.y + i, sub(some.read(row.x + i), mean)); });
    const float variance = sum_of<true>(row.y, row.count) / count;
    const Vec deviation = square_root(add(broadcast(variance), broadcast(row.epsilon)));
    over_elements(row.count, [&](std::size_t i, auto some) {
        Vec y = div(some.read(row.y + i), deviation);
        if (row.scale != nullptr) y = mul(y, some.read(row.scale + i));
        if (row.bias != nullptr) y = add(y, some.read(row.bias + i));
        some.write(row.y + i, y);
    });
}
