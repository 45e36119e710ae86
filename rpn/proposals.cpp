// SPDX-License-Identifier: Apache-2.0
#include "rpn/proposals.h"

#include "postprocess/box_coding.h"
#include "postprocess/ragged.h"

namespace detect {

namespace {

constexpr float min_proposal_side = 1e-3F;

/// The best anchors of one level.
struct Candidates {
    ValueId logits;  // [batch, K]
    ValueId deltas;  // [batch, K, 4]
    ValueId anchors; // [batch, K, 4]
    ValueId count;   // int64 [1]: K
};

/// The top N by logit; equal logits keep the lower anchor.
Candidates add_level_candidates(GraphBuilder& b, const RpnLevel& level, const ProposalSettings& settings) {
    const ValueId top_n = b.setting("rpn_pre_nms_top_n", Tensor::of<std::int64_t>({1}, {settings.pre_nms_top_n}));
    const ValueId count = b.min(top_n, b.size_of(level.output.logits, 1));
    const auto top = b.nodes("TopK", {level.output.logits, count}, {{"axis", std::int64_t{1}}}, 2);
    return {.logits = top[0],
            .deltas = add_gather_rows(b, level.output.deltas, top[1], 4),
            .anchors = b.gather(level.anchors, top[1], 0),
            .count = count};
}

/// bool [levels, K of all levels]: which candidates stand on which level.
ValueId add_level_mask(GraphBuilder& b, const std::vector<Candidates>& levels) {
    const auto level_count = static_cast<std::int64_t>(levels.size());
    std::vector<ValueId> columns;
    for (std::size_t level = 0; level < levels.size(); ++level) {
        auto one_hot = Tensor::create(DataType::boolean, {level_count, 1});
        if (!one_hot) {
            b.fail(one_hot.error());
            return {};
        }
        one_hot->mutable_data<bool>()[level] = true;
        const ValueId shape = b.concat({b.vector({level_count}), levels[level].count}, 0);
        columns.push_back(b.node("Expand", {b.constant("on_level", *one_hot), shape}));
    }
    return b.concat(columns, 1);
}

} // namespace

Proposals add_proposal_selection(GraphBuilder& b, const std::vector<RpnLevel>& levels, ValueId limits,
                                 const ProposalSettings& settings) {
    const auto scope = b.scope("proposals");
    // 1. The best anchors of each level, all in one list.
    std::vector<Candidates> candidates;
    for (const RpnLevel& level : levels) candidates.push_back(add_level_candidates(b, level, settings));
    const auto all = [&](ValueId Candidates::*part) {
        std::vector<ValueId> parts;
        for (const Candidates& level : candidates) parts.push_back(level.*part);
        return b.concat(std::move(parts), 1);
    };
    const ValueId deltas = all(&Candidates::deltas);   // [batch, S, 4]
    const ValueId anchors = all(&Candidates::anchors); // [batch, S, 4]

    // 2. Decode, clip to the picture without its padding.
    const ValueId boxes = add_clip_boxes(b, add_decode_boxes(b, deltas, anchors, {}), limits);

    // 3. Out (score 0): slivers and what is hardly an object.
    const ValueId zero = b.scalar(0.0F);
    const ValueId score = b.node("Sigmoid", {all(&Candidates::logits)});
    const ValueId threshold = b.setting("rpn_score_threshold", Tensor::of<float>({1}, {settings.score_threshold}));
    const ValueId likely = b.node("GreaterOrEqual", {score, threshold});
    const ValueId keep = b.node("And", {add_large_enough(b, boxes, min_proposal_side), likely});
    const ValueId scores = b.node("Where", {keep, score, zero}); // [batch, S]

    // 4. Non-maximum suppression within each level: levels are the classes of one batched operator, and a candidate
    //    has a score in its own level's row only.
    const ValueId scores_by_level =
        b.node("Where", {b.unsqueeze(add_level_mask(b, candidates), {0}), b.unsqueeze(scores, {1}), zero});
    const ValueId iou = b.setting("rpn_nms_threshold", Tensor::of<float>({1}, {settings.nms_threshold}));
    const ValueId no_threshold = b.vector({0.0F});
    const ValueId selected =
        b.node("NonMaxSuppression", {boxes, scores_by_level, b.size_of(scores, 1), iou, no_threshold});

    // 5. The best of each image over all levels.
    const ValueId image_and_candidate = b.gather(selected, b.vector({std::int64_t{0}, std::int64_t{2}}), 1);
    const ValueId top_n = b.setting("rpn_post_nms_top_n", Tensor::of<std::int64_t>({1}, {settings.post_nms_top_n}));
    const BestPerImage best = add_best_per_image(b, scores, image_and_candidate, top_n);
    const ValueId padded = add_gather_rows(b, boxes, best.positions, 4);

    // 6. One list over all images, without empty places.
    const ValueId taken = b.transpose(b.node("NonZero", {best.taken}), {1, 0});
    const ValueId slots =
        b.node("ReduceMax", {best.counts}, {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{1}}});
    return {.boxes = b.named(b.node("GatherND", {padded, taken}), "proposals"),
            .image = b.named(b.gather(taken, b.scalar(std::int64_t{0}), 1), "proposal_image"),
            .image_and_slot = taken,
            .slots = b.max(slots, b.vector({std::int64_t{1}}))};
}

} // namespace detect
