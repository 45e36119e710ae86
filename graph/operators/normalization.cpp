// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

namespace detect {

using namespace rules;

namespace {

/// Inputs [first, last] are vectors with one value per channel (axis 1 of input 0).
Result<void> check_per_channel(const ShapeContext& context, std::size_t first, std::size_t last) {
    const auto& shape = context.input(0).shape;
    const Dim channels = shape ? (shape->size() > 1 ? (*shape)[1] : Dim(1)) : Dim{};
    for (std::size_t i = first; i <= last; ++i) {
        DETECT_TRY(require_type(context, i, float_types));
        DETECT_TRY(require_rank(context, i, 1));
        const auto& given = context.input(i).shape;
        if (given && differ((*given)[0], channels)) {
            return context.error("input " + std::to_string(i) + " is " + to_string(given) +
                                 ", expected one value per channel of " + to_string(shape));
        }
    }
    return {};
}

Result<void> batch_normalization(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    for (const std::size_t i : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}}) {
        DETECT_TRY(require_same_type(context, 0, i));
    }
    if (context.node().int_or("training_mode", 0) != 0) {
        return unsupported(context, "is in training mode; export the model with model.eval()");
    }
    if (context.node().int_or("spatial", 1) == 0) return unsupported(context, "spatial = 0");
    // Before opset 14, more outputs than one meant training.
    for (std::size_t i = 1; i < context.outputs().size(); ++i) {
        if (i < context.node().outputs.size() && context.node().outputs[i].present()) {
            return unsupported(context, "has training outputs; export the model with model.eval()");
        }
    }
    DETECT_TRY(check_per_channel(context, 1, 4));
    return same_as_input(context);
}

Result<void> instance_normalization(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_same_type(context, 0, 2));
    const auto& shape = context.input(0).shape;
    if (shape && shape->size() < 3)
        return context.error("input is " + to_string(shape) + ", expected [batch, channels, sizes...]");
    DETECT_TRY(check_per_channel(context, 1, 2));
    return same_as_input(context);
}

Result<void> layer_normalization(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_same_type(context, 0, 2));
    if (context.node().int_or("stash_type", 1) != 1) return unsupported(context, "stash_type other than 1");
    const auto& shape = context.input(0).shape;
    std::optional<Shape> statistics;
    if (shape) {
        DETECT_TRY_ASSIGN(const std::size_t axis,
                          resolve_axis(context, context.node().int_or("axis", -1), shape->size()));
        for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
            const auto& given = context.input(i).shape;
            if (!given) continue;
            DETECT_TRY_ASSIGN(bool fits, broadcasts_to(context, *given, *shape));
            // Scale and bias repeat over the leading axes.
            const std::size_t own = shape->size() - axis;
            for (std::size_t d = 0; d + own < given->size(); ++d) fits = fits && !differ((*given)[d], 1);
            if (!fits) {
                return context.error("input " + std::to_string(i) + " " + to_string(given) + " does not fit " +
                                     to_string(shape) + " from axis " + std::to_string(axis) + " on");
            }
        }
        statistics = shape;
        for (std::size_t i = axis; i < statistics->size(); ++i) (*statistics)[i] = 1;
    }
    context.set_output(1, DataType::float32, statistics);
    context.set_output(2, DataType::float32, std::move(statistics));
    return same_as_input(context);
}

Result<void> local_response(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    const auto& shape = context.input(0).shape;
    if (shape && shape->size() < 2)
        return context.error("input is " + to_string(shape) + ", expected [batch, channels, ...]");
    const std::int64_t size = context.node().int_or("size", 0);
    if (size < 1 || size > INT32_MAX) return context.error("size is " + std::to_string(size));
    return same_as_input(context);
}

Result<void> lp_normalization(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    const std::int64_t p = context.node().int_or("p", 2);
    if (p != 1 && p != 2) return context.error("p is " + std::to_string(p) + ", expected 1 or 2");
    const auto& shape = context.input(0).shape;
    if (shape) DETECT_TRY(resolve_axis(context, context.node().int_or("axis", -1), shape->size()));
    return same_as_input(context);
}

Result<void> mean_variance(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    const auto* axes = context.node().attribute<std::vector<std::int64_t>>("axes");
    const std::vector<std::int64_t> usual = {0, 2, 3};
    const auto& shape = context.input(0).shape;
    if (shape) DETECT_TRY(resolve_axes(context, axes != nullptr ? *axes : usual, shape->size()));
    return same_as_input(context);
}

} // namespace

std::vector<Operator> normalization_operators() {
    using enum AttributeKind;
    return {
        {.name = "BatchNormalization",
         .since = 7,
         .inputs = 5,
         .outputs = between(1, 5),
         .attributes = {{"epsilon", real}, {"momentum", real}, {"training_mode", integer}, {"spatial", integer}},
         .infer = batch_normalization,
         .takes_weights = true},
        {.name = "InstanceNormalization",
         .inputs = 3,
         .attributes = {{"epsilon", real}},
         .infer = instance_normalization},
        {.name = "LRN",
         .attributes = {{"alpha", real}, {"beta", real}, {"bias", real}, {"size", integer, required}},
         .infer = local_response,
         .work = Work::unbounded},
        {.name = "LayerNormalization",
         .since = 17,
         .inputs = between(2, 3),
         .outputs = between(1, 3),
         .attributes = {{"axis", integer}, {"epsilon", real}, {"stash_type", integer}},
         .infer = layer_normalization,
         .takes_weights = true},
        {.name = "LpNormalization", .attributes = {{"axis", integer}, {"p", integer}}, .infer = lp_normalization},
        {.name = "MeanVarianceNormalization", .since = 9, .attributes = {{"axes", integers}}, .infer = mean_variance},
    };
}

} // namespace detect
