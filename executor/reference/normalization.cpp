// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/broadcast.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>

namespace detect::reference {

namespace {

/// y = (x - mean) / sqrt(variance + epsilon) · scale + bias, per channel (axis 1)
Result<void> batch_normalization(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const std::int64_t channels = dims.rank() > 1 ? dims[1] : 1;
    const std::int64_t size = dims.rank() > 2 ? extent(dims, 2, dims.rank()) : 1;
    const double epsilon = context.node().float_or("epsilon", 1e-5F);
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const auto parameter = [&](std::size_t input, std::int64_t channel) {
            return static_cast<double>(context.input(input).data<T>()[static_cast<std::size_t>(channel)]);
        };
        const T* x = context.input(0).data<T>().data();
        T* y = output->mutable_data<T>().data();
        if (output->element_count() == 0) return {};
        for (std::int64_t plane = 0; plane < output->element_count() / size; ++plane) {
            const std::int64_t c = plane % channels;
            const double factor = parameter(1, c) / std::sqrt(parameter(4, c) + epsilon);
            const double offset = parameter(2, c) - parameter(3, c) * factor;
            for (std::int64_t i = 0; i < size; ++i) *y++ = static_cast<T>(static_cast<double>(*x++) * factor + offset);
        }
        return {};
    });
}

struct Moments {
    double mean = 0.0;
    double variance = 0.0;
};

template <class T>
Moments moments(std::span<const T> values) {
    Moments result;
    const auto count = static_cast<double>(values.size());
    for (const T value : values) result.mean += static_cast<double>(value);
    result.mean /= count;
    for (const T value : values) {
        const double difference = static_cast<double>(value) - result.mean;
        result.variance += difference * difference;
    }
    result.variance /= count;
    return result;
}

/// Each channel of each image by its own mean and variance.
Result<void> instance_normalization(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const auto size = static_cast<std::size_t>(extent(dims, 2, dims.rank()));
    const auto channels = static_cast<std::size_t>(dims[1]);
    const double epsilon = context.node().float_or("epsilon", 1e-5F);
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const auto x = context.input(0).data<T>();
        const auto y = output->mutable_data<T>();
        for (std::size_t start = 0; start < x.size(); start += size) {
            const std::size_t c = start / size % channels;
            const Moments m = moments(x.subspan(start, size));
            const double factor = static_cast<double>(context.input(1).data<T>()[c]) / std::sqrt(m.variance + epsilon);
            const auto bias = static_cast<double>(context.input(2).data<T>()[c]);
            for (std::size_t i = start; i < start + size; ++i) {
                y[i] = static_cast<T>((static_cast<double>(x[i]) - m.mean) * factor + bias);
            }
        }
        return {};
    });
}

Result<void> store_statistics(KernelContext& context, std::size_t index, const Dims& dims,
                              const std::vector<double>& values) {
    if (!context.wants_output(index)) return {};
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(index, DataType::float32, dims));
    std::ranges::transform(values, output->mutable_data<float>().begin(),
                           [](double value) { return static_cast<float>(value); });
    return {};
}

Result<void> layer_normalization(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::size_t axis = from_front(context.node().int_or("axis", -1), dims.rank());
    const auto size = static_cast<std::size_t>(extent(dims, axis, dims.rank()));
    const auto rows = static_cast<std::size_t>(extent(dims, 0, axis));
    const double epsilon = context.node().float_or("epsilon", 1e-5F);
    std::vector<double> means(rows);
    std::vector<double> inverses(rows);
    DETECT_TRY(dispatch(context, input.type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const auto x = input.data<T>();
        const auto y = output->mutable_data<T>();
        for (std::size_t row = 0; row < rows; ++row) {
            const Moments m = moments(x.subspan(row * size, size));
            means[row] = m.mean;
            inverses[row] = 1.0 / std::sqrt(m.variance + epsilon);
            for (std::size_t i = row * size; i < (row + 1) * size; ++i) {
                y[i] = static_cast<T>((static_cast<double>(x[i]) - m.mean) * inverses[row]);
            }
        }
        T* const result = y.data();
        const Tensor& scale = context.input(1);
        broadcast_binary(dims, result, dims, result, scale.dims(), scale.data<T>().data(), std::multiplies<>{});
        if (!context.has_input(2)) return {};
        const Tensor& bias = context.input(2);
        broadcast_binary(dims, result, dims, result, bias.dims(), bias.data<T>().data(), std::plus<>{});
        return {};
    }));
    Dims statistics = dims;
    for (std::size_t i = axis; i < dims.rank(); ++i) statistics[i] = 1;
    DETECT_TRY(store_statistics(context, 1, statistics, means));
    return store_statistics(context, 2, statistics, inverses);
}

/// Local response normalisation across channels: x / (bias + alpha/size · Σ neighbours²)^beta.
Result<void> local_response(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const std::int64_t inner = extent(dims, 2, dims.rank());
    const std::int64_t channels = dims[1];
    const std::int64_t size = context.node().int_or("size", 1);
    const double alpha = context.node().float_or("alpha", 1e-4F);
    const double beta = context.node().float_or("beta", 0.75F);
    const double bias = context.node().float_or("bias", 1.0F);
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const auto x = context.input(0).data<T>();
        const auto y = output->mutable_data<T>();
        for (std::size_t i = 0; i < x.size(); ++i) {
            const auto position = static_cast<std::int64_t>(i);
            const std::int64_t c = position / inner % channels;
            double sum = 0.0;
            const std::int64_t last = std::min(channels - 1, c + size / 2);
            for (std::int64_t k = std::max<std::int64_t>(0, c - (size - 1) / 2); k <= last; ++k) {
                const auto neighbour = static_cast<double>(x[static_cast<std::size_t>(position + (k - c) * inner)]);
                sum += neighbour * neighbour;
            }
            y[i] = static_cast<T>(static_cast<double>(x[i]) /
                                  std::pow(bias + alpha / static_cast<double>(size) * sum, beta));
        }
        return {};
    });
}

/// x / ‖x‖ along one axis; a line of zeros stays zero.
Result<void> lp_normalization(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const std::size_t axis = from_front(context.node().int_or("axis", -1), dims.rank());
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    const bool absolute = context.node().int_or("p", 2) == 1;
    if (output->element_count() == 0) return {};
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        for (std::int64_t line = 0; line < output->element_count() / dims[axis]; ++line) {
            const std::int64_t start = line / inner * dims[axis] * inner + line % inner;
            const T* const x = context.input(0).data<T>().data() + start;
            T* const y = output->mutable_data<T>().data() + start;
            double norm = 0.0;
            for (std::int64_t k = 0; k < dims[axis]; ++k) {
                const auto value = static_cast<double>(x[k * inner]);
                norm += absolute ? std::fabs(value) : value * value;
            }
            if (!absolute) norm = std::sqrt(norm);
            for (std::int64_t k = 0; k < dims[axis]; ++k) {
                y[k * inner] = norm == 0.0 ? T{0} : static_cast<T>(static_cast<double>(x[k * inner]) / norm);
            }
        }
        return {};
    });
}

/// (x - mean) / sqrt(variance) over the given axes.
Result<void> mean_variance(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const auto* given = context.node().attribute<std::vector<std::int64_t>>("axes");
    Dims kept = dims;
    for (const std::int64_t axis : given != nullptr ? *given : std::vector<std::int64_t>{0, 2, 3}) {
        kept[from_front(axis, dims.rank())] = 1;
    }
    const auto groups = static_cast<std::size_t>(extent(kept, 0, kept.rank()));
    if (output->element_count() == 0) return {};
    const double count = static_cast<double>(output->element_count()) / static_cast<double>(groups);
    const BroadcastLoop<1> loop(dims, {&kept});
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* const x = context.input(0).data<T>().data();
        T* const y = output->mutable_data<T>().data();
        const auto for_each = [&](auto&& body) {
            loop.run([&](std::int64_t at, const auto& offset, std::int64_t length, const auto& step) {
                for (std::int64_t i = 0; i < length; ++i)
                    body(at + i, static_cast<std::size_t>(offset[0] + i * step[0]));
            });
        };
        std::vector<double> mean(groups, 0.0);
        std::vector<double> variance(groups, 0.0);
        for_each([&](std::int64_t i, std::size_t group) { mean[group] += static_cast<double>(x[i]) / count; });
        for_each([&](std::int64_t i, std::size_t group) {
            const double difference = static_cast<double>(x[i]) - mean[group];
            variance[group] += difference * difference / count;
        });
        constexpr double epsilon = 1e-9;
        for_each([&](std::int64_t i, std::size_t group) {
            y[i] = static_cast<T>((static_cast<double>(x[i]) - mean[group]) / (std::sqrt(variance[group]) + epsilon));
        });
        return {};
    });
}

} // namespace

std::vector<KernelEntry> normalization_kernels() {
    return {
        {"BatchNormalization", batch_normalization},
        {"InstanceNormalization", instance_normalization},
        {"LRN", local_response},
        {"LayerNormalization", layer_normalization},
        {"LpNormalization", lp_normalization},
        {"MeanVarianceNormalization", mean_variance},
    };
}

} // namespace detect::reference
