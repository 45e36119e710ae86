// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/patterns.h"
#include "executor/steps/image_transform_step.h"

#include <algorithm>

namespace detect {

namespace {

/// (x − mean) / std, bilinear Resize by `sizes`, constant Pad: torchvision's transform.
struct FoundTransform {
    std::vector<std::size_t> nodes;
    ValueId pictures;
    ValueId sizes;
    ValueId pads;
    ValueId result;
    ImageTransform::Normalisation normalisation;
};

std::optional<std::array<float, 3>> per_channel(const GraphView& graph, ValueId id) {
    const Tensor* tensor = graph.constant(id, DataType::float32);
    if (tensor == nullptr || tensor->dims() != Dims{1, 3, 1, 1}) return std::nullopt;
    const auto data = tensor->data<float>();
    return std::array{data[0], data[1], data[2]};
}

bool is_bilinear_by_size(const Node& resize) {
    return resize.string_or("mode", "nearest") == "linear" &&
           resize.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel" &&
           resize.input(3).present();
}

bool pads_with_zeros(const Node& pad) {
    return pad.string_or("mode", "constant") == "constant" && pad.input(1).present() && !pad.input(2).present();
}

std::optional<FoundTransform> find_transform(const GraphView& graph, std::size_t n) {
    const Node& sub = graph.node(n);
    const auto mean = sub.op == "Sub" ? per_channel(graph, sub.inputs[1]) : std::nullopt;
    if (!mean) return std::nullopt;
    const auto next_of = [&](std::size_t index, std::string_view op) -> std::optional<std::size_t> {
        const ValueId output = graph.node(index).outputs[0];
        const auto next = graph.free_reader(output, op);
        return next && graph.node(*next).inputs[0] == output ? next : std::nullopt;
    };
    const auto div = next_of(n, "Div");
    const auto deviation = div ? per_channel(graph, graph.node(*div).inputs[1]) : std::nullopt;
    if (!deviation) return std::nullopt;
    const auto resize = next_of(*div, "Resize");
    if (!resize || !is_bilinear_by_size(graph.node(*resize))) return std::nullopt;
    const auto pad = next_of(*resize, "Pad");
    if (!pad || !pads_with_zeros(graph.node(*pad))) return std::nullopt;
    // The step's result is channels last: worth it if a convolution reads it, or what makes bytes for one. (Others ask
    // for its shape.)
    const ValueId result = graph.node(*pad).outputs[0];
    const auto reads_maps = [&](std::size_t reader) {
        return graph.node(reader).op == "Conv" || graph.node(reader).op == "QuantizeLinear";
    };
    if (std::ranges::none_of(graph.readers(result), reads_maps)) return std::nullopt;
    return FoundTransform{.nodes = {n, *div, *resize, *pad},
                          .pictures = sub.inputs[0],
                          .sizes = graph.node(*resize).inputs[3],
                          .pads = graph.node(*pad).inputs[1],
                          .result = result,
                          .normalisation = {.mean = *mean, .deviation = *deviation}};
}

Result<void> lower_transform(ProgramBuilder& program, const FoundTransform& found) {
    const std::array<ValueId, 3> inputs{found.pictures, found.sizes, found.pads};
    program.append(make_image_transform(program.kernels(), found.normalisation), program.node(found.nodes.back()).name,
                   program.in_layout(inputs, Layout::plain), {program.slot(found.result, Layout::channels_last)});
    return {};
}

} // namespace

std::optional<Match> match_image_transform(const GraphView& graph, std::size_t node) {
    return as_match(find_transform(graph, node), lower_transform);
}

} // namespace detect
