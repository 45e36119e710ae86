// SPDX-License-Identifier: Apache-2.0
// One vector of floats in AVX-512. Included inside an anonymous namespace, so nothing here is seen by another
// translation unit that may be compiled for less.

using Vec = __m512;
constexpr std::size_t lanes = 16;
constexpr bool fuses = true;
constexpr std::size_t registers = 32;
constexpr std::size_t largest_tile_rows = 14;

inline __mmask16 first_lanes(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1U); }

inline Vec zero() { return _mm512_setzero_ps(); }
inline Vec broadcast(float x) { return _mm512_set1_ps(x); }
inline Vec load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, Vec x) { _mm512_storeu_ps(p, x); }
/// The first `count` (< lanes) floats; the other lanes are 0 and their memory is not touched.
inline Vec load_first(const float* p, std::size_t count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }
inline void store_first(float* p, Vec x, std::size_t count) { _mm512_mask_storeu_ps(p, first_lanes(count), x); }
/// a·b + c
inline Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
inline Vec add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
/// a > b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec max_or_second(Vec a, Vec b) { return _mm512_max_ps(a, b); }
/// a < b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec min_or_second(Vec a, Vec b) { return _mm512_min_ps(a, b); }
/// The larger; NaN if either is NaN.
inline Vec max_or_nan(Vec a, Vec b) {
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}
/// To the nearest integer, ties to even.
inline Vec round_to_integer(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// 2^n for integers n in [-126, 127].
inline Vec power_of_two(Vec n) {
    const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}
/// x[index[0]], x[index[1]], …
inline Vec gather(const float* x, const std::int32_t* index) {
    return _mm512_i32gather_ps(_mm512_loadu_si512(index), x, 4);
}
/// The same where every index is below `first` + `near_floats`; so many floats from `first` on can be read.
constexpr std::int32_t near_floats = 32;
inline Vec gather_near(const float* x, const std::int32_t* index, std::int32_t first) {
    const __m512i near = _mm512_sub_epi32(_mm512_loadu_si512(index), _mm512_set1_epi32(first));
    return _mm512_permutex2var_ps(load(x + first), near, load(x + first + lanes));
}
/// Where the floats of three interleaved vectors come from: lanes of a or (from 16 on) b, and, where the mask says so,
/// of c.
struct Interleaving {
    alignas(64) std::int32_t of_a_and_b[3][lanes]{};
    alignas(64) std::int32_t of_c[3][lanes]{};
    __mmask16 is_c[3]{};
};
constexpr Interleaving interleaving = [] {
    Interleaving result;
    for (std::size_t j = 0; j < 3 * lanes; ++j) {
        const std::size_t v = j / lanes;
        const auto lane = static_cast<std::int32_t>(j / 3);
        result.of_a_and_b[v][j % lanes] = j % 3 == 1 ? lane + static_cast<std::int32_t>(lanes) : lane;
        result.of_c[v][j % lanes] = lane;
        if (j % 3 == 2) result.is_c[v] = static_cast<__mmask16>(result.is_c[v] | (1U << j % lanes));
    }
    return result;
}();
/// y = a[0], b[0], c[0], a[1], …
inline void store_interleaved(float* y, Vec a, Vec b, Vec c) {
#pragma GCC unroll 3
    for (std::size_t v = 0; v < 3; ++v) {
        const __m512i of_c = _mm512_load_si512(interleaving.of_c[v]);
        const Vec ab = _mm512_permutex2var_ps(a, _mm512_load_si512(interleaving.of_a_and_b[v]), b);
        store(y + v * lanes, _mm512_mask_permutexvar_ps(ab, interleaving.is_c[v], of_c, c));
    }
}
inline Vec square_root(Vec x) { return _mm512_sqrt_ps(x); }
/// a < b ? x : y
inline Vec where_less(Vec a, Vec b, Vec x, Vec y) {
    return _mm512_mask_mov_ps(y, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), x);
}
inline Vec absolute(Vec x) { return _mm512_andnot_ps(broadcast(-0.F), x); }
/// |x| with the sign of `sign`.
inline Vec with_sign(Vec x, Vec sign) { return _mm512_or_ps(absolute(x), _mm512_and_ps(broadcast(-0.F), sign)); }
