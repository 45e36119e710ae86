// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpn/anchors.h"
#include "rpn/proposals.h"

#include <span>

namespace detect {

/// The region proposal network over all levels of the pyramid: head, anchors, selection.
/// `images`: the padded batch; `limits`: see add_proposal_selection.
Proposals add_region_proposal_network(GraphBuilder& builder, ValueId images, std::span<const ValueId> feature_maps,
                                      ValueId limits, const AnchorSettings& anchors, const ProposalSettings& settings);

} // namespace detect
