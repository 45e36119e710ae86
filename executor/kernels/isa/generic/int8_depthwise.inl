// SPDX-License-Identifier: Apache-2.0
// A row of a depthwise convolution of bytes: four rows of the kernel at a time, interleaved, so that a lane's four
// products belong to its channel. An interleaved column serves every window that it lies in.

/// The sums of `Columns` neighbouring outputs, for a vector of channels.
template <std::size_t Kernel, std::size_t Stride, std::size_t Columns>
[[gnu::always_inline]] inline void int8_depthwise_sums(const Int8DepthwiseRow& row, std::size_t column,
                                                       std::size_t channel, Int (&acc)[Columns]) {
    constexpr std::size_t fours = (Kernel + 3) / 4;
    const std::int8_t* w = row.weights + channel * fours * Kernel * 4;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < Columns; ++j) acc[j] = zero_ints();
#pragma GCC unroll 2
    for (std::size_t four = 0; four < fours; ++four, w += Kernel * lanes * 4) {
        Right taps[Kernel];
#pragma GCC unroll 5
        for (std::size_t k = 0; k < Kernel; ++k) taps[k] = right(w + k * lanes * 4);
        std::size_t at = column * Stride * row.x_stride + channel;
#pragma GCC unroll 32
        for (std::size_t i = 0; i < (Columns - 1) * Stride + Kernel; ++i, at += row.x_stride) {
            const std::uint8_t* const rows[4] = {row.rows[4 * four] + at, row.rows[4 * four + 1] + at,
                                                 row.rows[4 * four + 2] + at, row.rows[4 * four + 3] + at};
            const Left x = left(interleave(rows));
#pragma GCC unroll 8
            for (std::size_t j = 0; j < Columns; ++j) {
                if (i >= j * Stride && i < j * Stride + Kernel) acc[j] = dot(acc[j], x, taps[i - j * Stride]);
            }
        }
    }
}

template <std::size_t Kernel, std::size_t Stride, std::size_t Columns>
[[gnu::noinline]] void int8_depthwise_sums_apart(const Int8DepthwiseRow& row, std::size_t column, std::size_t channel,
                                                 Int (&acc)[Columns]) {
    int8_depthwise_sums<Kernel, Stride>(row, column, channel, acc);
}

template <std::size_t Kernel, std::size_t Stride, std::size_t Columns, class Finish, class Count>
inline void int8_depthwise_columns(const Int8DepthwiseRow& row, const Finish& finish, std::size_t column,
                                   std::size_t channel, Count count) {
    Int acc[Columns];
    if constexpr (int8_sums_apart) {
        int8_depthwise_sums_apart<Kernel, Stride>(row, column, channel, acc);
    } else {
        int8_depthwise_sums<Kernel, Stride>(row, column, channel, acc);
    }
    Int total = zero_ints();
#pragma GCC unroll int8_finish_unroll
    for (std::size_t j = 0; j < Columns; ++j) total = add_ints(total, finish(acc[j], column + j, channel, count));
    if (row.sums == nullptr) return;
    std::int32_t* const sums = row.sums + channel;
    if (count == lanes) {
        store_ints(sums, add_ints(load_ints(sums), total));
    } else {
        std::int32_t last[lanes];
        store_ints(last, total);
        for (std::size_t i = 0; i < count; ++i) sums[i] += last[i];
    }
}

template <std::size_t Kernel, std::size_t Stride, class Finish>
void int8_depthwise_of(const Int8DepthwiseRow& row, const Finish& finish) {
    std::size_t column = 0;
    const auto columns = [&]<std::size_t Columns>() {
        for (; column + Columns <= row.columns; column += Columns) {
            over_vectors(row.channels, [&](std::size_t c, auto some) {
                int8_depthwise_columns<Kernel, Stride, Columns>(row, finish, column, c, some);
            });
        }
    };
    columns.template operator()<8>();
    columns.template operator()<3>();
    columns.template operator()<1>();
}

void int8_depthwise(const Int8DepthwiseRow& row) {
    with_activation(row.finish.activation, [&]<Activation A>() {
        const RowFinish<A, true, true> finish(row.finish);
        if (row.kernel == 3 && row.stride == 1) return int8_depthwise_of<3, 1>(row, finish);
        if (row.kernel == 3) return int8_depthwise_of<3, 2>(row, finish);
        if (row.stride == 1) return int8_depthwise_of<5, 1>(row, finish);
        int8_depthwise_of<5, 2>(row, finish);
    });
}
