// SPDX-License-Identifier: Apache-2.0
// Matrix product of bytes in registers: four terms at a time, `Rows` rows against one or two vectors of columns.

constexpr std::size_t int8_step = 4;
/// Rows and columns of a block of partial sums.
constexpr std::size_t partial_side = 32;

inline std::uint32_t four_bytes(const std::uint8_t* p) {
    std::uint32_t four;
    __builtin_memcpy(&four, p, sizeof(four));
    return four;
}

/// The sums of a tile; `partial` is where those of the terms before are, if `adds`.
template <std::size_t Rows, std::size_t Vectors>
[[gnu::always_inline]] inline void int8_tile_sums(const Int8Product& p, std::size_t row, std::size_t column,
                                                  const std::int32_t* partial, std::size_t stride,
                                                  Int (&acc)[Rows][Vectors]) {
    const std::int8_t* b = p.b + column / lanes * p.b_stride;
#pragma GCC unroll 8
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
        for (std::size_t v = 0; v < Vectors; ++v)
            acc[r][v] = p.adds ? load_ints(partial + r * stride + v * lanes) : zero_ints();
    }
    for (std::size_t s = 0; s < p.segment_count; ++s) {
        const std::uint8_t* const a = p.a + row * p.lda + p.segments[s];
        for (std::size_t k = 0; k < p.segment_length; k += int8_step, b += int8_step * lanes) {
            const std::size_t at = k + int8_step <= p.segment_length ? k : p.segment_length - int8_step;
            Right bs[Vectors];
#pragma GCC unroll 2
            for (std::size_t v = 0; v < Vectors; ++v) bs[v] = right(b + v * p.b_stride);
#pragma GCC unroll 8
            for (std::size_t r = 0; r < Rows; ++r) {
                const Left as = left(four_bytes(a + r * p.lda + at));
#pragma GCC unroll 2
                for (std::size_t v = 0; v < Vectors; ++v) acc[r][v] = dot(acc[r][v], as, bs[v]);
            }
        }
    }
}

template <std::size_t Rows, std::size_t Vectors>
[[gnu::noinline]] void int8_tile_sums_apart(const Int8Product& p, std::size_t row, std::size_t column,
                                            const std::int32_t* partial, std::size_t stride,
                                            Int (&acc)[Rows][Vectors]) {
    int8_tile_sums(p, row, column, partial, stride, acc);
}

template <std::size_t Rows, std::size_t Vectors, class Finish>
void int8_tile(const Int8Product& p, const Finish& finish, std::size_t row, std::size_t column) {
    const std::size_t stride = (p.columns + partial_side - 1) / partial_side * partial_side;
    std::int32_t* const partial = p.partial == nullptr ? nullptr : p.partial + row * stride + column;
    Int acc[Rows][Vectors];
    if constexpr (int8_sums_apart) {
        int8_tile_sums_apart(p, row, column, partial, stride, acc);
    } else {
        int8_tile_sums(p, row, column, partial, stride, acc);
    }
#pragma GCC unroll int8_finish_unroll
    for (std::size_t r = 0; r < Rows; ++r) {
        const bool dropped = p.rows_of_c != nullptr && p.rows_of_c[row + r] < 0;
        const std::size_t to =
            p.rows_of_c == nullptr || dropped ? row + r : static_cast<std::size_t>(p.rows_of_c[row + r]);
#pragma GCC unroll int8_finish_unroll
        for (std::size_t v = 0; v < Vectors; ++v) {
            const std::size_t first = column + v * lanes;
            if (!p.ends) {
                store_ints(partial + r * stride + v * lanes, acc[r][v]);
            } else if (!dropped) {
                const std::size_t count = p.columns - first;
                if (count >= lanes) {
                    finish(acc[r][v], to, first, WholeVector{});
                } else {
                    finish(acc[r][v], to, first, count);
                }
            }
        }
    }
}

template <std::size_t Vectors, class Finish>
void int8_columns(const Int8Product& p, const Finish& finish, std::size_t column) {
    std::size_t row = 0;
    for (; row + int8_rows <= p.rows; row += int8_rows) int8_tile<int8_rows, Vectors>(p, finish, row, column);
    for (; row + 2 <= p.rows; row += 2) int8_tile<2, Vectors>(p, finish, row, column);
    for (; row < p.rows; ++row) int8_tile<1, Vectors>(p, finish, row, column);
}

void int8_product(const Int8Product& p) {
    with_finish(p.finish, [&](const auto& finish) {
        std::size_t column = 0;
        for (; column + lanes < p.columns; column += 2 * lanes) int8_columns<2>(p, finish, column);
        if (column < p.columns) int8_columns<1>(p, finish, column);
    });
}
