// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>

namespace detect {

using namespace rules;

namespace {

Result<void> gather(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, index_types));
    const auto& data = context.input(0).shape;
    const auto& indices = context.input(1).shape;
    std::optional<Shape> output;
    if (data) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", 0), data->size()));
        if (indices) {
            const auto split = data->begin() + static_cast<std::ptrdiff_t>(axis);
            output.emplace(data->begin(), split);
            output->insert(output->end(), indices->begin(), indices->end());
            output->insert(output->end(), split + 1, data->end());
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// Data and indices of one rank; the indices reach no further than the data on any axis but `axis`.
Result<void> check_elements(const ShapeContext& context) {
    const auto& data = context.input(0).shape;
    const auto& indices = context.input(1).shape;
    if (!data) return {};
    DETECT_TRY_ASSIGN(const std::size_t axis, resolve_axis(context, context.node().int_or("axis", 0), data->size()));
    if (!indices) return {};
    bool fits = data->size() == indices->size();
    for (std::size_t i = 0; fits && i < data->size(); ++i) {
        const auto& have = (*data)[i].size;
        const auto& asked = (*indices)[i].size;
        fits = i == axis || !have || !asked || *asked <= *have;
    }
    if (fits) return {};
    return context.error("indices " + to_string(indices) + " do not fit data " + to_string(data));
}

Result<void> gather_elements(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, index_types));
    DETECT_TRY(check_elements(context));
    context.set_output(0, context.input(0).type, context.input(1).shape);
    return {};
}

Result<void> scatter_elements(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, index_types));
    DETECT_TRY(require_same_type(context, 0, 2));
    DETECT_TRY(check_elements(context));
    const std::string reduction = context.node().string_or("reduction", "none");
    if (reduction != "none") {
        if (context.opset() < 16) return context.error("'reduction' exists from opset 16 on");
        if (reduction != "add" && reduction != "mul") return context.error("reduction '" + reduction + "' is unknown");
        DETECT_TRY(require_type(context, 0, number_types));
    }
    const auto& indices = context.input(1).shape;
    const auto& updates = context.input(2).shape;
    if (indices && updates) {
        bool same = indices->size() == updates->size();
        for (std::size_t i = 0; same && i < indices->size(); ++i) same = !differ((*indices)[i], (*updates)[i]);
        if (!same)
            return context.error("updates " + to_string(updates) + " do not match indices " + to_string(indices));
    }
    return same_as_input(context);
}

/// The length of an index tuple: the last size of the indices, at most `limit`.
Result<std::optional<std::size_t>> tuple_length(const ShapeContext& context, std::size_t limit) {
    const auto& indices = context.input(1).shape;
    if (!indices) return std::optional<std::size_t>{};
    if (indices->empty()) return context.error("the indices must have at least one dimension");
    const auto& length = indices->back().size;
    if (!length) return std::optional<std::size_t>{};
    if (*length < 1 || *length > static_cast<std::int64_t>(limit)) {
        return context.error("indices " + to_string(indices) + " name " + std::to_string(*length) +
                             " coordinates, at most " + std::to_string(limit) + " are there (and at least 1)");
    }
    return std::optional<std::size_t>(static_cast<std::size_t>(*length));
}

Result<void> gather_nd(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    const auto& data = context.input(0).shape;
    const auto& indices = context.input(1).shape;
    const std::int64_t batch_dims = context.node().int_or("batch_dims", 0);
    if (batch_dims != 0 && context.opset() < 12) return context.error("'batch_dims' exists from opset 12 on");
    const auto shorter = std::min(data ? data->size() : Dims::max_rank, indices ? indices->size() : Dims::max_rank);
    if (batch_dims < 0 || batch_dims >= static_cast<std::int64_t>(std::max<std::size_t>(shorter, 1))) {
        return context.error("batch_dims " + std::to_string(batch_dims) + " does not fit " + to_string(data) + " and " +
                             to_string(indices));
    }
    const auto batch = static_cast<std::size_t>(batch_dims);
    std::optional<Shape> output;
    if (data && indices) {
        if (data->empty()) return context.error("the data must have at least one dimension");
        DETECT_TRY_ASSIGN(const auto length, tuple_length(context, data->size() - batch));
        for (std::size_t i = 0; i < batch; ++i) {
            if (differ((*data)[i], (*indices)[i])) {
                return context.error("batch sizes of " + to_string(data) + " and " + to_string(indices) + " differ");
            }
        }
        if (length) {
            output.emplace(indices->begin(), indices->end() - 1);
            output->insert(output->end(), data->begin() + static_cast<std::ptrdiff_t>(batch + *length), data->end());
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> scatter_nd(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    DETECT_TRY(require_same_type(context, 0, 2));
    const std::string reduction = context.node().string_or("reduction", "none");
    if (reduction != "none") {
        if (context.opset() < 16) return context.error("'reduction' exists from opset 16 on");
        if (reduction != "add" && reduction != "mul") return context.error("reduction '" + reduction + "' is unknown");
        DETECT_TRY(require_type(context, 0, number_types));
    }
    const auto& data = context.input(0).shape;
    const auto& indices = context.input(1).shape;
    const auto& updates = context.input(2).shape;
    if (data && indices) {
        if (data->empty()) return context.error("the data must have at least one dimension");
        DETECT_TRY_ASSIGN(const auto length, tuple_length(context, data->size()));
        if (length && updates) {
            Shape expected(indices->begin(), indices->end() - 1);
            expected.insert(expected.end(), data->begin() + static_cast<std::ptrdiff_t>(*length), data->end());
            bool same = expected.size() == updates->size();
            for (std::size_t i = 0; same && i < expected.size(); ++i) same = !differ(expected[i], (*updates)[i]);
            if (!same) {
                return context.error("updates are " + to_string(updates) + ", expected " + to_string(expected) +
                                     " for indices " + to_string(indices) + " into " + to_string(data));
            }
        }
    }
    return same_as_input(context);
}

Result<void> non_zero(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types | bool_type));
    const auto& shape = context.input(0).shape;
    context.set_output(0, DataType::int64, Shape{shape ? Dim(static_cast<std::int64_t>(shape->size())) : Dim{}, Dim{}});
    return {};
}

Result<void> compress(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, bool_type));
    DETECT_TRY(require_rank(context, 1, 1));
    const auto& shape = context.input(0).shape;
    const auto* axis = context.node().attribute<std::int64_t>("axis");
    std::optional<Shape> output;
    if (axis == nullptr) {
        output = unknown_shape(1);
    } else if (shape) {
        DETECT_TRY_ASSIGN(const std::size_t position, resolve_axis(context, *axis, shape->size()));
        output = shape;
        (*output)[position] = Dim{};
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> one_hot(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY(require_type(context, 1, number_types));
    DETECT_TRY(require_type(context, 2, any_type));
    DETECT_TRY(require_rank(context, 2, 1));
    if (context.input(2).shape && differ(context.input(2).shape->front(), 2)) {
        return context.error("'values' must hold two elements (off, on)");
    }
    const auto& indices = context.input(0).shape;
    std::optional<Shape> output;
    if (indices) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", -1), indices->size() + 1));
        Dim depth;
        if (const Tensor* given = context.input(1).constant; given != nullptr) {
            if (given->element_count() != 1) return context.error("'depth' must hold one element");
            std::int64_t value = -1;
            if (const auto integers = constant_integers(context.input(1)))
                value = integers->front();
            else if (given->type() == DataType::float32 && given->data<float>()[0] >= 0.0F &&
                     given->data<float>()[0] < 1e9F) {
                value = static_cast<std::int64_t>(given->data<float>()[0]);
            } else {
                return unsupported(context, "'depth' of type " + std::string(to_string(given->type())));
            }
            if (value < 0) return context.error("'depth' is negative");
            depth = value;
        }
        output = indices;
        output->insert(output->begin() + static_cast<std::ptrdiff_t>(axis), depth);
    }
    context.set_output(0, context.input(2).type, std::move(output));
    return {};
}

/// The number of elements to keep, if it is known before the run.
Result<Dim> kept_count(const ShapeContext& context) {
    const auto* attribute = context.node().attribute<std::int64_t>("k");
    if (context.opset() < 10) {
        if (attribute == nullptr || context.has_input(1)) return context.error("'k' is an attribute before opset 10");
        if (*attribute < 0) return context.error("k is " + std::to_string(*attribute));
        return Dim(*attribute);
    }
    if (attribute != nullptr || !context.has_input(1)) return context.error("'k' is an input from opset 10 on");
    DETECT_TRY(require_type(context, 1, int64_type));
    const auto values = constant_integers(context.input(1));
    if (!values) return Dim{};
    if (values->size() != 1) return context.error("k must be a single number");
    if (values->front() < 0) return context.error("k is " + std::to_string(values->front()));
    return Dim(values->front());
}

Result<void> top_k(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY_ASSIGN(const Dim count, kept_count(context));
    auto shape = context.input(0).shape;
    if (shape) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", -1), shape->size()));
        const auto& size = (*shape)[axis].size;
        if (count.size && size && *count.size > *size) {
            return context.error("k is " + std::to_string(*count.size) + ", but axis " + std::to_string(axis) +
                                 " has only " + std::to_string(*size) + " elements");
        }
        (*shape)[axis] = count;
    }
    context.set_output(1, DataType::int64, shape);
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

Result<void> unique(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types | bool_type));
    const auto& shape = context.input(0).shape;
    const auto* axis = context.node().attribute<std::int64_t>("axis");
    std::optional<Shape> output;
    Dim inverse;
    if (axis == nullptr) {
        output = unknown_shape(1);
        if (shape) inverse = product(*shape, 0, shape->size());
    } else if (shape) {
        DETECT_TRY_ASSIGN(const std::size_t position, resolve_axis(context, *axis, shape->size()));
        inverse = (*shape)[position];
        output = shape;
        (*output)[position] = Dim{};
    }
    context.set_output(0, context.input(0).type, std::move(output));
    context.set_output(1, DataType::int64, unknown_shape(1));
    context.set_output(2, DataType::int64, Shape{inverse});
    context.set_output(3, DataType::int64, unknown_shape(1));
    return {};
}

} // namespace

std::vector<Operator> indexing_operators() {
    using enum AttributeKind;
    return {
        {.name = "Compress", .since = 9, .inputs = 2, .attributes = {{"axis", integer}}, .infer = compress},
        {.name = "Gather", .inputs = 2, .attributes = {{"axis", integer}}, .infer = gather, .moves_numbers = true},
        {.name = "GatherElements",
         .since = 11,
         .inputs = 2,
         .attributes = {{"axis", integer}},
         .infer = gather_elements,
         .moves_numbers = true},
        {.name = "GatherND",
         .since = 11,
         .inputs = 2,
         .attributes = {{"batch_dims", integer}},
         .infer = gather_nd,
         .moves_numbers = true},
        {.name = "NonZero", .since = 9, .infer = non_zero},
        {.name = "OneHot", .since = 9, .inputs = 3, .attributes = {{"axis", integer}}, .infer = one_hot},
        {.name = "Scatter", .since = 9, .inputs = 3, .attributes = {{"axis", integer}}, .infer = scatter_elements},
        {.name = "ScatterElements",
         .since = 11,
         .inputs = 3,
         .attributes = {{"axis", integer}, {"reduction", text}},
         .infer = scatter_elements},
        {.name = "ScatterND", .since = 11, .inputs = 3, .attributes = {{"reduction", text}}, .infer = scatter_nd},
        {.name = "TopK",
         .inputs = between(1, 2),
         .outputs = 2,
         .attributes = {{"axis", integer}, {"k", integer}, {"largest", integer}, {"sorted", integer}},
         .infer = top_k},
        {.name = "Unique",
         .since = 11,
         .outputs = between(1, 4),
         .attributes = {{"axis", integer}, {"sorted", integer}},
         .infer = unique},
    };
}

} // namespace detect
