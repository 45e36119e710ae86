// SPDX-License-Identifier: Apache-2.0
// The register tile of the matrix product: `Rows` rows of A against one panel of `Vectors` vectors of B.

/// Rows a tile may have, by the vectors in its panel: as many accumulators as the registers hold beside one panel row
/// of B and one broadcast of A.
constexpr std::size_t max_rows(std::size_t vectors) {
    const std::size_t rows = (registers - 1 - vectors) / vectors;
    return rows < largest_tile_rows ? rows : largest_tile_rows;
}

/// Rows of B between the one in use and the one that is fetched into the first-level cache.
constexpr std::size_t rows_ahead = 16;
constexpr std::size_t line_floats = 16;

template <std::size_t Rows, std::size_t Vectors>
inline void finish_tile(const GemmTile& tile, Vec (&acc)[Rows][Vectors]) {
    const std::size_t last = tile.columns - (Vectors - 1) * lanes;
    if (tile.bias != nullptr) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) {
            const Vec bias = load(tile.bias + v * lanes);
#pragma GCC unroll 16
            for (std::size_t r = 0; r < Rows; ++r) acc[r][v] = add(acc[r][v], bias);
        }
    }
    if (tile.residual != nullptr) {
#pragma GCC unroll 16
        for (std::size_t r = 0; r < Rows; ++r) {
            const float* from = tile.residual + r * tile.residual_stride;
#pragma GCC unroll 4
            for (std::size_t v = 0; v < Vectors; ++v) {
                const std::size_t count = v + 1 < Vectors ? lanes : last;
                acc[r][v] = add(acc[r][v], load_some(from + v * lanes, count));
            }
        }
    }
    with_activation(tile.activation, [&]<Activation A>() {
#pragma GCC unroll 16
        for (std::size_t r = 0; r < Rows; ++r) {
            float* to = tile.c + r * tile.ldc;
#pragma GCC unroll 4
            for (std::size_t v = 0; v + 1 < Vectors; ++v) store(to + v * lanes, activate<A>(acc[r][v]));
            store_some(to + (Vectors - 1) * lanes, activate<A>(acc[r][Vectors - 1]), last);
        }
    });
}

/// acc += A·B for some k; b moves on to the next.
template <std::size_t Rows, std::size_t Vectors>
inline void multiply_rows(const float* const* rows, std::size_t first, std::size_t last, const float*& b,
                          Vec (&acc)[Rows][Vectors]) {
    for (std::size_t k = first; k < last; ++k) {
        Vec bk[Vectors];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) bk[v] = load(b + v * lanes);
            // Worth a tenth where B comes from a second-level cache or beyond. Past its end it does nothing.
#pragma GCC unroll 4
        for (std::size_t ahead = 0; ahead < Vectors * lanes; ahead += line_floats) {
            __builtin_prefetch(b + rows_ahead * Vectors * lanes + ahead);
        }
        b += Vectors * lanes;
#pragma GCC unroll 16
        for (std::size_t r = 0; r < Rows; ++r) {
            const Vec ak = broadcast(rows[r][k]);
#pragma GCC unroll 4
            for (std::size_t v = 0; v < Vectors; ++v) acc[r][v] = fma(ak, bk[v], acc[r][v]);
        }
    }
}

/// What accumulators start with.
template <std::size_t Rows, std::size_t Vectors>
inline void start_tile(const GemmTile& tile, bool from_c, Vec (&acc)[Rows][Vectors]) {
    const std::size_t last = tile.columns - (Vectors - 1) * lanes;
#pragma GCC unroll 16
    for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) {
            const std::size_t count = v + 1 < Vectors ? lanes : last;
            acc[r][v] = from_c ? load_some(tile.c + r * tile.ldc + v * lanes, count) : zero();
        }
    }
}

/// Sums of whole blocks, which the registers have no room for: the first-level cache has.
template <std::size_t Rows, std::size_t Vectors>
struct Totals {
    alignas(64) float sums[Rows][Vectors * lanes];

    void operator=(const Vec (&acc)[Rows][Vectors]) {
#pragma GCC unroll 16
        for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
            for (std::size_t v = 0; v < Vectors; ++v) store(&sums[r][v * lanes], acc[r][v]);
        }
    }
    void add_to(Vec (&acc)[Rows][Vectors]) const {
#pragma GCC unroll 16
        for (std::size_t r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
            for (std::size_t v = 0; v < Vectors; ++v) acc[r][v] = add(load(&sums[r][v * lanes]), acc[r][v]);
        }
    }
};

template <std::size_t Rows>
inline void set_rows(const GemmTile& tile, std::size_t segment, const float* (&rows)[Rows]) {
#pragma GCC unroll 16
    for (std::size_t r = 0; r < Rows; ++r) rows[r] = tile.a[segment * Rows + r];
}

template <std::size_t Rows, std::size_t Vectors>
inline void multiply_in_blocks(const GemmTile& tile, const float* b, Vec (&acc)[Rows][Vectors]) {
    const float* rows[Rows];
    set_rows(tile, 0, rows);
    Totals<Rows, Vectors> totals;
    start_tile(tile, tile.adds, acc);
    totals = acc;
    for (std::size_t first = 0; first < tile.segment_length; first += tile.block_length) {
        const std::size_t left = tile.segment_length - first;
        const bool ends = left <= tile.block_length;
        start_tile(tile, false, acc);
        multiply_rows(rows, first, ends ? tile.segment_length : first + tile.block_length, b, acc);
        totals.add_to(acc);
        if (!ends) totals = acc;
    }
}

template <std::size_t Rows, std::size_t Vectors>
void gemm_tile(const GemmTile& tile) {
    Vec acc[Rows][Vectors];
    const float* b = tile.b;
    if (tile.segment_length <= tile.block_length && !tile.adds) {
        const float* rows[Rows];
        set_rows(tile, 0, rows);
        start_tile(tile, false, acc);
        multiply_rows(rows, 0, tile.segment_length, b, acc);
    } else if (tile.block_length == 0) {
        start_tile(tile, tile.adds, acc);
        for (std::size_t s = 0; s < tile.segments; ++s) {
            const float* rows[Rows];
            set_rows(tile, s, rows);
            multiply_rows(rows, 0, tile.segment_length, b, acc);
        }
    } else {
        multiply_in_blocks(tile, b, acc);
    }
    finish_tile(tile, acc);
}

template <std::size_t Vectors, std::size_t... Index>
constexpr GemmTileKernels gemm_tiles_of(std::index_sequence<Index...>) {
    GemmTileKernels kernels{};
    ((kernels[Index + 1] = &gemm_tile<Index + 1, Vectors>), ...);
    return kernels;
}

constexpr std::array<GemmTileKernels, max_panel_vectors + 1> gemm_tiles{
    GemmTileKernels{}, gemm_tiles_of<1>(std::make_index_sequence<max_rows(1)>()),
    gemm_tiles_of<2>(std::make_index_sequence<max_rows(2)>()),
    gemm_tiles_of<3>(std::make_index_sequence<max_rows(3)>())};
