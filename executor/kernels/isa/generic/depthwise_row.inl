// SPDX-License-Identifier: Apache-2.0
// One output row of a depthwise convolution, channels last.

/// Output columns computed together: every input vector that is loaded serves several of them.
constexpr std::size_t depthwise_columns = 8;

/// How many of `lanes` channels a step works on: all of them, or the last few of the row.
struct AllLanes {
    static Vec read(const float* p) { return load(p); }
    static void write(float* p, Vec x) { store(p, x); }
};
struct FirstLanes {
    std::size_t count;
    [[nodiscard]] Vec read(const float* p) const { return load_first(p, count); }
    void write(float* p, Vec x) const { store_first(p, x, count); }
};

/// `Columns` neighbouring outputs from `column` on, none of which reaches over the left or right edge; `Lanes` channels
/// from `c` on. Rows of the kernel that lie in the padding contribute nothing.
template <std::size_t KernelH, std::size_t KernelW, std::size_t Stride, std::size_t Columns, Activation A, class Lanes>
inline void depthwise_inside(const DepthwiseRow& row, std::size_t column, std::size_t c, Lanes some) {
    const std::size_t first = (column * Stride - row.pad_left) * row.x_stride + c;
    Vec acc[Columns];
    const Vec bias = load(row.bias + c);
#pragma GCC unroll 8
    for (std::size_t j = 0; j < Columns; ++j) acc[j] = bias;
    for (std::size_t kh = 0; kh < KernelH; ++kh) {
        if (row.rows[kh] == nullptr) continue;
        const float* x = row.rows[kh] + first;
        const float* w = row.weights + kh * KernelW * row.weight_stride + c;
        Vec taps[KernelW];
#pragma GCC unroll 8
        for (std::size_t kw = 0; kw < KernelW; ++kw) taps[kw] = load(w + kw * row.weight_stride);
#pragma GCC unroll 32
        for (std::size_t i = 0; i < (Columns - 1) * Stride + KernelW; ++i) {
            const Vec xi = some.read(x);
            x += row.x_stride;
#pragma GCC unroll 8
            for (std::size_t j = 0; j < Columns; ++j) {
                if (i >= j * Stride && i < j * Stride + KernelW) acc[j] = fma(xi, taps[i - j * Stride], acc[j]);
            }
        }
    }
    float* y = row.y + column * row.y_stride + c;
#pragma GCC unroll 8
    for (std::size_t j = 0; j < Columns; ++j) {
        acc[j] = activate<A>(acc[j]);
        some.write(y + j * row.y_stride, acc[j]);
    }
    if (row.sums != nullptr) {
        Vec sum = some.read(row.sums + c);
#pragma GCC unroll 8
        for (std::size_t j = 0; j < Columns; ++j) sum = add(sum, acc[j]);
        some.write(row.sums + c, sum);
    }
}

/// One output column anywhere, any kernel: taps that lie in the padding contribute nothing.
template <Activation A, class Lanes>
inline void depthwise_any(const DepthwiseRow& row, std::size_t column, std::size_t c, Lanes some) {
    // Columns of the input are counted from the start of the padding, so that nothing is negative.
    const std::size_t left = column * row.stride;
    Vec acc = load(row.bias + c);
    for (std::size_t kh = 0; kh < row.kernel_h; ++kh) {
        if (row.rows[kh] == nullptr) continue;
        const float* w = row.weights + kh * row.kernel_w * row.weight_stride + c;
        for (std::size_t kw = 0; kw < row.kernel_w; ++kw, w += row.weight_stride) {
            const std::size_t at = left + kw * row.dilation;
            if (at < row.pad_left || at - row.pad_left >= row.x_columns) continue;
            acc = fma(some.read(row.rows[kh] + (at - row.pad_left) * row.x_stride + c), load(w), acc);
        }
    }
    acc = activate<A>(acc);
    some.write(row.y + column * row.y_stride + c, acc);
    if (row.sums != nullptr) some.write(row.sums + c, add(some.read(row.sums + c), acc));
}

template <class F>
inline void over_channels(std::size_t channels, F&& body) {
    std::size_t c = 0;
    for (; c + lanes <= channels; c += lanes) body(c, AllLanes{});
    if (c < channels) body(c, FirstLanes{channels - c});
}

template <std::size_t KernelH, std::size_t KernelW, std::size_t Stride, Activation A>
void depthwise_row_of(const DepthwiseRow& row) {
    const auto any = [&](std::size_t column) {
        over_channels(row.channels, [&](std::size_t c, auto some) { depthwise_any<A>(row, column, c, some); });
    };
    std::size_t column = row.begin;
    if constexpr (KernelH > 0) {
        // The columns [first, last) reach over neither edge.
        const std::size_t first = (row.pad_left + Stride - 1) / Stride;
        const std::size_t reach = row.x_columns + row.pad_left;
        const std::size_t last = reach < KernelW ? 0 : (reach - KernelW) / Stride + 1;
        const std::size_t end = last < row.end ? last : row.end;
        for (; column < row.end && column < first; ++column) any(column);
        for (; column + depthwise_columns <= end; column += depthwise_columns) {
            over_channels(row.channels, [&](std::size_t c, auto some) {
                depthwise_inside<KernelH, KernelW, Stride, depthwise_columns, A>(row, column, c, some);
            });
        }
        for (; column + 3 <= end; column += 3) {
            over_channels(row.channels, [&](std::size_t c, auto some) {
                depthwise_inside<KernelH, KernelW, Stride, 3, A>(row, column, c, some);
            });
        }
    }
    for (; column < row.end; ++column) any(column);
}

void depthwise_row(const DepthwiseRow& row) {
    with_activation(row.activation, [&]<Activation A>() {
        const bool dense = row.dilation == 1 && row.kernel_h == row.kernel_w;
        const std::size_t kernel = dense ? row.kernel_h : 0;
        if (kernel == 3 && row.stride == 1) return depthwise_row_of<3, 3, 1, A>(row);
        if (kernel == 3 && row.stride == 2) return depthwise_row_of<3, 3, 2, A>(row);
        if (kernel == 5 && row.stride == 1) return depthwise_row_of<5, 5, 1, A>(row);
        if (kernel == 5 && row.stride == 2) return depthwise_row_of<5, 5, 2, A>(row);
        depthwise_row_of<0, 0, 0, A>(row);
    });
}
