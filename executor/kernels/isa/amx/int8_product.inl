// SPDX-License-Identifier: Apache-2.0
// Matrix product of bytes on AMX's tiles: 64 terms at a time, 32 rows against 32 columns. Behind simd.inl.

constexpr std::size_t amx_step = 64;
constexpr std::size_t tile_rows = 16;
/// Rows and columns of a block.
constexpr std::size_t block_side = 2 * tile_rows;
constexpr std::size_t block_size = block_side * block_side;

/// Tiles 0 to 3: sums; 4 and 5: rows of A; 6 and 7: columns of B.
struct Int8TileShapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
};

/// A block of sums on its way to the output.
struct Int8Block {
    const std::int32_t* sums = nullptr;
    std::size_t row = 0;
    /// Rows that another block has finished, and all of them.
    std::size_t skipped = 0;
    std::size_t rows = 0;
    std::size_t column = 0;
};

/// Calls `body(row of the block, row of C)` for those that are wanted.
template <class Body>
inline void over_rows(const Int8Product& p, const Int8Block& block, const Body& body) {
    for (std::size_t r = block.skipped; r < block.rows; ++r) {
        const std::size_t row = block.row + r;
        if (p.rows_of_c == nullptr) {
            body(r, row);
        } else if (p.rows_of_c[row] >= 0) {
            body(r, static_cast<std::size_t>(p.rows_of_c[row]));
        }
    }
}

template <class Finish>
inline void finish_block(const Int8Product& p, const Finish finish, const Int8Block& block) {
    const std::int32_t* const sums = block.sums;
    const std::size_t column = block.column;
    const std::size_t columns = p.columns - column;
    if (columns >= block_side) {
        over_rows(p, block, [&](std::size_t r, std::size_t row) {
            finish(load_ints(sums + r * block_side), row, column, WholeVector{});
            finish(load_ints(sums + r * block_side + lanes), row, column + lanes, WholeVector{});
        });
    } else {
        over_rows(p, block, [&](std::size_t r, std::size_t row) {
            finish(load_ints(sums + r * block_side), row, column, columns < lanes ? columns : lanes);
            if (columns <= lanes) return;
            finish(load_ints(sums + r * block_side + lanes), row, column + lanes, columns - lanes);
        });
    }
}

/// Fetches what comes after a block into a second-level cache: a piece of the next columns of B, and, of sums that are
/// taken in parts, a piece of the next part of the block's rows of A.
inline void fetch_ahead(const Int8Product& p, const Int8Block& block, std::size_t index, std::size_t row_blocks) {
    constexpr std::size_t line = 64;
    const std::size_t steps = (p.segment_length + amx_step - 1) / amx_step * p.segment_count;
    const std::size_t bytes = steps * amx_step * lanes;
    if (p.partial == nullptr || bytes < 4096) return;
    const std::size_t next = block.column + block_side;
    const std::size_t from = bytes / line * index / row_blocks;
    const std::size_t to = bytes / line * (index + 1) / row_blocks;
    for (std::size_t v = 0; v < 2; ++v) {
        // Behind the last columns comes the next part of the first ones.
        const bool last = next + v * lanes >= p.columns;
        if (last && p.ends) continue;
        const std::int8_t* b = last ? p.b + bytes + v * p.b_stride : p.b + (next / lanes + v) * p.b_stride;
        for (std::size_t i = from; i < to; ++i) _mm_prefetch(reinterpret_cast<const char*>(b + i * line), _MM_HINT_T1);
    }
    if (p.ends) return;
    const std::size_t lines = (p.segment_length + line - 1) / line;
    const std::size_t first = lines * block.column / p.columns;
    const std::size_t end = lines * (next < p.columns ? next : p.columns) / p.columns;
    for (std::size_t r = 0; r < block.rows; ++r) {
        const std::uint8_t* a = p.a + (block.row + r) * p.lda + p.segment_length;
        for (std::size_t i = first; i < end; ++i) {
            _mm_prefetch(reinterpret_cast<const char*>(a + i * line), _MM_HINT_T1);
        }
    }
}

constexpr std::size_t sums_bytes = block_side * sizeof(std::int32_t);

template <bool TwoRows, bool TwoColumns>
inline void read_sums(const std::int32_t* sums) {
    _tile_loadd(0, sums, sums_bytes);
    if constexpr (TwoColumns) _tile_loadd(1, sums + tile_rows, sums_bytes);
    if constexpr (TwoRows) _tile_loadd(2, sums + tile_rows * block_side, sums_bytes);
    if constexpr (TwoRows && TwoColumns) _tile_loadd(3, sums + tile_rows * block_side + tile_rows, sums_bytes);
}

template <bool TwoRows, bool TwoColumns>
inline void write_sums(std::int32_t* sums) {
    _tile_stored(0, sums, sums_bytes);
    if constexpr (TwoColumns) _tile_stored(1, sums + tile_rows, sums_bytes);
    if constexpr (TwoRows) _tile_stored(2, sums + tile_rows * block_side, sums_bytes);
    if constexpr (TwoRows && TwoColumns) _tile_stored(3, sums + tile_rows * block_side + tile_rows, sums_bytes);
}

template <bool TwoRows, bool TwoColumns>
inline void multiply_block(const Int8Product& p, std::size_t row, std::size_t column) {
    const std::size_t bytes = p.segment_length < amx_step ? p.segment_length : amx_step;
    const std::size_t b_step = bytes * lanes;
    const std::int8_t* b = p.b + column / lanes * p.b_stride;
    constexpr std::size_t line = 64;
    for (std::size_t s = 0; s < p.segment_count; ++s) {
        const std::uint8_t* const a = p.a + row * p.lda + p.segments[s];
        for (std::size_t k = 0; k < p.segment_length; k += amx_step, b += b_step) {
            const std::size_t at = k + bytes <= p.segment_length ? k : p.segment_length - bytes;
            _tile_loadd(6, b, line);
            _tile_loadd(4, a + at, p.lda);
            _tile_dpbusd(0, 4, 6);
            if constexpr (TwoColumns) {
                _tile_loadd(7, b + p.b_stride, line);
                _tile_dpbusd(1, 4, 7);
            }
            if constexpr (TwoRows) {
                _tile_loadd(5, a + at + tile_rows * p.lda, p.lda);
                _tile_dpbusd(2, 5, 6);
                if constexpr (TwoColumns) _tile_dpbusd(3, 5, 7);
            }
        }
    }
}

inline void zero_sums() {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/// Some rows and columns, from the first term to the last; `sums` gets them.
template <bool TwoRows, bool TwoColumns>
inline void compute_block(const Int8Product& p, std::size_t row, std::size_t column, std::int32_t* sums) {
    if (p.adds) {
        read_sums<TwoRows, TwoColumns>(sums);
    } else {
        zero_sums();
    }
    multiply_block<TwoRows, TwoColumns>(p, row, column);
    write_sums<TwoRows, TwoColumns>(sums);
}

inline void compute_block(const Int8Product& p, std::size_t row, std::size_t rows, std::size_t column,
                          std::int32_t* sums) {
    const bool two_columns = p.columns - column > lanes;
    if (rows > tile_rows) {
        two_columns ? compute_block<true, true>(p, row, column, sums)
                    : compute_block<true, false>(p, row, column, sums);
    } else {
        two_columns ? compute_block<false, true>(p, row, column, sums)
                    : compute_block<false, false>(p, row, column, sums);
    }
}

/// The last block of several starts so much earlier that its tiles are full.
inline Int8Block block_of(const Int8Product& p, std::size_t index, std::size_t column) {
    Int8Block block;
    block.row = index * block_side;
    block.column = column;
    const std::size_t left = p.rows - block.row;
    block.rows = left < block_side ? left : block_side;
    if (index > 0 && block.rows < block_side) {
        const std::size_t full = block.rows <= tile_rows ? tile_rows : block_side;
        block.skipped = full - block.rows;
        block.row -= block.skipped;
        block.rows = full;
    }
    return block;
}

template <class Finish>
void multiply_on_tiles(const Int8Product& p, const Finish& finish) {
    alignas(64) std::int32_t sums[2][block_size];
    const std::size_t row_blocks = (p.rows + block_side - 1) / block_side;
    const std::size_t column_blocks = (p.columns + block_side - 1) / block_side;
    // The processor multiplies on tiles while it finishes the block before.
    Int8Block waiting;
    std::size_t turn = 0;
    for (std::size_t column = 0; column < column_blocks; ++column) {
        for (std::size_t index = 0; index < row_blocks; ++index, ++turn) {
            Int8Block block = block_of(p, index, column * block_side);
            std::int32_t* const to =
                p.partial == nullptr ? sums[turn % 2] : p.partial + (index * column_blocks + column) * block_size;
            compute_block(p, block.row, block.rows, block.column, to);
            fetch_ahead(p, block, index, row_blocks);
            if (!p.ends) continue;
            if (waiting.sums != nullptr) finish_block(p, finish, waiting);
            block.sums = to;
            waiting = block;
        }
    }
    if (waiting.sums != nullptr) finish_block(p, finish, waiting);
}

void int8_product_on_tiles(const Int8Product& p) {
    alignas(64) Int8TileShapes shapes;
    const std::size_t bytes = p.segment_length < amx_step ? p.segment_length : amx_step;
    const std::size_t first = p.rows < tile_rows ? p.rows : tile_rows;
    const std::size_t left = p.rows - first;
    const std::size_t second = left == 0 || p.rows >= block_side ? tile_rows : left;
    for (std::size_t tile = 0; tile < 8; ++tile) {
        const bool of_a = tile == 4 || tile == 5;
        shapes.row_bytes[tile] = static_cast<std::uint16_t>(of_a ? bytes : 64);
        const bool lower = tile == 2 || tile == 3 || tile == 5;
        shapes.rows[tile] = static_cast<std::uint8_t>(tile >= 6 ? bytes / 4 : lower ? second : first);
    }
    _tile_loadconfig(&shapes);
    with_finish(p.finish, [&](const auto& finish) { multiply_on_tiles(p, finish); });
    _tile_release();
}
