// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/windows.h"

#include <Eigen/Core>

#include <algorithm>

namespace detect::reference {

namespace {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>>;
template <class T>
using StridedMap = Eigen::Map<Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using ConstStridedMap = Eigen::Map<const Matrix<T>, Eigen::Unaligned, Eigen::OuterStride<>>;

/// Calls body(first, count) for the output columns of a tap: those whose input column lies inside the input.
struct ColumnRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};
ColumnRange columns_inside(const Window& window, std::int64_t tap, std::int64_t input, std::int64_t output) {
    const std::int64_t shift = tap * window.dilation - window.pad_begin;
    const std::int64_t first = shift >= 0 ? 0 : (-shift + window.stride - 1) / window.stride;
    const std::int64_t last = input - shift <= 0 ? 0 : (input - shift - 1) / window.stride + 1;
    return {std::min(first, output), std::clamp(last, std::min(first, output), output)};
}

/// One line of the matrix of patches: what one tap of the kernel meets over output rows [first, last), where a row is
/// one line of output columns. Outside the input it meets zeros.
template <class T>
void gather_tap(const Sliding& slide, const T* channel, const std::array<std::int64_t, 3>& tap, std::int64_t first,
                std::int64_t last, T* target) {
    const auto [d, h, w] = slide.window;
    const ColumnRange columns = columns_inside(w, tap[2], slide.input[2], slide.output[2]);
    for (std::int64_t row = first; row < last; ++row, target += slide.output[2]) {
        const std::int64_t z = row / slide.output[1] * d.stride - d.pad_begin + tap[0] * d.dilation;
        const std::int64_t y = row % slide.output[1] * h.stride - h.pad_begin + tap[1] * h.dilation;
        const bool inside = z >= 0 && z < slide.input[0] && y >= 0 && y < slide.input[1];
        if (!inside) {
            std::fill_n(target, slide.output[2], T{0});
            continue;
        }
        std::fill_n(target, columns.first, T{0});
        const T* const line = channel + (z * slide.input[1] + y) * slide.input[2] + tap[2] * w.dilation - w.pad_begin;
        for (std::int64_t x = columns.first; x < columns.last; ++x) target[x] = line[x * w.stride];
        std::fill(target + columns.last, target + slide.output[2], T{0});
    }
}

/// Output rows per tile, so that a tile's patches stay within a few megabytes.
std::int64_t rows_per_tile(const Sliding& slide, std::int64_t patch) {
    constexpr std::int64_t elements = std::int64_t{1} << 20;
    return std::max<std::int64_t>(1, elements / std::max<std::int64_t>(1, patch * slide.output[2]));
}

/// One image and group as matrix products: weight [outputs, channels × taps] times patches, tile by tile.
template <class T>
void convolve_by_patches(const Sliding& slide, const T* input, const T* weight, T* output, std::int64_t channels,
                         std::int64_t outputs, std::vector<T>& patches) {
    const std::int64_t patch = channels * slide.kernel_size();
    const std::int64_t rows = slide.output[0] * slide.output[1];
    const std::int64_t tile = rows_per_tile(slide, patch);
    const ConstMap<T> weights(weight, outputs, patch);
    for (std::int64_t first = 0; first < rows; first += tile) {
        const std::int64_t last = std::min(first + tile, rows);
        const std::int64_t columns = (last - first) * slide.output[2];
        patches.resize(static_cast<std::size_t>(patch * columns));
        T* target = patches.data();
        for (std::int64_t c = 0; c < channels; ++c) {
            const T* const channel = input + c * slide.input_size();
            std::array<std::int64_t, 3> tap{};
            for (tap[0] = 0; tap[0] < slide.window[0].kernel; ++tap[0]) {
                for (tap[1] = 0; tap[1] < slide.window[1].kernel; ++tap[1]) {
                    for (tap[2] = 0; tap[2] < slide.window[2].kernel; ++tap[2], target += columns) {
                        gather_tap(slide, channel, tap, first, last, target);
                    }
                }
            }
        }
        const ConstMap<T> columns_map(patches.data(), patch, columns);
        StridedMap<T> result(output + first * slide.output[2], outputs, columns,
                             Eigen::OuterStride<>(slide.output_size()));
        result.noalias() = weights * columns_map;
    }
}

/// A group with one input channel (depthwise): every tap adds a shifted copy of it.
template <class T>
void convolve_channel(const Sliding& slide, const T* input, const T* weight, T* output) {
    const auto [d, h, w] = slide.window;
    std::fill_n(output, slide.output_size(), T{0});
    for (std::int64_t row = 0; row < slide.output[0] * slide.output[1]; ++row, output += slide.output[2]) {
        const std::int64_t z_start = row / slide.output[1] * d.stride - d.pad_begin;
        const std::int64_t y_start = row % slide.output[1] * h.stride - h.pad_begin;
        const TapRange z_taps = taps_inside(d, z_start, slide.input[0]);
        const TapRange y_taps = taps_inside(h, y_start, slide.input[1]);
        for (std::int64_t kz = z_taps.first; kz < z_taps.last; ++kz) {
            for (std::int64_t ky = y_taps.first; ky < y_taps.last; ++ky) {
                const std::int64_t z = z_start + kz * d.dilation;
                const std::int64_t y = y_start + ky * h.dilation;
                for (std::int64_t kx = 0; kx < w.kernel; ++kx) {
                    const T* const line =
                        input + (z * slide.input[1] + y) * slide.input[2] + kx * w.dilation - w.pad_begin;
                    const T factor = weight[(kz * h.kernel + ky) * w.kernel + kx];
                    const ColumnRange columns = columns_inside(w, kx, slide.input[2], slide.output[2]);
                    for (std::int64_t x = columns.first; x < columns.last; ++x)
                        output[x] += factor * line[x * w.stride];
                }
            }
        }
    }
}

/// A 1×1 kernel with stride 1 needs no patches: the image is the matrix.
bool is_pointwise(const Sliding& slide) {
    return std::ranges::all_of(slide.window, [](const Window& w) {
        return w.kernel == 1 && w.stride == 1 && w.pad_begin == 0 && w.pad_end == 0;
    });
}

template <class T>
void add_bias(T* plane, std::int64_t size, T bias) {
    for (std::int64_t i = 0; i < size; ++i) plane[i] += bias;
}

std::vector<std::int64_t> kernel_of(const Dims& weight) { return {weight.begin() + 2, weight.end()}; }

Result<void> convolution(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Tensor& weight = context.input(1);
    const Dims& in = input.dims();
    const Dims& out = output->dims();
    DETECT_TRY_ASSIGN(const Sliding slide, sliding(context, in, out, kernel_of(weight.dims())));
    const std::int64_t groups = context.node().int_or("group", 1);
    const std::int64_t channels = weight.dims()[1];
    const std::int64_t outputs = weight.dims()[0] / groups;
    if (output->element_count() == 0) return {};
    return dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        std::vector<T> patches;
        for (std::int64_t i = 0; i < in[0] * groups; ++i) {
            if (context.stopped()) return RunControl::stop_error();
            const T* const image = input.data<T>().data() + i * channels * slide.input_size();
            const T* const weights = weight.data<T>().data() + i % groups * outputs * channels * slide.kernel_size();
            T* const result = output->mutable_data<T>().data() + i * outputs * slide.output_size();
            if (channels == 1) {
                for (std::int64_t o = 0; o < outputs; ++o) {
                    convolve_channel(slide, image, weights + o * slide.kernel_size(), result + o * slide.output_size());
                }
            } else if (is_pointwise(slide)) {
                Eigen::Map<Matrix<T>>(result, outputs, slide.output_size()).noalias() =
                    ConstMap<T>(weights, outputs, channels) * ConstMap<T>(image, channels, slide.input_size());
            } else {
                convolve_by_patches(slide, image, weights, result, channels, outputs, patches);
            }
            if (!context.has_input(2)) continue;
            const T* const bias = context.input(2).data<T>().data() + i % groups * outputs;
            for (std::int64_t o = 0; o < outputs; ++o) {
                add_bias(result + o * slide.output_size(), slide.output_size(), bias[o]);
            }
        }
        return {};
    });
}

/// Adds one input element, times the kernel, to the output around it.
template <class T>
void spread(const Sliding& slide, const std::array<std::int64_t, 3>& at, T value, const T* weight, T* output) {
    std::array<std::int64_t, 3> start{};
    std::array<TapRange, 3> taps{};
    for (std::size_t i = 0; i < 3; ++i) {
        start[i] = at[i] * slide.window[i].stride - slide.window[i].pad_begin;
        taps[i] = taps_inside(slide.window[i], start[i], slide.output[i]);
    }
    for (std::int64_t kz = taps[0].first; kz < taps[0].last; ++kz) {
        for (std::int64_t ky = taps[1].first; ky < taps[1].last; ++ky) {
            for (std::int64_t kx = taps[2].first; kx < taps[2].last; ++kx) {
                const std::int64_t z = start[0] + kz * slide.window[0].dilation;
                const std::int64_t y = start[1] + ky * slide.window[1].dilation;
                const std::int64_t x = start[2] + kx * slide.window[2].dilation;
                const std::int64_t tap = (kz * slide.window[1].kernel + ky) * slide.window[2].kernel + kx;
                output[(z * slide.output[1] + y) * slide.output[2] + x] += value * weight[tap];
            }
        }
    }
}

template <class T>
void spread_channel(const Sliding& slide, const T* input, const T* weight, T* output) {
    std::array<std::int64_t, 3> at{};
    for (at[0] = 0; at[0] < slide.input[0]; ++at[0]) {
        for (at[1] = 0; at[1] < slide.input[1]; ++at[1]) {
            for (at[2] = 0; at[2] < slide.input[2]; ++at[2]) spread(slide, at, *input++, weight, output);
        }
    }
}

/// The geometry of a transposed convolution: windows sit on the output, their padding is what is cut off there.
Result<Sliding> transposed_sliding(const KernelContext& context, const Dims& input, const Dims& output,
                                   const Dims& weight) {
    const auto kernel = kernel_of(weight);
    DETECT_TRY_ASSIGN(Sliding slide, sliding(context, input, output, kernel));
    DETECT_TRY_ASSIGN(const WindowAttributes windows, window_attributes(context.node(), kernel.size(), kernel));
    for (std::size_t i = 0; i < kernel.size(); ++i) {
        DETECT_TRY_ASSIGN(const TransposedAxis axis, transposed_axis(context.node(), windows, i, input[i + 2]));
        slide.window[3 - kernel.size() + i].pad_begin = axis.pad_begin;
    }
    return slide;
}

Result<void> transposed_convolution(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Tensor& weight = context.input(1);
    DETECT_TRY_ASSIGN(const Sliding slide, transposed_sliding(context, input.dims(), output->dims(), weight.dims()));
    const std::int64_t groups = context.node().int_or("group", 1);
    const std::int64_t channels = weight.dims()[0] / groups;
    const std::int64_t outputs = weight.dims()[1];
    return dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        std::ranges::fill(output->mutable_data<T>(), T{0});
        for (std::int64_t i = 0; i < input.dims()[0] * groups; ++i) {
            for (std::int64_t o = 0; o < outputs; ++o) {
                if (context.stopped()) return RunControl::stop_error();
                T* const plane = output->mutable_data<T>().data() + (i * outputs + o) * slide.output_size();
                for (std::int64_t c = 0; c < channels; ++c) {
                    const T* const image = input.data<T>().data() + (i * channels + c) * slide.input_size();
                    const std::int64_t kernel = ((i % groups) * channels + c) * outputs + o;
                    spread_channel(slide, image, weight.data<T>().data() + kernel * slide.kernel_size(), plane);
                }
                if (!context.has_input(2)) continue;
                add_bias(plane, slide.output_size(),
                         context.input(2).data<T>()[static_cast<std::size_t>(i % groups * outputs + o)]);
            }
        }
        return {};
    });
}

} // namespace

std::vector<KernelEntry> convolution_kernels() {
    return {{"Conv", convolution}, {"ConvTranspose", transposed_convolution}};
}

} // namespace detect::reference
