// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/regions.h"

namespace detect {

std::optional<RegionPooling> region_pooling(const GraphView& graph, std::size_t index) {
    const Node& node = graph.node(index);
    const bool averages = node.op == "RoiAlign" && node.domain.empty() && node.string_or("mode", "avg") == "avg" &&
                          graph.value(node.inputs[0]).type == DataType::float32;
    if (!averages) return std::nullopt;
    const std::string default_mode = graph.opset() >= 16 ? "half_pixel" : "output_half_pixel";
    const std::string mode = node.string_or("coordinate_transformation_mode", default_mode);
    return RegionPooling{.node = index,
                         .inputs = {node.inputs[0], node.inputs[1], node.inputs[2]},
                         .parameters = {.pooled_h = static_cast<std::size_t>(node.int_or("output_height", 1)),
                                        .pooled_w = static_cast<std::size_t>(node.int_or("output_width", 1)),
                                        .sampling_ratio = static_cast<std::size_t>(node.int_or("sampling_ratio", 0)),
                                        .spatial_scale = node.float_or("spatial_scale", 1.0F),
                                        .aligned = mode == "half_pixel",
                                        .layout = RoiLayout::channels_last}};
}

std::vector<std::int32_t> region_inputs(ProgramBuilder& program, const RegionPooling& pooling) {
    const auto& [map, rois, pictures] = pooling.inputs;
    return {program.in_layout(map, Layout::channels_last), program.in_layout(rois, Layout::plain),
            program.in_layout(pictures, Layout::plain)};
}

std::optional<FlattenedRegions> flattened_regions(const GraphView& graph, ValueId rows) {
    const auto flatten = graph.producer(rows, "Flatten");
    if (!flatten || graph.node(*flatten).int_or("axis", 1) != 1) return std::nullopt;
    const ValueId map = graph.node(*flatten).inputs[0];
    const auto roi_align = graph.producer(map, "RoiAlign");
    const auto& shape = graph.value(map).shape;
    const bool known = shape && shape->size() == 4 && (*shape)[1].size && (*shape)[2].size && (*shape)[3].size;
    if (!roi_align || !known) return std::nullopt;
    return FlattenedRegions{.roi_align = *roi_align,
                            .flatten = *flatten,
                            .map = map,
                            .channels = static_cast<std::size_t>(*(*shape)[1].size),
                            .pixels = static_cast<std::size_t>(*(*shape)[2].size * *(*shape)[3].size)};
}

} // namespace detect
