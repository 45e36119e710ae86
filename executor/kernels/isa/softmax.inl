// Softmax of one row.

/// e^x for x ≤ 0 (anything above counts as 0; and NaN, which stays NaN), within 1 unit in the last place or two. x =
/// n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial of degree 7 (remainder 2e-9 relative); then two
/// scalings by powers of two, so that results below the smallest normal float come out rounded, not flushed.
inline Vec exp_of_negative(Vec x) {
    // Below -104 the result is 0 in float.
    const Vec bounded = max_or_second(broadcast(-104.F), min_or_second(zero(), x));
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
