// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/shape_rules.h"

#include "base/checked.h"
#include "base/text.h"

#include <algorithm>

namespace detect::rules {

namespace {

bool contains(TypeSet set, DataType type) { return ((set >> static_cast<unsigned>(type)) & 1U) != 0; }

std::string input_text(std::size_t index) { return "input " + std::to_string(index); }

} // namespace

std::vector<AttributeRule> with(std::vector<AttributeRule> shared, std::initializer_list<AttributeRule> more) {
    shared.insert(shared.end(), more);
    return shared;
}

Error unsupported(const ShapeContext& context, std::string_view what) {
    Error error = context.error(what);
    error.code = ErrorCode::unsupported;
    return error;
}

Result<void> require_type(const ShapeContext& context, std::size_t index, TypeSet allowed) {
    const ShapeContext::Input& input = context.input(index);
    if (!input.present || contains(allowed, input.type)) return {};
    const std::string found = input_text(index) + " is " + std::string(to_string(input.type));
    if (input.type == DataType::float16 || input.type == DataType::bfloat16) {
        return unsupported(context, found + ", which is only moved and cast here; export the model in float32");
    }
    std::vector<std::string_view> expected;
    for (unsigned bit = 0; bit < 32; ++bit) {
        const auto type = static_cast<DataType>(bit);
        if (contains(allowed, type)) expected.push_back(to_string(type));
    }
    return context.error(found + ", allowed: " + listed(expected));
}

Result<void> require_same_type(const ShapeContext& context, std::size_t first, std::size_t second) {
    const ShapeContext::Input& a = context.input(first);
    const ShapeContext::Input& b = context.input(second);
    if (!a.present || !b.present || a.type == b.type) return {};
    return context.error(input_text(first) + " is " + std::string(to_string(a.type)) + ", but " + input_text(second) +
                         " is " + std::string(to_string(b.type)));
}

Result<void> require_rank(const ShapeContext& context, std::size_t index, std::size_t rank) {
    const ShapeContext::Input& input = context.input(index);
    if (!input.present || !input.shape || input.shape->size() == rank) return {};
    return context.error(input_text(index) + " is " + to_string(input.shape) + ", expected " + std::to_string(rank) +
                         " dimensions");
}

Result<std::size_t> resolve_axis(const ShapeContext& context, std::int64_t axis, std::size_t rank) {
    const auto size = static_cast<std::int64_t>(rank);
    if (axis < -size || axis >= size) {
        return context.error("axis " + std::to_string(axis) + " does not exist in " + std::to_string(rank) +
                             " dimensions");
    }
    return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

Result<std::vector<std::size_t>> resolve_axes(const ShapeContext& context, std::span<const std::int64_t> axes,
                                              std::size_t rank) {
    std::vector<std::size_t> resolved;
    std::vector<bool> seen(rank, false);
    for (const std::int64_t axis : axes) {
        DETECT_TRY_ASSIGN(const std::size_t position, resolve_axis(context, axis, rank));
        if (seen[position]) return context.error("axis " + std::to_string(axis) + " is named twice");
        seen[position] = true;
        resolved.push_back(position);
    }
    return resolved;
}

std::optional<std::vector<std::int64_t>> constant_integers(const ShapeContext::Input& input) {
    if (input.constant == nullptr) return std::nullopt;
    if (input.constant->type() == DataType::int64) {
        const auto data = input.constant->data<std::int64_t>();
        return std::vector<std::int64_t>(data.begin(), data.end());
    }
    if (input.constant->type() == DataType::int32) {
        const auto data = input.constant->data<std::int32_t>();
        return std::vector<std::int64_t>(data.begin(), data.end());
    }
    return std::nullopt;
}

Result<std::optional<std::int64_t>> vector_length(const ShapeContext& context, std::size_t index) {
    DETECT_TRY(require_rank(context, index, 1));
    const auto& shape = context.input(index).shape;
    return shape ? (*shape)[0].size : std::nullopt;
}

Dim product(const Shape& shape, std::size_t first, std::size_t last) {
    std::int64_t known = 1;
    const Dim* symbolic = nullptr;
    for (std::size_t axis = first; axis < last; ++axis) {
        const Dim& dim = shape[axis];
        if (!dim.size) {
            if (symbolic != nullptr || dim.symbol.empty()) return {};
            symbolic = &dim;
            continue;
        }
        const auto next = checked_mul(known, *dim.size);
        if (!next) return {};
        known = *next;
    }
    if (symbolic == nullptr) return known;
    return known == 1 ? *symbolic : Dim{};
}

std::optional<Dim> broadcast(const Dim& a, const Dim& b) {
    if (a == b || b == Dim(1)) return a;
    if (a == Dim(1)) return b;
    if (a.size && b.size) return std::nullopt;
    // A size that is known and not 1 is the result: the other one must be 1 or the same.
    if (a.size) return a;
    return b.size ? b : Dim{};
}

Result<std::optional<Shape>> broadcast(const ShapeContext& context, const std::optional<Shape>& a,
                                       const std::optional<Shape>& b) {
    if (!a || !b) return std::optional<Shape>{};
    const Shape& longer = a->size() >= b->size() ? *a : *b;
    const Shape& shorter = a->size() >= b->size() ? *b : *a;
    Shape result = longer;
    const std::size_t offset = longer.size() - shorter.size();
    for (std::size_t i = 0; i < shorter.size(); ++i) {
        auto met = broadcast(longer[offset + i], shorter[i]);
        if (!met) {
            return context.error("shapes " + to_string(a) + " and " + to_string(b) + " cannot be broadcast together");
        }
        result[offset + i] = *std::move(met);
    }
    return std::optional<Shape>(std::move(result));
}

Result<bool> broadcasts_to(const ShapeContext& context, const Shape& from, const Shape& to) {
    DETECT_TRY_ASSIGN(const auto both, broadcast(context, from, to));
    const Shape grown = both.value_or(to);
    bool fits = grown.size() == to.size();
    for (std::size_t i = 0; fits && i < to.size(); ++i) fits = !differ(grown[i], to[i]);
    return fits;
}

Result<IntegerList> integer_list(const ShapeContext& context, std::string_view attribute, std::size_t input_index,
                                 int input_since) {
    const auto* values = context.node().attribute<std::vector<std::int64_t>>(attribute);
    const ShapeContext::Input& input = context.input(input_index);
    if (context.opset() < input_since) {
        if (input.present) {
            return context.error("'" + std::string(attribute) + "' is an attribute before opset " +
                                 std::to_string(input_since) + ", but is given as an input");
        }
        if (values == nullptr) return IntegerList{.absent = true, .values = {}};
        return IntegerList{.absent = false, .values = *values};
    }
    if (values != nullptr) {
        return context.error("'" + std::string(attribute) + "' is an input from opset " + std::to_string(input_since) +
                             " on, but is given as an attribute");
    }
    if (!input.present) return IntegerList{.absent = true, .values = {}};
    DETECT_TRY(require_type(context, input_index, index_types));
    if (input.shape && input.shape->size() > 1) {
        return context.error("input " + std::to_string(input_index) + " ('" + std::string(attribute) + "') is " +
                             to_string(input.shape) + ", expected a vector");
    }
    return IntegerList{.absent = false, .values = constant_integers(input)};
}

Result<void> same_as_input(ShapeContext& context) {
    context.set_output(0, context.input(0).type, context.input(0).shape);
    return {};
}

} // namespace detect::rules
