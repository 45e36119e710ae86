// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "graph/geometry.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"
#include "graph/operators/window_attributes.h"

namespace detect {

using namespace rules;

namespace {

/// The size of one spatial axis after sliding a window over it.
Result<Dim> slid_size(const ShapeContext& context, const WindowAttributes& windows, std::size_t axis, const Dim& size,
                      bool ceil_mode) {
    const Window& window = windows.axes[axis];
    const std::int64_t span = (window.kernel - 1) * window.dilation + 1;
    if (!size.size) {
        const bool same = windows.auto_pad == AutoPad::same_upper || windows.auto_pad == AutoPad::same_lower;
        const bool unchanged = same || window.pad_begin + window.pad_end + 1 == span;
        return window.stride == 1 && unchanged ? size : Dim{};
    }
    const auto count = window_count(resolve_padding(window, windows.auto_pad, *size.size), *size.size, ceil_mode);
    if (!count) {
        return context.error("a window of " + std::to_string(span) + " does not fit spatial axis " +
                             std::to_string(axis) + " of size " + std::to_string(*size.size) + " with its padding");
    }
    return Dim(*count);
}

Result<WindowAttributes> read_windows(const ShapeContext& context, std::size_t spatial_rank,
                                      std::span<const std::int64_t> kernel) {
    auto windows = window_attributes(context.node(), spatial_rank, kernel);
    if (!windows) return context.error(windows.error().message);
    return windows;
}

/// The kernel sizes: the attribute, or the weight's spatial sizes. Empty if neither is known.
Result<std::vector<std::int64_t>> kernel_sizes(const ShapeContext& context, const std::optional<Shape>& weight) {
    const auto* given = context.node().attribute<std::vector<std::int64_t>>("kernel_shape");
    std::vector<std::int64_t> sizes;
    if (given != nullptr) sizes = *given;
    if (!weight) return sizes;
    if (given != nullptr && given->size() + 2 != weight->size()) {
        return context.error("'kernel_shape' does not fit weight " + to_string(weight));
    }
    for (std::size_t i = 2; i < weight->size(); ++i) {
        const auto& size = (*weight)[i].size;
        if (given == nullptr) {
            if (!size) return std::vector<std::int64_t>{};
            sizes.push_back(*size);
        } else if (size && *size != (*given)[i - 2]) {
            return context.error("'kernel_shape' does not fit weight " + to_string(weight));
        }
    }
    return sizes;
}

Result<void> check_operands(const ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_same_type(context, 0, 2));
    DETECT_TRY(require_rank(context, 2, 1));
    const auto& input = context.input(0).shape;
    const auto& weight = context.input(1).shape;
    if (input && (input->size() < 3 || input->size() > Dims::max_rank)) {
        return context.error("input is " + to_string(input) + ", expected [batch, channels, sizes...]");
    }
    if (weight && weight->size() < 3) return context.error("weight is " + to_string(weight));
    if (input && weight && input->size() != weight->size()) {
        return context.error("input " + to_string(input) + " and weight " + to_string(weight) + " differ in rank");
    }
    const std::int64_t groups = context.node().int_or("group", 1);
    if (groups < 1) return context.error("group is " + std::to_string(groups));
    return {};
}

Result<void> convolution(ShapeContext& context) {
    DETECT_TRY(check_operands(context));
    const auto& input = context.input(0).shape;
    const auto& weight = context.input(1).shape;
    const auto& bias = context.input(2).shape;
    const std::int64_t groups = context.node().int_or("group", 1);
    DETECT_TRY_ASSIGN(const auto kernel, kernel_sizes(context, weight));
    if (!input) {
        context.set_output(0, context.input(0).type,
                           weight ? std::optional(unknown_shape(weight->size())) : std::nullopt);
        return {};
    }
    Shape output(input->size());
    output[0] = (*input)[0];
    if (weight) {
        const auto& outputs = (*weight)[0].size;
        const auto& inputs_per_group = (*weight)[1].size;
        const auto expected = inputs_per_group ? checked_mul(*inputs_per_group, groups) : std::nullopt;
        if (inputs_per_group && (!expected || differ((*input)[1], *expected))) {
            return context.error("input " + to_string(input) + " does not fit weight " + to_string(weight) + " in " +
                                 std::to_string(groups) + " group(s)");
        }
        if (outputs && *outputs % groups != 0) {
            return context.error(std::to_string(*outputs) + " output channels cannot be divided into " +
                                 std::to_string(groups) + " groups");
        }
        if (bias && differ((*bias)[0], (*weight)[0])) {
            return context.error("bias " + to_string(bias) + " does not fit weight " + to_string(weight));
        }
        output[1] = (*weight)[0];
    }
    if (!kernel.empty()) {
        DETECT_TRY_ASSIGN(const auto windows, read_windows(context, input->size() - 2, kernel));
        for (std::size_t i = 0; i + 2 < input->size(); ++i) {
            DETECT_TRY_ASSIGN(output[i + 2], slid_size(context, windows, i, (*input)[i + 2], false));
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> transposed_convolution(ShapeContext& context) {
    DETECT_TRY(check_operands(context));
    const auto& input = context.input(0).shape;
    const auto& weight = context.input(1).shape;
    const std::int64_t groups = context.node().int_or("group", 1);
    DETECT_TRY_ASSIGN(const auto kernel, kernel_sizes(context, weight));
    if (!input || !weight || kernel.empty()) {
        context.set_output(0, context.input(0).type,
                           input ? std::optional(unknown_shape(input->size())) : std::nullopt);
        return {};
    }
    if (differ((*input)[1], (*weight)[0])) {
        return context.error("input " + to_string(input) + " does not fit weight " + to_string(weight));
    }
    if ((*weight)[0].size && *(*weight)[0].size % groups != 0) {
        return context.error("the channels of " + to_string(weight) + " cannot be divided into groups");
    }
    Shape output(input->size());
    output[0] = (*input)[0];
    if ((*weight)[1].size) {
        const auto channels = checked_mul(*(*weight)[1].size, groups);
        if (!channels) return context.error("has too many output channels");
        output[1] = *channels;
    }
    const auto& bias = context.input(2).shape;
    if (bias && differ((*bias)[0], output[1])) {
        return context.error("bias " + to_string(bias) + " does not fit weight " + to_string(weight));
    }
    DETECT_TRY_ASSIGN(const auto windows, read_windows(context, input->size() - 2, kernel));
    for (std::size_t i = 0; i + 2 < input->size(); ++i) {
        if (!(*input)[i + 2].size) continue;
        auto axis = transposed_axis(context.node(), windows, i, *(*input)[i + 2].size);
        if (!axis) return context.error(axis.error().message);
        output[i + 2] = axis->output_size;
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> pool(ShapeContext& context, TypeSet allowed) {
    DETECT_TRY(require_type(context, 0, allowed));
    const auto& input = context.input(0).shape;
    const auto* kernel = context.node().attribute<std::vector<std::int64_t>>("kernel_shape");
    if (!input) {
        for (std::size_t i = 0; i < 2; ++i) {
            context.set_output(i, i == 0 ? context.input(0).type : DataType::int64, unknown_shape(kernel->size() + 2));
        }
        return {};
    }
    if (input->size() != kernel->size() + 2) {
        return context.error("a window of " + std::to_string(kernel->size()) + " dimensions does not fit input " +
                             to_string(input));
    }
    const bool ceil_mode = context.node().int_or("ceil_mode", 0) != 0;
    DETECT_TRY_ASSIGN(const auto windows, read_windows(context, kernel->size(), *kernel));
    Shape output = *input;
    for (std::size_t i = 0; i < kernel->size(); ++i) {
        const Window& window = windows.axes[i];
        if (window.pad_begin >= window.kernel * window.dilation || window.pad_end >= window.kernel * window.dilation) {
            return context.error("pads more than a whole window");
        }
        DETECT_TRY_ASSIGN(output[i + 2], slid_size(context, windows, i, (*input)[i + 2], ceil_mode));
    }
    context.set_output(1, DataType::int64, output);
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> max_pool(ShapeContext& context) {
    return pool(context, float_types | type_set({DataType::uint8, DataType::int8}));
}
Result<void> float_pool(ShapeContext& context) { return pool(context, float_types); }

Result<void> global_pool(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    auto shape = context.input(0).shape;
    if (shape) {
        if (shape->size() < 3)
            return context.error("input is " + to_string(shape) + ", expected [batch, channels, sizes...]");
        for (std::size_t i = 2; i < shape->size(); ++i) {
            if ((*shape)[i].size == 0) return context.error("pools over nothing: " + to_string(shape));
            (*shape)[i] = 1;
        }
    }
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

} // namespace

std::vector<Operator> convolution_operators() {
    using enum AttributeKind;
    const std::vector<AttributeRule> pool = {{"auto_pad", text},      {"ceil_mode", integer},
                                             {"dilations", integers}, {"kernel_shape", integers, required},
                                             {"pads", integers},      {"strides", integers}};
    return {
        {.name = "AveragePool",
         .attributes = with(pool, {{"count_include_pad", integer}}),
         .infer = float_pool,
         .work = Work::unbounded},
        {.name = "Conv",
         .inputs = between(2, 3),
         .attributes = convolution_attributes(),
         .infer = convolution,
         .work = Work::unbounded,
         .takes_weights = true},
        {.name = "ConvTranspose",
         .inputs = between(2, 3),
         .attributes = with(convolution_attributes(), {{"output_padding", integers}, {"output_shape", integers}}),
         .infer = transposed_convolution,
         .work = Work::unbounded,
         .takes_weights = true},
        {.name = "GlobalAveragePool", .infer = global_pool},
        {.name = "GlobalMaxPool", .infer = global_pool},
        {.name = "LpPool", .attributes = with(pool, {{"p", integer}}), .infer = float_pool, .work = Work::unbounded},
        {.name = "MaxPool",
         .outputs = between(1, 2),
         .attributes = with(pool, {{"storage_order", integer}}),
         .infer = max_pool,
         .work = Work::unbounded},
    };
}

} // namespace detect
