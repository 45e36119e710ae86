// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/patterns.h"
#include "executor/lowering/regions.h"
#include "executor/steps/roi_align_step.h"

namespace detect {

namespace {

struct FoundRoiAlign {
    std::vector<std::size_t> nodes;
    RegionPooling pooling;
};

std::optional<FoundRoiAlign> find_roi_align(const GraphView& graph, std::size_t n) {
    const auto pooling = region_pooling(graph, n);
    return pooling ? std::optional(FoundRoiAlign{{n}, *pooling}) : std::nullopt;
}

Result<void> lower_roi_align(ProgramBuilder& program, const FoundRoiAlign& found) {
    const Node& node = program.node(found.pooling.node);
    std::vector<std::int32_t> inputs = region_inputs(program, found.pooling);
    program.append(make_roi_align(program.kernels(), found.pooling.parameters), node.name, std::move(inputs),
                   {program.slot(node.outputs[0], Layout::channels_last)});
    return {};
}

} // namespace

std::optional<Match> match_roi_align(const GraphView& graph, std::size_t node) {
    return as_match(find_roi_align(graph, node), lower_roi_align);
}

} // namespace detect
