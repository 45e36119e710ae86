// SPDX-License-Identifier: Apache-2.0
// One vector of floats in AVX2 and FMA. Included inside an anonymous namespace, so nothing here is seen by another
// translation unit that may be compiled for less.

using Vec = __m256;
constexpr std::size_t lanes = 8;
constexpr bool fuses = true;
constexpr std::size_t registers = 16;
constexpr std::size_t largest_tile_rows = 6;

inline __m256i first_lanes(std::size_t count) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), index);
}

inline Vec zero() { return _mm256_setzero_ps(); }
inline Vec broadcast(float x) { return _mm256_set1_ps(x); }
inline Vec load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, Vec x) { _mm256_storeu_ps(p, x); }
/// The first `count` (< lanes) floats; the other lanes are 0 and their memory is not touched.
inline Vec load_first(const float* p, std::size_t count) { return _mm256_maskload_ps(p, first_lanes(count)); }
inline void store_first(float* p, Vec x, std::size_t count) { _mm256_maskstore_ps(p, first_lanes(count), x); }
/// a·b + c
inline Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
inline Vec add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
inline Vec sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
inline Vec mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
inline Vec div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
/// a > b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec max_or_second(Vec a, Vec b) { return _mm256_max_ps(a, b); }
/// a < b ? a : b, so a NaN in b (but not in a) is kept.
inline Vec min_or_second(Vec a, Vec b) { return _mm256_min_ps(a, b); }
/// The larger; NaN if either is NaN.
inline Vec max_or_nan(Vec a, Vec b) {
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
/// To the nearest integer, ties to even.
inline Vec round_to_integer(Vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
/// 2^n for integers n in [-126, 127].
inline Vec power_of_two(Vec n) {
    const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
/// x[index[0]], x[index[1]], …
inline Vec gather(const float* x, const std::int32_t* index) {
    __m256i at;
    __builtin_memcpy(&at, index, sizeof(at));
    return _mm256_i32gather_ps(x, at, 4);
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
inline Vec square_root(Vec x) { return _mm256_sqrt_ps(x); }
/// a < b ? x : y
inline Vec where_less(Vec a, Vec b, Vec x, Vec y) { return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ)); }
inline Vec absolute(Vec x) { return _mm256_andnot_ps(broadcast(-0.F), x); }
/// |x| with the sign of `sign`.
inline Vec with_sign(Vec x, Vec sign) { return _mm256_or_ps(absolute(x), _mm256_and_ps(broadcast(-0.F), sign)); }
