// SPDX-License-Identifier: Apache-2.0
#include "rpn/region_proposal_network.h"

namespace detect {

Proposals add_region_proposal_network(GraphBuilder& b, ValueId images, std::span<const ValueId> feature_maps,
                                      ValueId limits, const AnchorSettings& anchors, const ProposalSettings& settings) {
    const auto scope = b.scope("rpn");
    const std::string why = std::to_string(anchors.per_location()) + " anchors per location, for " +
                            std::to_string(anchors.sizes.size()) + " sizes and " +
                            std::to_string(anchors.aspect_ratios.size()) +
                            " aspect ratios: see the setting anchor_sizes and the setting aspect_ratios";
    std::vector<RpnLevel> levels;
    for (const ValueId map : feature_maps) {
        const std::string number = std::to_string(levels.size());
        const auto level_scope = b.scope("level_" + number);
        RpnLevel level{.output = add_rpn_head(b, map, anchors.per_location(), why),
                       .anchors = add_anchors(b, images, map, anchors)};
        level.output.logits = b.named(level.output.logits, "rpn_logits_" + number);
        level.output.deltas = b.named(level.output.deltas, "rpn_deltas_" + number);
        levels.push_back(level);
    }
    return add_proposal_selection(b, levels, limits, settings);
}

} // namespace detect
