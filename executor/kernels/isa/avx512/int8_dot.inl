// SPDX-License-Identifier: Apache-2.0
// Sums of four products of bytes by AVX-512 without VNNI: widened to 16 bits, since vpmaddubsw would saturate there.

struct Left {
    __m512i even;
    __m512i odd;
};
struct Right {
    __m512i even;
    __m512i odd;
};

inline Left left(Int bytes) { return {_mm512_and_si512(bytes, _mm512_set1_epi16(0xFF)), _mm512_srli_epi16(bytes, 8)}; }
inline Left left(std::uint32_t four_bytes) { return left(_mm512_set1_epi32(static_cast<int>(four_bytes))); }
inline Right right(const std::int8_t* b) {
    const __m512i bytes = _mm512_loadu_si512(b);
    return {_mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8), _mm512_srai_epi16(bytes, 8)};
}
/// acc + Σ a·b over each lane's four bytes, a unsigned, b signed.
inline Int dot(Int acc, const Left& a, const Right& b) {
    const __m512i sums = _mm512_add_epi32(_mm512_madd_epi16(a.even, b.even), _mm512_madd_epi16(a.odd, b.odd));
    return _mm512_add_epi32(acc, sums);
}
