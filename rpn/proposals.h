// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"
#include "rpn/rpn_head.h"

#include <vector>

namespace detect {

struct ProposalSettings {
    /// Per level and image, before non-maximum suppression.
    std::int64_t pre_nms_top_n = 1000;
    /// Per image, over all levels, after it.
    std::int64_t post_nms_top_n = 1000;
    float nms_threshold = 0.7F;
    /// Objectness (a probability) of a proposal is at least this.
    float score_threshold = 0.05F;
};

struct RpnLevel {
    RpnOutput output;
    /// float32 [anchors of the level, 4], resized pixels.
    ValueId anchors;
};

/// What the RoI heads look at. Row r of `boxes` belongs to image `image[r]`, where it is number `slot[r]`.
struct Proposals {
    /// float32 [proposals of all images, 4], resized pixels, by image and then descending objectness.
    ValueId boxes;
    /// int64 [proposals of all images].
    ValueId image;
    /// int64 [proposals of all images, 2]: (image, slot).
    ValueId image_and_slot;
    /// int64 [1]: the largest number of proposals of one image, at least 1.
    ValueId slots;
};

/// Selection as in torchvision RegionProposalNetwork.filter_proposals, for any batch and without branches: what is
/// dropped has its score set to 0. `limits`: float32 [4], (w, h, w, h) of the resized pictures.
Proposals add_proposal_selection(GraphBuilder& builder, const std::vector<RpnLevel>& levels, ValueId limits,
                                 const ProposalSettings& settings);

} // namespace detect
