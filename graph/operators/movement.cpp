// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "graph/geometry.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>
#include <numeric>

namespace detect {

using namespace rules;

namespace {

Result<void> transpose(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const auto& shape = context.input(0).shape;
    const auto* permutation = context.node().attribute<std::vector<std::int64_t>>("perm");
    std::optional<Shape> output;
    if (shape) {
        std::vector<std::int64_t> order(shape->size());
        std::iota(order.rbegin(), order.rend(), 0);
        if (permutation != nullptr) order = *permutation;
        DETECT_TRY_ASSIGN(const auto axes, resolve_axes(context, order, shape->size()));
        if (axes.size() != shape->size()) {
            return context.error("'perm' has " + std::to_string(axes.size()) + " axes for " + to_string(shape));
        }
        output.emplace();
        for (const std::size_t axis : axes) output->push_back((*shape)[axis]);
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> concat(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    std::optional<Shape> output;
    bool all_known = true;
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        if (!context.has_input(i)) return context.error("input " + std::to_string(i) + " is left out");
        DETECT_TRY(require_same_type(context, 0, i));
        const auto& shape = context.input(i).shape;
        all_known = all_known && shape.has_value();
        if (!shape) continue;
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", 0), shape->size()));
        if (!output) {
            output = shape;
            continue;
        }
        bool fits = output->size() == shape->size();
        for (std::size_t d = 0; fits && d < shape->size(); ++d) fits = d == axis || !differ((*output)[d], (*shape)[d]);
        if (!fits) {
            return context.error("input " + std::to_string(i) + " is " + to_string(shape) +
                                 ", which does not fit the others: " + to_string(output));
        }
        for (std::size_t d = 0; d < shape->size(); ++d) {
            if (d != axis) {
                (*output)[d] = better_known((*output)[d], (*shape)[d]);
                continue;
            }
            const auto& a = (*output)[d].size;
            const auto& b = (*shape)[d].size;
            const auto sum = a && b ? checked_add(*a, *b) : std::nullopt;
            (*output)[d] = sum ? Dim(*sum) : Dim{};
        }
    }
    if (output && !all_known) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", 0), output->size()));
        (*output)[axis] = Dim{};
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// The parts' sizes along the axis; empty if they are not known.
Result<std::vector<std::int64_t>> split_sizes(const ShapeContext& context, const Dim& whole) {
    const std::size_t parts = context.outputs().size();
    DETECT_TRY_ASSIGN(const IntegerList given, integer_list(context, "split", 1, 13));
    if (given.absent) {
        if (!whole.size) return std::vector<std::int64_t>{};
        const auto count = static_cast<std::int64_t>(parts);
        if (*whole.size % count != 0) {
            return context.error(std::to_string(*whole.size) + " elements cannot be split into " +
                                 std::to_string(count) + " equal parts");
        }
        return std::vector<std::int64_t>(parts, *whole.size / count);
    }
    if (!given.values) return std::vector<std::int64_t>{};
    if (given.values->size() != parts) {
        return context.error("names " + std::to_string(given.values->size()) + " parts, but has " +
                             std::to_string(parts) + " outputs");
    }
    std::int64_t sum = 0;
    for (const std::int64_t size : *given.values) {
        const auto next = size < 0 ? std::nullopt : checked_add(sum, size);
        if (!next) return context.error("a part has the impossible size " + std::to_string(size));
        sum = *next;
    }
    if (whole.size && sum != *whole.size) {
        return context.error("the parts add up to " + std::to_string(sum) + ", the axis has " +
                             std::to_string(*whole.size));
    }
    return *given.values;
}

Result<void> split(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    const auto& shape = context.input(0).shape;
    const std::size_t parts = context.outputs().size();
    if (!shape) {
        for (std::size_t i = 0; i < parts; ++i) context.set_output(i, context.input(0).type, std::nullopt);
        return {};
    }
    DETECT_TRY_ASSIGN(const std::size_t axis, resolve_axis(context, context.node().int_or("axis", 0), shape->size()));
    DETECT_TRY_ASSIGN(const auto sizes, split_sizes(context, (*shape)[axis]));
    for (std::size_t i = 0; i < parts; ++i) {
        Shape part = *shape;
        part[axis] = sizes.empty() ? Dim{} : Dim(sizes[i]);
        context.set_output(i, context.input(0).type, std::move(part));
    }
    return {};
}

Result<void> slice(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY_ASSIGN(const IntegerList starts, integer_list(context, "starts", 1, 10));
    DETECT_TRY_ASSIGN(const IntegerList ends, integer_list(context, "ends", 2, 10));
    DETECT_TRY_ASSIGN(const IntegerList axes, integer_list(context, "axes", 3, 10));
    if (starts.absent || ends.absent) return context.error("'starts' and 'ends' are needed");
    DETECT_TRY(require_type(context, 4, index_types));
    const auto& shape = context.input(0).shape;
    if (!shape || (!axes.absent && !axes.values)) {
        context.set_output(0, context.input(0).type,
                           shape ? std::optional(unknown_shape(shape->size())) : std::nullopt);
        return {};
    }
    Shape output = *shape;
    std::vector<std::int64_t> named(output.size());
    std::iota(named.begin(), named.end(), 0);
    if (axes.values) {
        named = *axes.values;
    } else if (starts.values && starts.values->size() < named.size()) {
        named.resize(starts.values->size());
    }
    DETECT_TRY_ASSIGN(const auto resolved, resolve_axes(context, named, output.size()));
    const bool has_steps = context.has_input(4);
    const auto steps = constant_integers(context.input(4));
    for (const auto* list : {&starts.values, &ends.values, &steps}) {
        if (*list && (*list)->size() != resolved.size()) {
            return context.error("'starts', 'ends', 'axes' and 'steps' differ in length");
        }
    }
    for (std::size_t i = 0; i < resolved.size(); ++i) {
        Dim& dim = output[resolved[i]];
        if (steps && (*steps)[i] == 0) return context.error("a step is 0");
        if (!starts.values || !ends.values || (has_steps && !steps)) {
            dim = Dim{};
            continue;
        }
        const std::int64_t start = (*starts.values)[i];
        const std::int64_t end = (*ends.values)[i];
        const std::int64_t step = steps ? (*steps)[i] : 1;
        // Taking everything keeps a size that is only known by name.
        const bool takes_all = start == 0 && step == 1 && end >= INT32_MAX;
        if (dim.size) {
            dim = resolve_slice(start, end, step, *dim.size).count;
        } else if (!takes_all) {
            dim = Dim{};
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> check_pad_mode(const ShapeContext& context) {
    const std::string mode = context.node().string_or("mode", "constant");
    if (mode == "constant" || mode == "reflect" || mode == "edge") return {};
    return context.error("mode is '" + mode + "', expected constant, reflect or edge");
}

Result<void> pad(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(check_pad_mode(context));
    DETECT_TRY_ASSIGN(const IntegerList pads, integer_list(context, "pads", 1, 11));
    if (pads.absent) return context.error("'pads' is missing");
    if (context.has_input(2)) {
        DETECT_TRY(require_same_type(context, 0, 2));
        const auto& value = context.input(2).shape;
        if (value && product(*value, 0, value->size()).size.value_or(1) != 1) {
            return context.error("the padding value must be a single number");
        }
    }
    const auto& shape = context.input(0).shape;
    if (!shape) {
        context.set_output(0, context.input(0).type, std::nullopt);
        return {};
    }
    Shape output(shape->size());
    if (pads.values) {
        const std::size_t rank = shape->size();
        if (pads.values->size() != 2 * rank) {
            return context.error("'pads' has " + std::to_string(pads.values->size()) + " values for " +
                                 std::to_string(rank) + " dimensions, expected " + std::to_string(2 * rank));
        }
        const bool reflects = context.node().string_or("mode", "constant") == "reflect";
        for (std::size_t i = 0; i < rank; ++i) {
            const std::int64_t before = (*pads.values)[i];
            const std::int64_t after = (*pads.values)[rank + i];
            const Dim& dim = (*shape)[i];
            if (before == 0 && after == 0) output[i] = dim;
            if (!dim.size) continue;
            const auto front = checked_add(*dim.size, before);
            const auto size = front ? checked_add(*front, after) : std::nullopt;
            if (!size || *size < 0)
                return context.error("the padded size of axis " + std::to_string(i) + " is impossible");
            if (reflects &&
                (before >= std::max(*dim.size, std::int64_t{1}) || after >= std::max(*dim.size, std::int64_t{1}))) {
                return context.error("reflects further than axis " + std::to_string(i) + " is long");
            }
            output[i] = *size;
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> tile(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    DETECT_TRY_ASSIGN(const auto length, vector_length(context, 1));
    const auto& shape = context.input(0).shape;
    if (!shape) {
        context.set_output(0, context.input(0).type, std::nullopt);
        return {};
    }
    if (length && *length != static_cast<std::int64_t>(shape->size())) {
        return context.error("has " + std::to_string(*length) + " repeats for " + to_string(shape));
    }
    Shape output(shape->size());
    if (const auto repeats = constant_integers(context.input(1))) {
        for (std::size_t i = 0; i < output.size(); ++i) {
            const std::int64_t repeat = (*repeats)[i];
            if (repeat < 0) return context.error("a repeat is " + std::to_string(repeat));
            const Dim& dim = (*shape)[i];
            if (repeat == 1) output[i] = dim;
            if (!dim.size) continue;
            const auto size = checked_mul(*dim.size, repeat);
            if (!size) return context.error("the tiled size of axis " + std::to_string(i) + " is too large");
            output[i] = *size;
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// Channels and pixels trade places: `block`² channels of a pixel become a block of pixels, or the other way round.
Result<void> trade_depth(ShapeContext& context, bool to_space) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_rank(context, 0, 4));
    const std::int64_t block = context.node().int_or("blocksize", 0);
    if (block < 1 || block > 1 << 15) return context.error("blocksize is " + std::to_string(block));
    const auto& shape = context.input(0).shape;
    if (!shape) {
        context.set_output(0, context.input(0).type, unknown_shape(4));
        return {};
    }
    Shape output{(*shape)[0], Dim{}, Dim{}, Dim{}};
    for (std::size_t axis = 1; axis < 4; ++axis) {
        const auto& size = (*shape)[axis].size;
        if (!size) continue;
        const bool grows = (axis == 1) != to_space;
        const std::int64_t factor = axis == 1 ? block * block : block;
        const auto product = checked_mul(*size, factor);
        if (grows ? !product : *size % factor != 0) {
            return context.error("blocksize " + std::to_string(block) + " does not fit " + to_string(shape));
        }
        output[axis] = grows ? *product : *size / factor;
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> depth_to_space(ShapeContext& context) {
    const std::string mode = context.node().string_or("mode", "DCR");
    if (mode != "DCR" && mode != "CRD") return context.error("mode is '" + mode + "', expected DCR or CRD");
    return trade_depth(context, true);
}

Result<void> space_to_depth(ShapeContext& context) { return trade_depth(context, false); }

Result<void> trilu(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    const auto& shape = context.input(0).shape;
    if (shape && shape->size() < 2) return context.error("needs at least two dimensions, has " + to_string(shape));
    return same_as_input(context);
}

Result<void> reverse_sequence(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, any_type));
    DETECT_TRY(require_type(context, 1, int64_type));
    DETECT_TRY(require_rank(context, 1, 1));
    const std::int64_t time_axis = context.node().int_or("time_axis", 0);
    const std::int64_t batch_axis = context.node().int_or("batch_axis", 1);
    if (time_axis < 0 || time_axis > 1 || batch_axis != 1 - time_axis) {
        return context.error("time_axis and batch_axis must be 0 and 1, or 1 and 0");
    }
    const auto& shape = context.input(0).shape;
    if (shape && shape->size() < 2) return context.error("needs at least two dimensions, has " + to_string(shape));
    const auto& lengths = context.input(1).shape;
    if (shape && lengths && differ((*shape)[static_cast<std::size_t>(batch_axis)], (*lengths)[0])) {
        return context.error("has " + to_string(lengths) + " lengths for a tensor of " + to_string(shape));
    }
    return same_as_input(context);
}

} // namespace

std::vector<Operator> movement_operators() {
    using enum AttributeKind;
    return {
        {.name = "Concat",
         .inputs = at_least(1),
         .attributes = {{"axis", integer, required}},
         .infer = concat,
         .moves_numbers = true},
        {.name = "DepthToSpace",
         .attributes = {{"blocksize", integer, required}, {"mode", text}},
         .infer = depth_to_space},
        {.name = "Pad",
         .inputs = between(1, 3),
         .attributes = {{"mode", text}, {"pads", integers}, {"value", real}},
         .infer = pad},
        {.name = "ReverseSequence",
         .since = 10,
         .inputs = 2,
         .attributes = {{"time_axis", integer}, {"batch_axis", integer}},
         .infer = reverse_sequence},
        {.name = "Slice",
         .inputs = between(1, 5),
         .attributes = {{"starts", integers}, {"ends", integers}, {"axes", integers}},
         .infer = slice,
         .moves_numbers = true},
        {.name = "SpaceToDepth", .attributes = {{"blocksize", integer, required}}, .infer = space_to_depth},
        {.name = "Split",
         .inputs = between(1, 2),
         .outputs = at_least(1),
         .attributes = {{"axis", integer}, {"split", integers}},
         .infer = split,
         .moves_numbers = true},
        {.name = "Tile", .since = 6, .inputs = 2, .infer = tile},
        {.name = "Transpose", .attributes = {{"perm", integers}}, .infer = transpose, .moves_numbers = true},
        {.name = "Trilu", .since = 14, .inputs = between(1, 2), .attributes = {{"upper", integer}}, .infer = trilu},
    };
}

} // namespace detect
