// SPDX-License-Identifier: Apache-2.0
// Vectors of 32-bit integers in AVX2, what brings bytes in and out, and sums of four products of bytes: widened to 16
// bits, since vpmaddubsw would saturate there. Behind simd.inl.

using Int = __m256i;
constexpr std::size_t int8_rows = 4;
constexpr bool int8_sums_apart = false;

inline Int zero_ints() { return _mm256_setzero_si256(); }
inline Int load_ints(const std::int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline void store_ints(std::int32_t* p, Int x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x); }
inline Int add_ints(Int a, Int b) { return _mm256_add_epi32(a, b); }
inline Int broadcast_int(std::int32_t x) { return _mm256_set1_epi32(x); }
inline Vec to_floats(Int x) { return _mm256_cvtepi32_ps(x); }
/// To the nearest integer, halves to even.
inline Int to_ints(Vec x) { return _mm256_cvtps_epi32(x); }
/// The first `count` (≤ lanes) bytes, each as an integer; others are 0 and their memory is not touched.
inline Int load_bytes(const std::uint8_t* p, std::size_t count) {
    std::uint64_t bytes = 0;
    if (count == lanes) {
        __builtin_memcpy(&bytes, p, lanes);
    } else {
        for (std::size_t i = 0; i < count; ++i) bytes |= static_cast<std::uint64_t>(p[i]) << (8 * i);
    }
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(bytes)));
}
/// Integers from 0 to 255 as bytes.
inline void store_bytes(std::uint8_t* p, Int x, std::size_t count) {
    const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    const auto bytes = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_packus_epi16(words, words)));
    if (count == lanes) {
        __builtin_memcpy(p, &bytes, lanes);
    } else {
        for (std::size_t i = 0; i < count; ++i) p[i] = static_cast<std::uint8_t>(bytes >> (8 * i));
    }
}
/// For each of `lanes` channels its bytes from four rows.
inline Int interleave(const std::uint8_t* const (&rows)[4]) {
    const auto row = [&](int i) { return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(rows[i])); };
    const __m128i upper = _mm_unpacklo_epi8(row(0), row(1));
    const __m128i lower = _mm_unpacklo_epi8(row(2), row(3));
    return _mm256_set_m128i(_mm_unpackhi_epi16(upper, lower), _mm_unpacklo_epi16(upper, lower));
}

struct Left {
    __m256i even;
    __m256i odd;
};
struct Right {
    __m256i even;
    __m256i odd;
};

inline Left left(Int bytes) { return {_mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(bytes, 8)}; }
inline Left left(std::uint32_t four_bytes) { return left(_mm256_set1_epi32(static_cast<int>(four_bytes))); }
inline Right right(const std::int8_t* b) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
    return {_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
}
/// acc + Σ a·b over each lane's four bytes, a unsigned, b signed.
inline Int dot(Int acc, const Left& a, const Right& b) {
    const __m256i sums = _mm256_add_epi32(_mm256_madd_epi16(a.even, b.even), _mm256_madd_epi16(a.odd, b.odd));
    return _mm256_add_epi32(acc, sums);
}
