// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cstring>

namespace detect::reference {

namespace {

/// Reshape, Flatten, Squeeze, Unsqueeze: the same elements under other sizes.
Result<void> reshape(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto outputs, infer_outputs(context));
    DETECT_TRY_ASSIGN(const Dims dims, known_dims(context, outputs.front()));
    context.set_output(0, context.input(0).reshaped(dims));
    return {};
}

Result<void> identity(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    context.set_output(0, context.input(0));
    return {};
}

/// At inference nothing is dropped, and the mask keeps everything.
Result<void> dropout(KernelContext& context) {
    DETECT_TRY(identity(context));
    if (!context.wants_output(1)) return {};
    DETECT_TRY_ASSIGN(Tensor* const mask, context.allocate(1, DataType::boolean, context.input(0).dims()));
    std::ranges::fill(mask->mutable_data<bool>(), true);
    return {};
}

Result<void> shape_of(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const auto rank = static_cast<std::int64_t>(dims.rank());
    const std::int64_t start = context.node().int_or("start", 0);
    const auto first = std::clamp(start < 0 ? start + rank : start, std::int64_t{0}, rank);
    const auto values = output->mutable_data<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = dims[static_cast<std::size_t>(first) + i];
    return {};
}

Result<void> size_of(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    output->mutable_data<std::int64_t>()[0] = context.input(0).element_count();
    return {};
}

Result<void> constant(KernelContext& context) {
    const Node& node = context.node();
    if (const auto* tensor = node.attribute<Tensor>("value")) {
        context.set_output(0, *tensor);
        return {};
    }
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    if (const auto* integers = node.attribute<std::vector<std::int64_t>>("value_ints")) {
        std::ranges::copy(*integers, output->mutable_data<std::int64_t>().begin());
    } else if (const auto* reals = node.attribute<std::vector<float>>("value_floats")) {
        std::ranges::copy(*reals, output->mutable_data<float>().begin());
    } else if (const auto* integer = node.attribute<std::int64_t>("value_int")) {
        output->mutable_data<std::int64_t>()[0] = *integer;
    } else {
        output->mutable_data<float>()[0] = node.float_or("value_float", 0.0F);
    }
    return {};
}

Result<void> constant_of_shape(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const auto* value = context.node().attribute<Tensor>("value");
    const auto target = output->mutable_bytes();
    if (value == nullptr) {
        std::ranges::fill(target, std::byte{0});
        return {};
    }
    const auto pattern = value->bytes();
    for (std::size_t at = 0; at < target.size(); at += pattern.size()) {
        std::memcpy(target.data() + at, pattern.data(), pattern.size());
    }
    return {};
}

Result<void> range(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    using Types = TypeList<float, double, std::int16_t, std::int32_t, std::int64_t>;
    return dispatch(context, output->type(), Types{}, [&]<class T>() -> Result<void> {
        const T start = context.input(0).data<T>()[0];
        const T delta = context.input(2).data<T>()[0];
        const auto values = output->mutable_data<T>();
        for (std::size_t i = 0; i < values.size(); ++i) {
            if constexpr (std::is_integral_v<T>) {
                values[i] = static_cast<T>(static_cast<std::uint64_t>(start) + i * static_cast<std::uint64_t>(delta));
            } else {
                values[i] = start + static_cast<T>(i) * delta;
            }
        }
        return {};
    });
}

Result<void> eye_like(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    std::ranges::fill(output->mutable_bytes(), std::byte{0});
    const std::int64_t rows = output->dims()[0];
    const std::int64_t columns = output->dims()[1];
    const std::int64_t shift = context.node().int_or("k", 0);
    // A diagonal further out than the matrix is wide has no element.
    if (shift <= -rows || shift >= columns) return {};
    return dispatch(context, output->type(), NumberAndBoolTypes{}, [&]<class T>() -> Result<void> {
        const auto values = output->mutable_data<T>();
        for (std::int64_t row = std::max(-shift, std::int64_t{0}); row < rows && row + shift < columns; ++row) {
            values[static_cast<std::size_t>(row * columns + row + shift)] = T{1};
        }
        return {};
    });
}

} // namespace

std::vector<KernelEntry> shape_kernels() {
    return {
        {"Constant", constant}, {"ConstantOfShape", constant_of_shape},
        {"Dropout", dropout},   {"EyeLike", eye_like},
        {"Flatten", reshape},   {"Identity", identity},
        {"Range", range},       {"Reshape", reshape},
        {"Shape", shape_of},    {"Size", size_of},
        {"Squeeze", reshape},   {"Unsqueeze", reshape},
    };
}

} // namespace detect::reference
