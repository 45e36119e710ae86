// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>

namespace detect {

using namespace rules;

namespace {

Result<void> reduce_axes(ShapeContext& context, const IntegerList& axes) {
    const auto& shape = context.input(0).shape;
    const bool keep = context.node().int_or("keepdims", 1) != 0;
    const bool all = axes.absent || (axes.values && axes.values->empty());
    std::optional<Shape> output;
    if (all && context.node().int_or("noop_with_empty_axes", 0) != 0) {
        output = shape;
    } else if (all && !keep) {
        output = Shape{};
    } else if (shape && !all && !axes.values) {
        if (keep) output = unknown_shape(shape->size());
    } else if (shape) {
        std::vector<std::size_t> reduced;
        if (!all) {
            DETECT_TRY_ASSIGN(reduced, resolve_axes(context, *axes.values, shape->size()));
        }
        output.emplace();
        for (std::size_t i = 0; i < shape->size(); ++i) {
            const bool gone = all || std::ranges::find(reduced, i) != reduced.end();
            if (!gone)
                output->push_back((*shape)[i]);
            else if (keep)
                output->push_back(1);
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// `input_since`: the opset from which the axes are an input.
template <TypeSet allowed, int input_since>
Result<void> reduce(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, allowed));
    DETECT_TRY_ASSIGN(const IntegerList axes, integer_list(context, "axes", 1, input_since));
    return reduce_axes(context, axes);
}

Result<void> arg_reduce(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    const auto& shape = context.input(0).shape;
    std::optional<Shape> output;
    if (shape) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", 0), shape->size()));
        if ((*shape)[axis].size == 0)
            return context.error("axis " + std::to_string(axis) + " of " + to_string(shape) + " is empty");
        output = shape;
        if (context.node().int_or("keepdims", 1) != 0) {
            (*output)[axis] = 1;
        } else {
            output->erase(output->begin() + static_cast<std::ptrdiff_t>(axis));
        }
    }
    context.set_output(0, DataType::int64, std::move(output));
    return {};
}

Result<void> cumulative_sum(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types | index_types | type_set({DataType::uint32, DataType::uint64})));
    DETECT_TRY(require_type(context, 1, index_types));
    const auto axis = constant_integers(context.input(1));
    if (axis && axis->size() != 1) return context.error("the axis must be a single number");
    if (axis && context.input(0).shape) {
        DETECT_TRY(resolve_axis(context, axis->front(), context.input(0).shape->size()));
    }
    return same_as_input(context);
}

/// Softmax and its kin: before opset 13 the axis cuts the tensor into a matrix and may stand behind the last dimension.
Result<void> softmax(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    const auto& shape = context.input(0).shape;
    if (shape) {
        const bool flattens = context.opset() < 13;
        const std::int64_t axis = context.node().int_or("axis", flattens ? 1 : -1);
        const bool behind = flattens && axis == static_cast<std::int64_t>(shape->size());
        if (!behind) DETECT_TRY(resolve_axis(context, axis, shape->size()));
    }
    return same_as_input(context);
}

} // namespace

std::vector<Operator> reduction_operators() {
    using enum AttributeKind;
    const std::vector<AttributeRule> reduce_attributes = {{"axes", integers}, {"keepdims", integer}};
    const std::vector<AttributeRule> arg_attributes = {
        {"axis", integer}, {"keepdims", integer}, {"select_last_index", integer}};
    constexpr auto never = 1000;
    return {
        {.name = "ArgMax", .attributes = arg_attributes, .infer = arg_reduce},
        {.name = "ArgMin", .attributes = arg_attributes, .infer = arg_reduce},
        {.name = "CumSum",
         .since = 11,
         .inputs = 2,
         .attributes = {{"exclusive", integer}, {"reverse", integer}},
         .infer = cumulative_sum},
        {.name = "Hardmax", .attributes = {{"axis", integer}}, .infer = softmax},
        {.name = "LogSoftmax", .attributes = {{"axis", integer}}, .infer = softmax},
        {.name = "ReduceL1", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "ReduceL2", .attributes = reduce_attributes, .infer = reduce<float_types, never>},
        {.name = "ReduceLogSum", .attributes = reduce_attributes, .infer = reduce<float_types, never>},
        {.name = "ReduceLogSumExp", .attributes = reduce_attributes, .infer = reduce<float_types, never>},
        {.name = "ReduceMax", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "ReduceMean", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "ReduceMin", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "ReduceProd", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "ReduceSum",
         .inputs = between(1, 2),
         .attributes = {{"axes", integers}, {"keepdims", integer}, {"noop_with_empty_axes", integer}},
         .infer = reduce<number_types, 13>},
        {.name = "ReduceSumSquare", .attributes = reduce_attributes, .infer = reduce<number_types, never>},
        {.name = "Softmax", .attributes = {{"axis", integer}}, .infer = softmax},
    };
}

} // namespace detect
