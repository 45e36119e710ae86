// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/windows.h"

#include <cmath>
#include <limits>

namespace detect::reference {

namespace {

/// What a window covers: taps and the input position of tap 0, on each axis.
struct Covered {
    std::array<TapRange, 3> taps{};
    std::array<std::int64_t, 3> start{};
};

/// Calls body(offset in the channel) for every input element a window covers, in row-major order.
template <class Body>
void for_each_covered(const Sliding& slide, const Covered& covered, Body&& body) {
    for (std::int64_t kz = covered.taps[0].first; kz < covered.taps[0].last; ++kz) {
        for (std::int64_t ky = covered.taps[1].first; ky < covered.taps[1].last; ++ky) {
            for (std::int64_t kx = covered.taps[2].first; kx < covered.taps[2].last; ++kx) {
                const std::int64_t z = covered.start[0] + kz * slide.window[0].dilation;
                const std::int64_t y = covered.start[1] + ky * slide.window[1].dilation;
                const std::int64_t x = covered.start[2] + kx * slide.window[2].dilation;
                body((z * slide.input[1] + y) * slide.input[2] + x);
            }
        }
    }
}

/// Calls body(output index, channel start, covered) for every window of every channel, unless the run is stopped.
template <class Body>
Result<void> for_each_window(const KernelContext& context, const Sliding& slide, std::int64_t channels, Body&& body) {
    std::int64_t index = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t position = 0; position < slide.output_size(); ++position) {
            const std::array<std::int64_t, 3> at = {position / (slide.output[1] * slide.output[2]),
                                                    position / slide.output[2] % slide.output[1],
                                                    position % slide.output[2]};
            Covered covered;
            for (std::size_t i = 0; i < 3; ++i) {
                covered.start[i] = at[i] * slide.window[i].stride - slide.window[i].pad_begin;
                covered.taps[i] = taps_inside(slide.window[i], covered.start[i], slide.input[i]);
            }
            if (context.stopped()) return RunControl::stop_error();
            body(index++, c * slide.input_size(), covered);
        }
    }
    return {};
}

Result<Sliding> pool_sliding(const KernelContext& context, const Dims& output) {
    const auto* kernel = context.node().attribute<std::vector<std::int64_t>>("kernel_shape");
    return sliding(context, context.input(0).dims(), output, *kernel);
}

/// Offsets that count columns first (storage_order = 1) run down the last two axes the other way round.
std::int64_t column_major(const Sliding& slide, std::int64_t offset) {
    const std::int64_t plane = slide.input[1] * slide.input[2];
    const std::int64_t rest = offset % plane;
    return offset / plane * plane + rest % slide.input[2] * slide.input[1] + rest / slide.input[2];
}

Result<void> max_pool(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    DETECT_TRY_ASSIGN(const Sliding slide, pool_sliding(context, output->dims()));
    const bool by_columns = context.node().int_or("storage_order", 0) != 0;
    std::int64_t* positions = nullptr;
    if (context.wants_output(1)) {
        DETECT_TRY_ASSIGN(Tensor* const indices, context.allocate(1, DataType::int64, output->dims()));
        positions = indices->mutable_data<std::int64_t>().data();
    }
    using Types = TypeList<float, double, std::uint8_t, std::int8_t>;
    return dispatch(context, input.type(), Types{}, [&]<class T>() -> Result<void> {
        const T* const data = input.data<T>().data();
        T* const result = output->mutable_data<T>().data();
        const T lowest =
            std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
        const std::int64_t channels = input.dims()[0] * input.dims()[1];
        return for_each_window(
            context, slide, channels, [&](std::int64_t index, std::int64_t channel, const Covered& covered) {
                T best = lowest;
                std::int64_t where = -1;
                for_each_covered(slide, covered, [&](std::int64_t offset) {
                    const T value = data[channel + offset];
                    if (where >= 0 && !(value > best) && value == value) return;
                    if (where >= 0 && best != best) return;
                    best = value;
                    where = offset;
                });
                result[index] = best;
                if (positions != nullptr) {
                    positions[index] = channel + (by_columns && where >= 0 ? column_major(slide, where) : where);
                }
            });
    });
}

/// How many elements of the padded input an axis of a window covers.
std::int64_t padded_taps(const Window& window, std::int64_t start, std::int64_t size) {
    const std::int64_t room = size + window.pad_end - start;
    return std::min(window.kernel, (room - 1) / window.dilation + 1);
}

Result<void> average_pool(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    DETECT_TRY_ASSIGN(const Sliding slide, pool_sliding(context, output->dims()));
    const bool counts_padding = context.node().int_or("count_include_pad", 0) != 0;
    return dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* const data = input.data<T>().data();
        T* const result = output->mutable_data<T>().data();
        const std::int64_t channels = input.dims()[0] * input.dims()[1];
        return for_each_window(context, slide, channels,
                               [&](std::int64_t index, std::int64_t channel, const Covered& covered) {
                                   double sum = 0.0;
                                   std::int64_t count = 0;
                                   for_each_covered(slide, covered, [&](std::int64_t offset) {
                                       sum += static_cast<double>(data[channel + offset]);
                                       ++count;
                                   });
                                   if (counts_padding) {
                                       count = 1;
                                       for (std::size_t i = 0; i < 3; ++i)
                                           count *= padded_taps(slide.window[i], covered.start[i], slide.input[i]);
                                   }
                                   result[index] = count > 0 ? static_cast<T>(sum / static_cast<double>(count)) : T{0};
                               });
    });
}

/// (Σ |x|^p)^(1/p) over each window.
Result<void> lp_pool(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    DETECT_TRY_ASSIGN(const Sliding slide, pool_sliding(context, output->dims()));
    const auto p = static_cast<double>(context.node().int_or("p", 2));
    return dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* const data = input.data<T>().data();
        T* const result = output->mutable_data<T>().data();
        const std::int64_t channels = input.dims()[0] * input.dims()[1];
        return for_each_window(context, slide, channels,
                               [&](std::int64_t index, std::int64_t channel, const Covered& covered) {
                                   double sum = 0.0;
                                   for_each_covered(slide, covered, [&](std::int64_t offset) {
                                       sum += std::pow(std::fabs(static_cast<double>(data[channel + offset])), p);
                                   });
                                   result[index] = static_cast<T>(std::pow(sum, 1.0 / p));
                               });
    });
}

/// One value per channel: result = finish(fold over all its elements).
template <class Fold>
Result<void> global_pool(KernelContext& context, Fold fold) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const std::int64_t size = extent(input.dims(), 2, input.dims().rank());
    return dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* channel = input.data<T>().data();
        for (T& value : output->mutable_data<T>()) {
            value = fold(channel, size);
            channel += size;
        }
        return {};
    });
}

Result<void> global_average_pool(KernelContext& context) {
    return global_pool(context, []<class T>(const T* channel, std::int64_t size) {
        double sum = 0.0;
        for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(channel[i]);
        return static_cast<T>(sum / static_cast<double>(size));
    });
}

Result<void> global_max_pool(KernelContext& context) {
    return global_pool(context, []<class T>(const T* channel, std::int64_t size) {
        T best = channel[0];
        for (std::int64_t i = 1; i < size; ++i)
            best = channel[i] > best || channel[i] != channel[i] ? channel[i] : best;
        return best;
    });
}

} // namespace

std::vector<KernelEntry> pooling_kernels() {
    return {
        {"AveragePool", average_pool},
        {"GlobalAveragePool", global_average_pool},
        {"GlobalMaxPool", global_max_pool},
        {"LpPool", lp_pool},
        {"MaxPool", max_pool},
    };
}

} // namespace detect::reference
