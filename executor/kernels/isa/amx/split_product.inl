// SPDX-License-Identifier: Apache-2.0
// Products on tiles of bfloat16 (AMX), from floats that are split into two or three parts each.

constexpr std::size_t depth = SplitKernels::depth;
constexpr std::size_t tile_size = SplitKernels::rows * depth;
template <std::size_t Parts>
constexpr std::size_t step_size = Parts* tile_size;

/// The upper half of a float's bits: 8 of its 24 significant ones, and itself a bfloat16 number.
inline __m512i upper(__m512i bits) { return _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(0xffff0000U))); }
inline Vec minus(Vec x, __m512i part) { return sub(x, _mm512_castsi512_ps(part)); }

inline __mmask16 not_finite(Vec x) {
    constexpr int nans_and_infinities = 0x01 | 0x08 | 0x10 | 0x80;
    return _mm512_fpclass_ps_mask(x, nans_and_infinities);
}

/// 32 neighbours of a row, cut off to 8 bits three times, which loses nothing; or rounded to them twice, so that what
/// is lost has either sign.
template <std::size_t Parts>
inline void split_neighbours(Vec x, Vec y, std::size_t part_stride, std::uint16_t* split) {
    alignas(64) static constexpr std::uint16_t upper_halves[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21,
                                                                   23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43,
                                                                   45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    const __m512i halves = _mm512_load_si512(upper_halves);
    const __m512i rounding = _mm512_set1_epi32(Parts == 2 ? 0x8000 : 0);
#pragma GCC unroll 3
    for (std::size_t part = 0; part < Parts; ++part) {
        const __m512i xs = _mm512_add_epi32(_mm512_castps_si512(x), rounding);
        const __m512i ys = _mm512_add_epi32(_mm512_castps_si512(y), rounding);
        _mm512_storeu_si512(split + part * part_stride, _mm512_permutex2var_epi16(xs, halves, ys));
        x = minus(x, upper(xs));
        y = minus(y, upper(ys));
    }
}

template <std::size_t Parts>
void split_row(const float* row, std::size_t k, std::size_t part_stride, std::size_t step_stride,
               std::uint16_t* split) {
    std::size_t i = 0;
    for (; i + depth <= k; i += depth, split += step_stride) {
        split_neighbours<Parts>(load(row + i), load(row + i + lanes), part_stride, split);
    }
    if (i == k) return;
    const std::size_t left = k - i;
    split_neighbours<Parts>(load_some(row + i, left), left > lanes ? load_some(row + i + lanes, left - lanes) : zero(),
                            part_stride, split);
}

/// Two rows of B, a pair of k for each column. The parts are rounded to nearest, so that what is left out of the
/// products has either sign and does not add up. In two parts, an infinity and zero make an infinity again.
template <std::size_t Parts>
inline void split_pair(Vec x, Vec y, std::uint16_t* split) {
    const __m512i half = _mm512_set1_epi32(0x8000);
    for (std::size_t part = 0; part < Parts; ++part) {
        const __m512i xs = upper(_mm512_add_epi32(_mm512_castps_si512(x), half));
        const __m512i ys = upper(_mm512_add_epi32(_mm512_castps_si512(y), half));
        _mm512_storeu_si512(split + part * tile_size, _mm512_or_si512(_mm512_srli_epi32(xs, 16), ys));
        x = minus(x, xs);
        y = minus(y, ys);
        if constexpr (Parts == 2) {
            x = _mm512_maskz_mov_ps(static_cast<__mmask16>(~not_finite(_mm512_castsi512_ps(xs))), x);
            y = _mm512_maskz_mov_ps(static_cast<__mmask16>(~not_finite(_mm512_castsi512_ps(ys))), y);
        }
    }
}

template <std::size_t Parts>
void split_panel(const float* b, std::size_t k, std::size_t vectors, std::uint16_t* split) {
    const std::size_t width = vectors * lanes;
    for (std::size_t step = 0; step < k; step += depth) {
        for (std::size_t v = 0; v < vectors; ++v, split += step_size<Parts>) {
            const float* from = b + v * lanes;
            for (std::size_t pair = 0; pair < depth / 2; ++pair) {
                const std::size_t row = step + 2 * pair;
                split_pair<Parts>(row < k ? load(from + row * width) : zero(),
                                  row + 1 < k ? load(from + (row + 1) * width) : zero(), split + pair * 2 * lanes);
            }
        }
    }
}

/// Row k of a vector of columns of a panel that is kept in two parts: their sums.
inline Vec join_parts(const std::uint16_t* panel, std::size_t k, std::size_t vectors, std::size_t vector) {
    const std::uint16_t* pair = panel + (k / depth * vectors + vector) * step_size<2> + k % depth / 2 * 2 * lanes;
    const auto part = [&](std::size_t i) {
        const __m512i both = _mm512_loadu_si512(pair + i * tile_size);
        return _mm512_castsi512_ps(k % 2 == 0 ? _mm512_slli_epi32(both, 16) : upper(both));
    };
    return add(part(0), part(1));
}

/// The sums of 16 rows and some vectors of columns. Of products of three parts they are in two pieces, [2, 16, 2 ·
/// lanes]; of two parts [16, 4 · lanes].
template <std::size_t Parts>
constexpr std::size_t most_vectors = Parts == 2 ? 4 : 2;
template <std::size_t Parts>
constexpr std::size_t sums_stride = most_vectors<Parts>* lanes;
constexpr std::size_t sums_piece = SplitKernels::rows * sums_stride<3>;
using Sums = float[4 * SplitKernels::rows * lanes];
constexpr std::size_t calls_per_step = 4;

/// One vector of C as plain multiply-adds make it: for what a split cannot express, infinities above all.
template <std::size_t Parts>
[[gnu::noinline]] Vec multiply_plainly(const SplitProduct& p, std::size_t row, std::size_t vector) {
    const float* a = p.a + row * p.lda;
    const float* b = p.b + vector * lanes;
    Vec sum = zero();
    for (std::size_t k = 0; k < p.k; ++k) {
        if constexpr (Parts == 2) {
            sum = fma(broadcast(a[k]), join_parts(reinterpret_cast<const std::uint16_t*>(p.b), k, p.vectors, vector),
                      sum);
        } else {
            sum = fma(broadcast(a[k]), load(b + k * p.vectors * lanes), sum);
        }
    }
    return sum;
}

/// Takes a row of sums further: adds what was summed before, and keeps it, or, if it `Ends`, turns it into a row of C.
template <std::size_t Parts, bool Ends, Activation A, std::size_t Vectors>
struct RowFinisher {
    const SplitProduct& p;
    /// The first vector of columns.
    std::size_t vector;

    void operator()(std::size_t row, const float* sums) const {
        float* partial = p.partial + (row * p.vectors + vector) * lanes;
        Vec x[Vectors];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) {
            x[v] = load(sums + v * lanes);
            if constexpr (Parts == 3) x[v] = add(x[v], load(sums + sums_piece + v * lanes));
            if (p.adds) x[v] = add(load(partial + v * lanes), x[v]);
            if constexpr (!Ends) store(partial + v * lanes, x[v]);
        }
        if constexpr (Ends) write(row, x);
    }

    void write(std::size_t row, Vec (&x)[Vectors]) const {
        std::size_t to = row;
        if (p.rows_of_c != nullptr) {
            if (p.rows_of_c[row] < 0) return;
            to = static_cast<std::size_t>(p.rows_of_c[row]);
        }
#pragma GCC unroll 4
        for (std::size_t v = 0; v < Vectors; ++v) {
            const std::size_t column = (vector + v) * lanes;
            const std::size_t count = p.columns - column < lanes ? p.columns - column : lanes;
            const __mmask16 lost = not_finite(x[v]);
            if (lost != 0 && p.a != nullptr) {
                x[v] = _mm512_mask_mov_ps(x[v], lost, multiply_plainly<Parts>(p, row, vector + v));
            }
            if (p.bias != nullptr) x[v] = add(x[v], load(p.bias + column));
            if (p.residual != nullptr) {
                x[v] = add(x[v], load_some(p.residual + to * p.residual_stride + column, count));
            }
            store_some(p.c + to * p.ldc + column, activate<A>(x[v]), count);
        }
    }
};

constexpr std::size_t line = 64;

/// The sums of 16 rows and one or two vectors of columns, in two tiles each, so that none is needed again before it is
/// ready. `meanwhile` is called four times a step: a tile's product leaves the rest of the core time for a row of the
/// last sums.
template <std::size_t Vectors, class F>
inline void add_products_of_three(const SplitProduct& p, const std::uint16_t* a, const std::uint16_t* b,
                                  F&& meanwhile) {
    const std::size_t stride = p.vectors * step_size<3>;
    const std::uint16_t* b1 = b + step_size<3>;
    for (std::size_t s = 0; s < p.steps; ++s, a += p.step_stride, b += stride, b1 += stride) {
        _tile_loadd(6, b, line);
        _tile_loadd(4, a + 2 * p.part_stride, line);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (Vectors == 2) {
            _tile_loadd(7, b1, line);
            _tile_dpbf16ps(1, 4, 7);
        }
        _tile_loadd(5, a + p.part_stride, line);
        _tile_dpbf16ps(2, 5, 6);
        if constexpr (Vectors == 2) _tile_dpbf16ps(3, 5, 7);
        meanwhile();
        _tile_loadd(4, a, line);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (Vectors == 2) _tile_dpbf16ps(1, 4, 7);
        meanwhile();
        _tile_loadd(6, b + 2 * tile_size, line);
        _tile_dpbf16ps(2, 4, 6);
        if constexpr (Vectors == 2) {
            _tile_loadd(7, b1 + 2 * tile_size, line);
            _tile_dpbf16ps(3, 4, 7);
        }
        meanwhile();
        _tile_loadd(6, b + tile_size, line);
        _tile_dpbf16ps(0, 5, 6);
        if constexpr (Vectors == 2) {
            _tile_loadd(7, b1 + tile_size, line);
            _tile_dpbf16ps(1, 5, 7);
        }
        _tile_dpbf16ps(2, 4, 6);
        if constexpr (Vectors == 2) _tile_dpbf16ps(3, 4, 7);
        meanwhile();
    }
}

/// The same for two parts and up to four vectors, each in one tile.
template <std::size_t Vectors, class F>
inline void add_products_of_two(const SplitProduct& p, const std::uint16_t* a, const std::uint16_t* b, F&& meanwhile) {
    constexpr std::size_t next = step_size<2>;
    for (std::size_t s = 0; s < p.steps; ++s, a += p.step_stride, b += p.vectors * next) {
        // A is in a second-level cache: the next step's part of it, a few lines at a time.
        const std::uint16_t* ahead = a + p.step_stride;
        const auto fetch = [&ahead] {
            for (std::size_t i = 0; i < step_size<2> / calls_per_step; i += depth) __builtin_prefetch(ahead + i);
            ahead += step_size<2> / calls_per_step;
        };
        _tile_loadd(4, a, line);
        _tile_loadd(5, a + p.part_stride, line);
        _tile_loadd(6, b, line);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (Vectors > 1) {
            _tile_loadd(7, b + next, line);
            _tile_dpbf16ps(1, 4, 7);
        }
        if constexpr (Vectors > 2) {
            _tile_loadd(6, b + 2 * next, line);
            _tile_dpbf16ps(2, 4, 6);
        }
        meanwhile();
        fetch();
        if constexpr (Vectors > 3) {
            _tile_loadd(7, b + 3 * next, line);
            _tile_dpbf16ps(3, 4, 7);
        }
        _tile_loadd(6, b, line);
        _tile_dpbf16ps(0, 5, 6);
        if constexpr (Vectors > 1) {
            _tile_loadd(7, b + next, line);
            _tile_dpbf16ps(1, 5, 7);
        }
        meanwhile();
        fetch();
        if constexpr (Vectors > 2) {
            _tile_loadd(6, b + 2 * next, line);
            _tile_dpbf16ps(2, 5, 6);
        }
        if constexpr (Vectors > 3) {
            _tile_loadd(7, b + 3 * next, line);
            _tile_dpbf16ps(3, 5, 7);
        }
        _tile_loadd(6, b + tile_size, line);
        _tile_dpbf16ps(0, 4, 6);
        meanwhile();
        fetch();
        if constexpr (Vectors > 1) {
            _tile_loadd(7, b + next + tile_size, line);
            _tile_dpbf16ps(1, 4, 7);
        }
        if constexpr (Vectors > 2) {
            _tile_loadd(6, b + 2 * next + tile_size, line);
            _tile_dpbf16ps(2, 4, 6);
        }
        if constexpr (Vectors > 3) {
            _tile_loadd(7, b + 3 * next + tile_size, line);
            _tile_dpbf16ps(3, 4, 7);
        }
        meanwhile();
        fetch();
    }
}

template <std::size_t Parts, std::size_t Vectors, class F>
inline void multiply_tiles(const SplitProduct& p, const std::uint16_t* a, const std::uint16_t* b, Sums& sums,
                           F&& meanwhile) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if constexpr (Parts == 2) {
        add_products_of_two<Vectors>(p, a, b, meanwhile);
    } else {
        add_products_of_three<Vectors>(p, a, b, meanwhile);
    }
    constexpr std::size_t stride = sums_stride<Parts> * sizeof(float);
    constexpr std::size_t third = Parts == 2 ? 2 * lanes : sums_piece;
    _tile_stored(0, sums, stride);
    if constexpr (Vectors > 1) _tile_stored(1, sums + lanes, stride);
    if constexpr (Vectors > 2 || Parts == 3) _tile_stored(2, sums + third, stride);
    if constexpr (Vectors > 3 || (Vectors > 1 && Parts == 3)) _tile_stored(3, sums + third + lanes, stride);
}

/// All rows of C and some vectors of columns.
template <std::size_t Parts, bool Ends, Activation A, std::size_t Vectors>
void multiply_columns(const SplitProduct& p, std::size_t vector) {
    alignas(64) Sums sums[2];
    const RowFinisher<Parts, Ends, A, Vectors> finish{p, vector};
    const std::uint16_t* const b = p.split_b + vector * step_size<Parts>;
    const std::size_t blocks = (p.rows + SplitKernels::rows - 1) / SplitKernels::rows;
    std::size_t finished = 0;
    // A few lines at a time: more than a core can wait for at once would hold up the tiles.
    std::size_t fetched = vector == 0 ? 0 : p.next_floats;
    const std::size_t calls = blocks * p.steps * calls_per_step;
    const std::size_t fetch_at_once = (p.next_floats + calls * lanes - 1) / (calls * lanes) * lanes;
    for (std::size_t block = 0; block < blocks; ++block) {
        const std::size_t ready = block * SplitKernels::rows;
        const float* const last = sums[(block + 1) % 2];
        const auto finish_a_row = [&] {
            if (finished == ready) return;
            finish(finished, last + finished % SplitKernels::rows * sums_stride<Parts>);
            ++finished;
        };
        const auto meanwhile = [&] {
            finish_a_row();
            const std::size_t fetch_to = std::min(fetched + fetch_at_once, p.next_floats);
            for (; fetched < fetch_to; fetched += lanes) _mm_prefetch(p.next + fetched, _MM_HINT_T1);
        };
        multiply_tiles<Parts, Vectors>(p, p.split_a + block * p.tile_stride, b, sums[block % 2], meanwhile);
        while (finished != ready) finish_a_row();
    }
    const float* const last = sums[(blocks + 1) % 2];
    for (; finished < p.rows; ++finished) finish(finished, last + finished % SplitKernels::rows * sums_stride<Parts>);
}

template <std::size_t Parts, std::size_t Vectors>
inline void multiply_columns(const SplitProduct& p, std::size_t vector) {
    if (!p.ends) {
        multiply_columns<Parts, false, Activation::none, Vectors>(p, vector);
        return;
    }
    with_activation(p.activation, [&]<Activation A>() { multiply_columns<Parts, true, A, Vectors>(p, vector); });
}

/// Eight tiles of 16 rows of 64 bytes.
struct TileShapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

template <std::size_t Parts>
void multiply_split(const SplitProduct& p) {
    alignas(64) static constexpr TileShapes shapes;
    _tile_loadconfig(&shapes);
    for (std::size_t v = 0; v < p.vectors; v += most_vectors<Parts>) {
        switch (std::min(p.vectors - v, most_vectors<Parts>)) {
        case 1: multiply_columns<Parts, 1>(p, v); break;
        case 2: multiply_columns<Parts, 2>(p, v); break;
        case 3: multiply_columns<Parts, most_vectors<Parts> == 4 ? 3 : 2>(p, v); break;
        default: multiply_columns<Parts, most_vectors<Parts>>(p, v);
        }
    }
    _tile_release();
}
