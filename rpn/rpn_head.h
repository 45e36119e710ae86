// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

namespace detect {

struct RpnOutput {
    /// float32 [batch, height · width · A]: objectness logits, ordered (row, column, anchor).
    ValueId logits;
    /// float32 [batch, height · width · A, 4]: box deltas (dx, dy, dw, dh).
    ValueId deltas;
};

/// RPN head (Ren et al. 2015; torchvision RPNHead) on one level; the weights `rpn.head.…` are shared by all levels.
/// `feature_map`: float32 [batch, 256, height, width]. `why` explains the number of anchors in errors.
RpnOutput add_rpn_head(GraphBuilder& builder, ValueId feature_map, std::int64_t anchors_per_location,
                       std::string_view why);

} // namespace detect
