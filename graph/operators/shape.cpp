// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>
#include <cmath>

namespace detect {

using namespace rules;

namespace {

Result<void> shape_of(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const auto& shape = context.input(0).shape;
    const auto& attributes = context.node().attributes;
    if (context.opset() < 15 && (attributes.contains("start") || attributes.contains("end"))) {
        return context.error("'start' and 'end' exist from opset 15 on");
    }
    if (!shape) {
        context.set_output(0, DataType::int64, unknown_shape(1));
        return {};
    }
    const auto rank = static_cast<std::int64_t>(shape->size());
    const auto position = [rank](std::int64_t axis) {
        return std::clamp(axis < 0 ? axis + rank : axis, std::int64_t{0}, rank);
    };
    const std::int64_t start = position(context.node().int_or("start", 0));
    const std::int64_t end = position(context.node().int_or("end", rank));
    context.set_output(0, DataType::int64, Shape{std::max(end - start, std::int64_t{0})});
    return {};
}

Result<void> size_of(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    context.set_output(0, DataType::int64, Shape{});
    return {};
}

/// What a Reshape's -1 stands for: what is left of the input after the other sizes, as far as it is known.
/// Names on both sides cancel: [batch, 256, 7, 7] to [-1, 12544] is [batch, 12544].
Result<Dim> remaining_size(const ShapeContext& context, const Shape& input, const Shape& output, std::size_t open) {
    Shape left;
    std::int64_t have = 1;
    for (const Dim& dim : input) {
        if (!dim.size) {
            left.push_back(dim);
            continue;
        }
        const auto product = checked_mul(have, *dim.size);
        if (!product) return Dim{};
        have = *product;
    }
    std::int64_t used = 1;
    for (std::size_t i = 0; i < output.size(); ++i) {
        if (i == open) continue;
        const Dim& dim = output[i];
        if (!dim.size) {
            const auto same = dim.symbol.empty() ? left.end() : std::ranges::find(left, dim);
            if (same == left.end()) return Dim{};
            left.erase(same);
            continue;
        }
        const auto product = checked_mul(used, *dim.size);
        if (!product) return context.error("the new shape " + to_string(output) + " is too large");
        used = *product;
    }
    if (!left.empty()) return left.size() == 1 && have == used && have != 0 ? left.front() : Dim{};
    if (used == 0) {
        if (have == 0) return context.error("-1 could be anything beside a size of 0: " + to_string(output));
        return context.error(to_string(input) + " does not fit " + to_string(output));
    }
    if (have % used != 0) {
        return context.error(std::to_string(have) + " elements " + to_string(input) + " cannot be divided into " +
                             to_string(output) + " with -1 for the rest");
    }
    return Dim(have / used);
}

Result<void> check_same_count(const ShapeContext& context, const Shape& input, const Shape& output) {
    const auto from = to_dims(input);
    const auto to = to_dims(output);
    if (!from || !to) return {};
    if (checked_element_count(from->sizes()) == checked_element_count(to->sizes())) return {};
    return context.error(to_string(input) + " cannot be reshaped to " + to_string(output) +
                         ": the numbers of elements differ");
}

Result<void> reshape(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    DETECT_TRY_ASSIGN(const auto rank, vector_length(context, 1));
    const auto& input = context.input(0).shape;
    const auto wanted = constant_integers(context.input(1));
    if (!wanted) {
        auto output = rank && *rank <= static_cast<std::int64_t>(Dims::max_rank)
                          ? std::optional(unknown_shape(static_cast<std::size_t>(*rank)))
                          : std::nullopt;
        context.set_output(0, context.input(0).type, std::move(output));
        return {};
    }
    const bool zero_copies = context.node().int_or("allowzero", 0) == 0;
    if (!zero_copies && context.opset() < 14) return context.error("'allowzero' exists from opset 14 on");
    Shape output(wanted->size());
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < wanted->size(); ++i) {
        const std::int64_t size = (*wanted)[i];
        if (size < -1) return context.error("the new shape has a size of " + std::to_string(size));
        if (size == -1) {
            if (open) return context.error("the new shape has more than one -1");
            open = i;
        } else if (size == 0 && zero_copies) {
            if (!input) continue;
            if (i >= input->size()) {
                return context.error("the new shape copies size " + std::to_string(i) + " of " + to_string(input) +
                                     ", which does not exist");
            }
            output[i] = (*input)[i];
        } else {
            output[i] = size;
        }
    }
    if (input && open) {
        DETECT_TRY_ASSIGN(output[*open], remaining_size(context, *input, output, *open));
    }
    if (input) DETECT_TRY(check_same_count(context, *input, output));
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> flatten(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const auto& shape = context.input(0).shape;
    if (!shape) {
        context.set_output(0, context.input(0).type, unknown_shape(2));
        return {};
    }
    const std::int64_t axis = context.node().int_or("axis", 1);
    const auto rank = static_cast<std::int64_t>(shape->size());
    if (axis < -rank || axis > rank) return context.error("axis " + std::to_string(axis) + " is outside the tensor");
    const auto split = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    context.set_output(0, context.input(0).type,
                       Shape{product(*shape, 0, split), product(*shape, split, shape->size())});
    return {};
}

/// The output of Squeeze without axes: every size of 1 goes.
std::optional<Shape> squeeze_all(const Shape& input) {
    Shape output;
    for (const Dim& dim : input) {
        if (!dim.size) return std::nullopt;
        if (*dim.size != 1) output.push_back(dim);
    }
    return output;
}

Result<void> squeeze(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY_ASSIGN(const IntegerList axes, integer_list(context, "axes", 1, 13));
    const auto& shape = context.input(0).shape;
    std::optional<Shape> output;
    if (shape && axes.absent) {
        output = squeeze_all(*shape);
    } else if (shape && axes.values) {
        DETECT_TRY_ASSIGN(const auto removed, resolve_axes(context, *axes.values, shape->size()));
        output.emplace();
        for (std::size_t i = 0; i < shape->size(); ++i) {
            if (std::ranges::find(removed, i) == removed.end()) {
                output->push_back((*shape)[i]);
            } else if (differ((*shape)[i], 1)) {
                return context.error("axis " + std::to_string(i) + " of " + to_string(shape) + " is not of size 1");
            }
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> unsqueeze(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY_ASSIGN(const IntegerList axes, integer_list(context, "axes", 1, 13));
    if (axes.absent) return context.error("'axes' is missing");
    const auto& shape = context.input(0).shape;
    std::optional<Shape> output;
    if (shape && axes.values) {
        const std::size_t rank = shape->size() + axes.values->size();
        DETECT_TRY_ASSIGN(const auto added, resolve_axes(context, *axes.values, rank));
        output.emplace();
        auto next = shape->begin();
        for (std::size_t i = 0; i < rank; ++i) {
            const bool is_new = std::ranges::find(added, i) != added.end();
            output->push_back(is_new ? Dim(1) : *next++);
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// A shape given as the values of input `index`; sizes must not be negative.
Result<std::optional<Shape>> shape_from_input(const ShapeContext& context, std::size_t index) {
    DETECT_TRY(require_type(context, index, int64_type));
    DETECT_TRY_ASSIGN(const auto length, vector_length(context, index));
    if (const auto values = constant_integers(context.input(index))) {
        for (const std::int64_t size : *values) {
            if (size < 0) return context.error("the shape has a size of " + std::to_string(size));
        }
        return std::optional<Shape>(Shape(values->begin(), values->end()));
    }
    if (length && *length <= static_cast<std::int64_t>(Dims::max_rank)) {
        return std::optional<Shape>(unknown_shape(static_cast<std::size_t>(*length)));
    }
    return std::optional<Shape>{};
}

Result<void> expand(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY_ASSIGN(const auto target, shape_from_input(context, 1));
    DETECT_TRY_ASSIGN(auto shape, broadcast(context, context.input(0).shape, target));
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

Result<void> constant(ShapeContext& context) {
    const Node& node = context.node();
    if (node.attributes.size() != 1) return context.error("needs exactly one value attribute");
    if (const auto* tensor = node.attribute<Tensor>("value")) {
        context.set_output(0, tensor->type(), to_shape(tensor->dims()));
    } else if (const auto* integers = node.attribute<std::vector<std::int64_t>>("value_ints")) {
        context.set_output(0, DataType::int64, Shape{static_cast<std::int64_t>(integers->size())});
    } else if (const auto* reals = node.attribute<std::vector<float>>("value_floats")) {
        context.set_output(0, DataType::float32, Shape{static_cast<std::int64_t>(reals->size())});
    } else {
        const bool integer = node.attribute<std::int64_t>("value_int") != nullptr;
        context.set_output(0, integer ? DataType::int64 : DataType::float32, Shape{});
    }
    return {};
}

Result<void> constant_of_shape(ShapeContext& context) {
    DETECT_TRY_ASSIGN(auto shape, shape_from_input(context, 0));
    DataType type = DataType::float32;
    if (const auto* value = context.node().attribute<Tensor>("value")) {
        if (value->element_count() != 1) return context.error("'value' must be a single number");
        type = value->type();
    }
    context.set_output(0, type, std::move(shape));
    return {};
}

template <class T>
Result<Dim> range_length(const ShapeContext& context) {
    const T start = context.input(0).constant->data<T>()[0];
    const T limit = context.input(1).constant->data<T>()[0];
    const T delta = context.input(2).constant->data<T>()[0];
    if (delta == T{0}) return context.error("delta is 0");
    if constexpr (std::is_floating_point_v<T>) {
        const double count =
            std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
        if (std::isnan(count) || count > 9.0e18) return context.error("the range is not finite");
        return Dim(count > 0.0 ? static_cast<std::int64_t>(count) : 0);
    } else {
        if ((delta > 0) != (limit > start) || limit == start) return Dim(std::int64_t{0});
        const auto wide = [](T value) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)); };
        const std::uint64_t distance = delta > 0 ? wide(limit) - wide(start) : wide(start) - wide(limit);
        const std::uint64_t step = delta > 0 ? wide(delta) : std::uint64_t{0} - wide(delta);
        const std::uint64_t count = (distance - 1) / step + 1;
        if (count > static_cast<std::uint64_t>(INT64_MAX)) return context.error("the range is too long");
        return Dim(static_cast<std::int64_t>(count));
    }
}

Result<void> range(ShapeContext& context) {
    constexpr TypeSet allowed = float_types | index_types | type_set({DataType::int16});
    DETECT_TRY(require_type(context, 0, allowed));
    Dim length;
    bool known = true;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
        DETECT_TRY(require_same_type(context, 0, i));
        const auto& shape = context.input(i).shape;
        if (shape && product(*shape, 0, shape->size()).size.value_or(1) != 1) {
            return context.error("input " + std::to_string(i) + " must be a single number, is " + to_string(shape));
        }
        known = known && context.input(i).constant != nullptr && context.input(i).constant->element_count() == 1;
    }
    const DataType type = context.input(0).type;
    if (known) {
        Result<Dim> computed = type == DataType::int64     ? range_length<std::int64_t>(context)
                               : type == DataType::int32   ? range_length<std::int32_t>(context)
                               : type == DataType::int16   ? range_length<std::int16_t>(context)
                               : type == DataType::float32 ? range_length<float>(context)
                                                           : range_length<double>(context);
        DETECT_TRY_ASSIGN(length, std::move(computed));
    }
    context.set_output(0, type, Shape{length});
    return {};
}

Result<void> eye_like(ShapeContext& context) {
    DETECT_TRY(require_rank(context, 0, 2));
    constexpr TypeSet allowed = number_types | bool_type;
    const auto type = context.node().int_or("dtype", static_cast<std::int64_t>(context.input(0).type));
    if (type < 0 || type > 31 || (allowed >> type & 1U) == 0) return context.error("dtype is not supported");
    context.set_output(0, static_cast<DataType>(type), context.input(0).shape);
    return {};
}

} // namespace

std::vector<Operator> shape_operators() {
    using enum AttributeKind;
    return {
        {.name = "Constant",
         .inputs = 0,
         .attributes = {{"value", tensor},
                        {"value_int", integer},
                        {"value_ints", integers},
                        {"value_float", real},
                        {"value_floats", reals}},
         .infer = constant},
        {.name = "ConstantOfShape", .since = 9, .attributes = {{"value", tensor}}, .infer = constant_of_shape},
        {.name = "Expand", .since = 8, .inputs = 2, .infer = expand, .moves_numbers = true},
        {.name = "EyeLike", .since = 9, .attributes = {{"dtype", integer}, {"k", integer}}, .infer = eye_like},
        {.name = "Flatten", .attributes = {{"axis", integer}}, .infer = flatten, .moves_numbers = true},
        {.name = "Range", .since = 11, .inputs = 3, .infer = range},
        {.name = "Reshape",
         .since = 5,
         .inputs = 2,
         .attributes = {{"allowzero", integer}},
         .infer = reshape,
         .moves_numbers = true},
        {.name = "Shape", .attributes = {{"start", integer}, {"end", integer}}, .infer = shape_of},
        {.name = "Size", .infer = size_of},
        {.name = "Squeeze",
         .inputs = between(1, 2),
         .attributes = {{"axes", integers}},
         .infer = squeeze,
         .moves_numbers = true},
        {.name = "Unsqueeze",
         .inputs = between(1, 2),
         .attributes = {{"axes", integers}},
         .infer = unsqueeze,
         .moves_numbers = true},
    };
}

} // namespace detect
