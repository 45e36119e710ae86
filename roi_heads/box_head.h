// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"
#include "rpn/proposals.h"

namespace detect {

/// What the box predictor says about each proposal.
struct BoxPredictions {
    /// float32 [proposals, classes − 1]: softmax probability of every class but the background.
    ValueId scores;
    /// float32 [proposals, classes − 1, 4]: box deltas of the same classes.
    ValueId deltas;
};

/// RoIAlign 7×7, two fully connected layers and the predictors (Ren et al. 2015, He et al. 2017; torchvision
/// TwoMLPHead and FastRCNNPredictor). Every proposal is pooled from map "0": both pooled levels have stride 32, so
/// torchvision's level mapping always picks the first. Parameters: `roi_heads.…`.
/// `feature_map`: float32 [batch, 256, height, width]; `classes` counts the background.
BoxPredictions add_box_head(GraphBuilder& builder, ValueId feature_map, const Proposals& proposals,
                            std::int64_t classes);

} // namespace detect
