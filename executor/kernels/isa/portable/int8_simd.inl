// SPDX-License-Identifier: Apache-2.0
// Vectors of four integers in plain C++, what brings bytes in and out, and sums of four products of bytes. Behind
// simd.inl.

using Int = std::int32_t __attribute__((vector_size(16)));
constexpr std::size_t int8_rows = 4;
/// Without registers for whole tiles nothing is won by code for each activation: it would be five times as much.
constexpr bool int8_sums_apart = true;

inline Int zero_ints() { return Int{0, 0, 0, 0}; }
inline Int load_ints(const std::int32_t* p) {
    Int x;
    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}
inline void store_ints(std::int32_t* p, Int x) { __builtin_memcpy(p, &x, sizeof(x)); }
inline Int add_ints(Int a, Int b) { return a + b; }
inline Int broadcast_int(std::int32_t x) { return Int{x, x, x, x}; }
inline Vec to_floats(Int x) { return __builtin_convertvector(x, Vec); }
/// To the nearest integer, halves to even, for |x| < 2^22.
inline Int to_ints(Vec x) { return __builtin_convertvector(round_to_integer(x), Int); }
/// The first `count` (≤ lanes) bytes, each as an integer; others are 0 and their memory is not touched.
inline Int load_bytes(const std::uint8_t* p, std::size_t count) {
    Int x = zero_ints();
    for (std::size_t i = 0; i < count; ++i) x[i] = p[i];
    return x;
}
/// Integers from 0 to 255 as bytes.
inline void store_bytes(std::uint8_t* p, Int x, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) p[i] = static_cast<std::uint8_t>(x[i]);
}

/// The four bytes of each lane, as integers.
struct Left {
    Int byte[4];
};
struct Right {
    Int byte[4];
};

/// For each of `lanes` channels its bytes from four rows.
inline Left interleave(const std::uint8_t* const (&rows)[4]) {
    Left x;
    for (std::size_t i = 0; i < 4; ++i) x.byte[i] = load_bytes(rows[i], lanes);
    return x;
}
inline Left left(const Left& bytes) { return bytes; }
inline Left left(std::uint32_t four_bytes) {
    unsigned char bytes[4];
    __builtin_memcpy(bytes, &four_bytes, sizeof(bytes));
    return {{broadcast_int(bytes[0]), broadcast_int(bytes[1]), broadcast_int(bytes[2]), broadcast_int(bytes[3])}};
}
inline Right right(const std::int8_t* b) {
    Right x;
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t lane = 0; lane < lanes; ++lane) x.byte[i][lane] = b[4 * lane + i];
    }
    return x;
}
/// acc + Σ a·b over each lane's four bytes, a unsigned, b signed.
inline Int dot(Int acc, const Left& a, const Right& b) {
    for (std::size_t i = 0; i < 4; ++i) acc += a.byte[i] * b.byte[i];
    return acc;
}
