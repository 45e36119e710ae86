// SPDX-License-Identifier: Apache-2.0
#include "tests/detector/tiny_network.h"

#include "backbone/image_transform.h"
#include "detector/detector_from_graph.h"
#include "graph/builder.h"
#include "postprocess/box_selection.h"
#include "rpn/anchors.h"
#include "rpn/proposals.h"
#include "tests/support/require.h"

#include <cmath>
#include <limits>
#include <random>

namespace detect::test {

namespace {

constexpr std::int64_t classes = 4; // with the background

/// Weights that keep activations at about one size from layer to layer.
class Layers {
public:
    explicit Layers(GraphBuilder& builder) : b_(builder) {}

    ValueId convolution(ValueId x, std::int64_t in, std::int64_t out, std::int64_t kernel = 1, std::int64_t stride = 1,
                        std::int64_t groups = 1) {
        const std::int64_t pad = kernel / 2;
        const std::int64_t fan_in = in / groups * kernel * kernel;
        return b_.node("Conv", {x, weights({out, in / groups, kernel, kernel}, fan_in), weights({out}, 16)},
                       {{"kernel_shape", std::vector<std::int64_t>{kernel, kernel}},
                        {"strides", std::vector<std::int64_t>{stride, stride}},
                        {"pads", std::vector<std::int64_t>{pad, pad, pad, pad}},
                        {"dilations", std::vector<std::int64_t>{1, 1}},
                        {"group", groups}});
    }
    ValueId linear(ValueId x, std::int64_t in, std::int64_t out, float gain = 1.0F) {
        return b_.node("Gemm", {x, weights({out, in}, in, gain), weights({out}, 16)}, {{"transB", std::int64_t{1}}});
    }
    /// Expand, depthwise with stride 2, squeeze-excite, project.
    ValueId inverted_residual(ValueId x, std::int64_t channels, std::int64_t expanded) {
        const ValueId wide = b_.node("HardSwish", {convolution(x, channels, expanded)});
        const ValueId deep = b_.node("HardSwish", {convolution(wide, expanded, expanded, 3, 2, expanded)});
        ValueId gate = b_.node("GlobalAveragePool", {deep});
        gate = b_.node("Relu", {convolution(gate, expanded, 8)});
        gate = b_.node("HardSigmoid", {convolution(gate, 8, expanded)}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
        return convolution(b_.mul(gate, deep), expanded, channels);
    }

private:
    ValueId weights(const Dims& dims, std::int64_t fan_in, float gain = 1.0F) {
        const float range = gain * std::sqrt(6.0F / static_cast<float>(fan_in));
        std::vector<float> values(static_cast<std::size_t>(checked_count(dims)));
        for (float& value : values) {
            value = range * (static_cast<float>(random_() % 20001U) / 10000.0F - 1.0F);
        }
        return b_.constant("weights_" + std::to_string(count_++),
                           Tensor::of<float>(dims, std::span<const float>(values)));
    }
    static std::int64_t checked_count(const Dims& dims) {
        std::int64_t count = 1;
        for (const std::int64_t size : dims) count *= size;
        return count;
    }

    GraphBuilder& b_;
    std::mt19937 random_{7};
    int count_ = 0;
};

Proposals add_proposals(GraphBuilder& b, Layers& layers, const TransformedImages& transformed, ValueId map) {
    const AnchorSettings anchors{.sizes = {24, 48, 96}, .aspect_ratios = {0.5F, 1.0F, 2.0F}};
    const std::int64_t count = anchors.per_location();
    const auto flat = [&](ValueId x, std::initializer_list<std::int64_t> shape) {
        return b.reshape(b.transpose(x, {0, 2, 3, 1}), b.vector(shape));
    };
    const RpnLevel level{.output = {.logits = flat(layers.convolution(map, 16, count), {0, -1}),
                                    .deltas = flat(layers.convolution(map, 16, 4 * count), {0, -1, 4})},
                         .anchors = add_anchors(b, transformed.images, map, anchors)};
    return add_proposal_selection(b, {level}, transformed.resized_limits, {.pre_nms_top_n = 40, .post_nms_top_n = 40});
}

Graph make_graph(const Scale& scale) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    Layers layers(b);
    b.graph().name = "tiny";
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const TransformedImages transformed =
        add_image_transform(b, input, {.min_size = scale.min_size, .max_size = scale.max_size});
    ValueId x = b.node("HardSwish", {layers.convolution(transformed.images, 3, 16, 3, 2)});
    for (int stage = 0; stage < 4; ++stage) x = layers.inverted_residual(x, 16, 32);
    const ValueId map = b.node("Relu", {b.add(layers.convolution(x, 16, 16, 3), x)});
    const Proposals proposals = add_proposals(b, layers, transformed, map);

    const ValueId pooled = b.node("RoiAlign", {map, proposals.boxes, proposals.image},
                                  {{"output_height", std::int64_t{3}},
                                   {"output_width", std::int64_t{3}},
                                   {"sampling_ratio", std::int64_t{2}},
                                   {"spatial_scale", 1.0F / 32.0F},
                                   {"mode", std::string("avg")},
                                   {"coordinate_transformation_mode", std::string("output_half_pixel")}});
    const ValueId features =
        b.node("Relu", {layers.linear(b.node("Flatten", {pooled}, {{"axis", std::int64_t{1}}}), 16 * 9, 32)});
    const ValueId scores = b.node("Softmax", {layers.linear(features, 32, classes, 2.0F)}, {{"axis", std::int64_t{1}}});
    const ValueId deltas =
        b.reshape(layers.linear(features, 32, 4 * classes), b.vector({std::int64_t{0}, classes, std::int64_t{4}}));
    constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
    const DetectionOutputs outputs = add_box_selection(b,
                                                       {.proposals = proposals.boxes,
                                                        .image_and_slot = proposals.image_and_slot,
                                                        .slots = proposals.slots,
                                                        .scores = b.slice(scores, 1, end, 1),
                                                        .deltas = b.slice(deltas, 1, end, 1),
                                                        .images = input,
                                                        .limits = transformed.resized_limits,
                                                        .to_input_scale = transformed.to_input_scale,
                                                        .classes = classes},
                                                       {});
    b.output("boxes", outputs.boxes, Shape{"batch", "num_detections", 4});
    b.output("labels", outputs.labels, Shape{"batch", "num_detections"});
    b.output("scores", outputs.scores, Shape{"batch", "num_detections"});
    b.output("valid_detections", outputs.valid_detections, Shape{"batch"});
    Graph graph = require(b.finish());
    graph.metadata["min_size"] = std::to_string(scale.min_size);
    graph.metadata["max_size"] = std::to_string(scale.max_size);
    graph.metadata["labels"] = R"(["a", "b", "c"])";
    return graph;
}

} // namespace

const Graph& tiny_graph() {
    static const Graph graph = make_graph({});
    return graph;
}

Detector tiny_detector(const DetectorOptions& options) { return require(detector_from_graph(tiny_graph(), options)); }

Detector tiny_detector(const DetectorOptions& options, const Scale& scale) {
    return require(detector_from_graph(make_graph(scale), options));
}

Pixels noise(int width, int height, unsigned seed) {
    Pixels pixels{.width = width, .height = height, .bytes = {}};
    std::mt19937 random(seed);
    // Blobs of 16 pixels: what single pixels hold is gone after scaling.
    const int columns = width / 16 + 1;
    std::vector<std::uint8_t> blobs(static_cast<std::size_t>(columns * (height / 16 + 1)) * 3);
    for (std::uint8_t& value : blobs) value = static_cast<std::uint8_t>(random() & 0xFFU);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            for (int channel = 0; channel < 3; ++channel) {
                pixels.bytes.push_back(blobs[static_cast<std::size_t>((y / 16 * columns + x / 16) * 3 + channel)]);
            }
        }
    }
    return pixels;
}

} // namespace detect::test
