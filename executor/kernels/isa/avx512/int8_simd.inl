// SPDX-License-Identifier: Apache-2.0
// Vectors of 32-bit integers in AVX-512, and what brings bytes in and out. Behind simd.inl.

using Int = __m512i;
constexpr std::size_t int8_rows = 8;
constexpr bool int8_sums_apart = false;

inline Int zero_ints() { return _mm512_setzero_si512(); }
inline Int load_ints(const std::int32_t* p) { return _mm512_loadu_si512(p); }
inline void store_ints(std::int32_t* p, Int x) { _mm512_storeu_si512(p, x); }
inline Int add_ints(Int a, Int b) { return _mm512_add_epi32(a, b); }
inline Int broadcast_int(std::int32_t x) { return _mm512_set1_epi32(x); }
inline Vec to_floats(Int x) { return _mm512_cvtepi32_ps(x); }
/// To the nearest integer, halves to even.
inline Int to_ints(Vec x) { return _mm512_cvtps_epi32(x); }
/// The first `count` (≤ lanes) bytes, each as an integer; others are 0 and their memory is not touched.
inline Int load_bytes(const std::uint8_t* p, std::size_t count) {
    if (count == lanes) return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_lanes(count), p));
}
/// Integers from 0 to 255 as bytes.
inline void store_bytes(std::uint8_t* p, Int x, std::size_t count) {
    const __m128i bytes = _mm512_cvtepi32_epi8(x);
    if (count == lanes) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
    } else {
        _mm_mask_storeu_epi8(p, first_lanes(count), bytes);
    }
}
/// For each of `lanes` channels its bytes from four rows.
inline Int interleave(const std::uint8_t* const (&rows)[4]) {
    const auto row = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[i])); };
    __m512i x = _mm512_castsi128_si512(row(0));
    x = _mm512_inserti32x4(x, row(1), 1);
    x = _mm512_inserti32x4(x, row(2), 2);
    x = _mm512_inserti32x4(x, row(3), 3);
    const __m512i fours = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const __m512i turned = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(fours, x), turned);
}
