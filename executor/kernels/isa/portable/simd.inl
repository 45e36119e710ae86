// SPDX-License-Identifier: Apache-2.0
// One vector of four floats in the vector extension that GCC and Clang share (SSE2 on x86-64, NEON on ARM64).

using Vec = float __attribute__((vector_size(16)));
constexpr std::size_t lanes = 4;
constexpr bool fuses = false;
constexpr std::size_t registers = 16;
constexpr std::size_t largest_tile_rows = 6;

inline Vec zero() { return Vec{0.F, 0.F, 0.F, 0.F}; }
inline Vec broadcast(float x) { return Vec{x, x, x, x}; }
inline Vec load(const float* p) {
    Vec x;
    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}
inline void store(float* p, Vec x) { __builtin_memcpy(p, &x, sizeof(x)); }
/// The first `count` (< lanes) floats; the other lanes are 0 and their memory is not touched.
inline Vec load_first(const float* p, std::size_t count) {
    Vec x = zero();
    for (std::size_t i = 0; i < count; ++i) x[i] = p[i];
    return x;
}
inline void store_first(float* p, Vec x, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) p[i] = x[i];
}
/// a·b + c, rounded twice: not every processor has the fused form.
inline Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
inline Vec add(Vec a, Vec b) { return a + b; }
inline Vec sub(Vec a, Vec b) { return a - b; }
inline Vec mul(Vec a, Vec b) { return a * b; }
inline Vec div(Vec a, Vec b) { return a / b; }
/// a > b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec max_or_second(Vec a, Vec b) { return a > b ? a : b; }
/// a < b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec min_or_second(Vec a, Vec b) { return a < b ? a : b; }
/// The larger; NaN if either is NaN.
inline Vec max_or_nan(Vec a, Vec b) {
    const Vec larger = max_or_second(a, b);
    return a != a ? a : larger;
}
/// To the nearest integer, ties to even, for |x| < 2^22: adding 1.5·2^23 leaves no bits for a fraction.
inline Vec round_to_integer(Vec x) {
    const Vec shift = broadcast(12582912.F);
    const Vec rounded = (x + shift) - shift;
    return x != x ? x : rounded;
}
/// 2^n for integers n in [-126, 127].
inline Vec power_of_two(Vec n) {
    Vec result;
    for (std::size_t i = 0; i < lanes; ++i) {
        const std::int32_t bits = (n[i] == n[i] ? static_cast<std::int32_t>(n[i]) + 127 : 127) << 23;
        float value;
        __builtin_memcpy(&value, &bits, sizeof(value));
        result[i] = value;
    }
    return result;
}
/// x[index[0]], x[index[1]], …
inline Vec gather(const float* x, const std::int32_t* index) {
    return Vec{x[index[0]], x[index[1]], x[index[2]], x[index[3]]};
}
/// The same where every index is below `first` + `near_floats`.
constexpr std::int32_t near_floats = 0;
inline Vec gather_near(const float* x, const std::int32_t* index, std::int32_t /*first*/) { return gather(x, index); }
/// y = a[0], b[0], c[0], a[1], …
inline void store_interleaved(float* y, Vec a, Vec b, Vec c) {
    float parts[3][lanes];
    store(parts[0], a);
    store(parts[1], b);
    store(parts[2], c);
    for (std::size_t i = 0; i < lanes; ++i, y += 3) {
        for (std::size_t p = 0; p < 3; ++p) y[p] = parts[p][i];
    }
}
inline Vec square_root(Vec x) {
    for (std::size_t i = 0; i < lanes; ++i) x[i] = __builtin_sqrtf(x[i]);
    return x;
}
/// a < b ? x : y
inline Vec where_less(Vec a, Vec b, Vec x, Vec y) { return a < b ? x : y; }
inline Vec absolute(Vec x) {
    for (std::size_t i = 0; i < lanes; ++i) x[i] = __builtin_fabsf(x[i]);
    return x;
}
/// |x| with the sign of `sign`.
inline Vec with_sign(Vec x, Vec sign) {
    for (std::size_t i = 0; i < lanes; ++i) x[i] = __builtin_copysignf(x[i], sign[i]);
    return x;
}
