// SPDX-License-Identifier: Apache-2.0
// Sums of four products of bytes by AVX-512 VNNI.

using Left = __m512i;
using Right = __m512i;

inline Left left(std::uint32_t four_bytes) { return _mm512_set1_epi32(static_cast<int>(four_bytes)); }
inline Left left(Int bytes) { return bytes; }
inline Right right(const std::int8_t* b) { return _mm512_loadu_si512(b); }
/// acc + Σ a·b over each lane's four bytes, a unsigned, b signed.
inline Int dot(Int acc, const Left& a, const Right& b) { return _mm512_dpbusd_epi32(acc, a, b); }
