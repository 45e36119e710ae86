// SPDX-License-Identifier: Apache-2.0
#include "roi_heads/box_head.h"

#include "backbone/feature_pyramid.h"

#include <limits>

namespace detect {

namespace {

constexpr std::int64_t pooled_side = 7;
constexpr std::int64_t hidden_features = 1024;

/// x · Wᵀ + bias. Reads `key`.weight [out, in] and `key`.bias [out].
ValueId add_linear(GraphBuilder& b, ValueId x, const std::string& key, std::int64_t in, std::int64_t out,
                   std::string_view why = "") {
    const ValueId weight = b.parameter(key + ".weight", {out, in}, why);
    const ValueId bias = b.parameter(key + ".bias", {out}, why);
    return b.node("Gemm", {x, weight, bias}, {{"transB", std::int64_t{1}}});
}

} // namespace

BoxPredictions add_box_head(GraphBuilder& b, ValueId feature_map, const Proposals& proposals, std::int64_t classes) {
    const auto scope = b.scope("roi_heads");
    const ValueId pooled = b.node("RoiAlign", {feature_map, proposals.boxes, proposals.image},
                                  {{"output_height", pooled_side},
                                   {"output_width", pooled_side},
                                   {"sampling_ratio", std::int64_t{2}},
                                   {"spatial_scale", 1.0F / 32.0F},
                                   {"mode", std::string("avg")},
                                   {"coordinate_transformation_mode", std::string("output_half_pixel")}});
    const ValueId flat = b.node("Flatten", {pooled}, {{"axis", std::int64_t{1}}});

    const std::string head = "roi_heads.box_head.";
    const std::string predictor = "roi_heads.box_predictor.";
    const std::int64_t pooled_features = pyramid_channels * pooled_side * pooled_side;
    const ValueId fc6 = b.node(
        "Relu", {add_linear(b, flat, head + "fc6", pooled_features, hidden_features, "7×7 pooling of 256 channels")});
    const ValueId fc7 = b.node("Relu", {add_linear(b, fc6, head + "fc7", hidden_features, hidden_features)});
    const ValueId logits = add_linear(b, fc7, predictor + "cls_score", hidden_features, classes);
    const ValueId deltas = add_linear(b, fc7, predictor + "bbox_pred", hidden_features, 4 * classes, "4 per class");

    // Class 0 is the background. The leading 0 of the shape copies the number of proposals, 0 included.
    const std::int64_t end = std::numeric_limits<std::int64_t>::max();
    const ValueId scores = b.node("Softmax", {logits}, {{"axis", std::int64_t{1}}});
    const ValueId deltas_by_class = b.reshape(deltas, b.vector({std::int64_t{0}, classes, std::int64_t{4}}));
    return {.scores = b.named(b.slice(scores, 1, end, 1), "class_scores"),
            .deltas = b.named(b.slice(deltas_by_class, 1, end, 1), "class_deltas")};
}

} // namespace detect
