// SPDX-License-Identifier: Apache-2.0
#include "postprocess/box_selection.h"

#include "postprocess/box_coding.h"
#include "postprocess/ragged.h"

namespace detect {

namespace {

constexpr float min_detection_side = 1e-2F;

/// What scores above the threshold: a proposal and a class each. Boxes of all others are never looked at, so they are
/// not computed: of 1000 proposals and 90 classes a few hundred pairs are left.
struct LikelyPairs {
    ValueId places; // int64 [M, 3]: image, slot, class − 1
    ValueId boxes;  // float32 [M, 4], resized pixels, clipped to the picture
    ValueId scores; // float32 [M]; 0 for slivers
};

LikelyPairs add_likely_pairs(GraphBuilder& b, const BoxSelectionInput& in, ValueId threshold,
                             const std::vector<float>& box_weights) {
    const auto scope = b.scope("likely");
    const ValueId row_and_class = b.node("NonZero", {b.node("Greater", {in.scores, threshold})}); // [2, M]
    const ValueId pairs = b.transpose(row_and_class, {1, 0});
    const ValueId rows = b.gather(row_and_class, b.scalar(std::int64_t{0}), 0);

    // One axis in front: a picture of M boxes, one for each pair.
    const ValueId deltas = b.unsqueeze(b.node("GatherND", {in.deltas, pairs}), {0});
    const ValueId references = b.unsqueeze(b.gather(in.proposals, rows, 0), {0});
    const BoxCodingWeights weights{
        .x = box_weights[0], .y = box_weights[1], .width = box_weights[2], .height = box_weights[3]};
    const ValueId boxes = add_clip_boxes(b, add_decode_boxes(b, deltas, references, weights), in.limits);
    const ValueId scores = b.unsqueeze(b.node("GatherND", {in.scores, pairs}), {0});
    const ValueId judged = b.node("Where", {add_large_enough(b, boxes, min_detection_side), scores, b.scalar(0.0F)});
    return {.places = b.concat({b.gather(in.image_and_slot, rows, 0), b.slice(pairs, 1, 2, 1)}, 1),
            .boxes = b.squeeze(boxes, {0}),
            .scores = b.squeeze(judged, {0})};
}

/// Spreads what belongs to pairs, [M, …], over the images: [batch, slots, classes − 1, …], zeros everywhere else.
ValueId add_spread(GraphBuilder& b, const BoxSelectionInput& in, ValueId places, ValueId values,
                   std::initializer_list<std::int64_t> sizes) {
    const ValueId shape = b.concat({b.size_of(in.images, 0), in.slots, b.vector(sizes)}, 0);
    const ValueId zeros = b.node("ConstantOfShape", {shape}, {{"value", Tensor::of<float>({1}, {0.0F})}});
    return b.node("ScatterND", {zeros, places, values});
}

/// Survivors of non-maximum suppression per class, as int64 [M, 3]: (image, slot, class − 1).
/// Classes have boxes of their own, so each (image, class) pair is a batch entry of the operator.
ValueId add_suppression(GraphBuilder& b, const BoxSelectionInput& in, ValueId boxes, ValueId scores, ValueId threshold,
                        const BoxSelectionSettings& settings) {
    const ValueId classes = b.vector({in.classes - 1});
    const ValueId any = b.vector({std::int64_t{-1}});
    const ValueId boxes_by_pair =
        b.reshape(b.transpose(boxes, {0, 2, 1, 3}), b.concat({any, in.slots, b.vector({std::int64_t{4}})}, 0));
    const ValueId scores_by_pair =
        b.reshape(b.transpose(scores, {0, 2, 1}), b.concat({any, b.vector({std::int64_t{1}}), in.slots}, 0));

    const ValueId iou = b.setting("nms_threshold", Tensor::of<float>({1}, {settings.nms_threshold}));
    const ValueId selected = b.node("NonMaxSuppression", {boxes_by_pair, scores_by_pair, in.slots, iou, threshold});

    const ValueId pair = b.slice(selected, 0, 1, 1);
    const ValueId slot = b.slice(selected, 2, 3, 1);
    const ValueId image = b.div(pair, classes);
    return b.concat({image, slot, b.sub(pair, b.mul(image, classes))}, 1);
}

} // namespace

DetectionOutputs add_box_selection(GraphBuilder& b, const BoxSelectionInput& in, const BoxSelectionSettings& settings) {
    const auto scope = b.scope("detections");
    const std::int64_t classes = in.classes - 1;

    // 1. A box for each proposal and class of a score that counts, clipped to the picture; slivers get score 0.
    const ValueId threshold = b.setting("score_threshold", Tensor::of<float>({1}, {settings.score_threshold}));
    const LikelyPairs likely = add_likely_pairs(b, in, threshold, settings.box_weights);
    const ValueId zero = b.scalar(0.0F);

    // 2. Per image: [batch, slots, classes − 1, 4] and [batch, slots, classes − 1].
    const ValueId boxes = add_spread(b, in, likely.places, likely.boxes, {classes, 4});
    const ValueId scores = add_spread(b, in, likely.places, likely.scores, {classes});

    // 3. Suppress within each class, keep the best of each image.
    const ValueId survivors = add_suppression(b, in, boxes, scores, threshold, settings);
    const ValueId max_detections =
        b.setting("max_detections", Tensor::of<std::int64_t>({1}, {settings.max_detections}));
    const BestPerImage best = add_best_per_image(b, scores, survivors, max_detections);

    // 4. As many columns as the fullest image of the batch needs.
    const ValueId most =
        b.node("ReduceMax", {best.counts}, {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{1}}});
    const ValueId first = b.vector({std::int64_t{0}});
    const auto cut = [&](ValueId x) { return b.node("Slice", {x, first, most, b.vector({std::int64_t{1}})}); };
    const ValueId taken = cut(best.taken);
    const ValueId positions = cut(best.positions);

    // 5. Boxes back in input pixels; labels count from 1. Empty places are zeros.
    const ValueId all_boxes = b.reshape(boxes, b.vector({std::int64_t{0}, std::int64_t{-1}, std::int64_t{4}}));
    const ValueId resized_boxes = add_gather_rows(b, all_boxes, positions, 4);
    const ValueId input_boxes = b.mul(resized_boxes, in.to_input_scale);
    const ValueId labels = b.add(b.node("Mod", {positions, b.vector({classes})}), b.vector({std::int64_t{1}}));
    return {.boxes = b.node("Where", {b.unsqueeze(taken, {2}), input_boxes, zero}),
            .labels = b.node("Where", {taken, labels, b.vector({std::int64_t{0}})}),
            .scores = cut(best.scores),
            .valid_detections = best.counts};
}

} // namespace detect
