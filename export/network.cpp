// SPDX-License-Identifier: Apache-2.0
#include "export/network.h"

#include "backbone/feature_pyramid.h"
#include "backbone/image_transform.h"
#include "backbone/mobilenet_v3.h"
#include "base/try.h"
#include "graph/builder.h"
#include "postprocess/box_selection.h"
#include "roi_heads/box_head.h"
#include "rpn/region_proposal_network.h"

namespace detect {

namespace {

void add_outputs(GraphBuilder& b, const DetectionOutputs& outputs, OutputLayout layout) {
    if (layout == OutputLayout::torchvision) {
        b.output("boxes", b.squeeze(outputs.boxes, {0}), Shape{"num_detections", 4});
        b.output("labels", b.squeeze(outputs.labels, {0}), Shape{"num_detections"});
        b.output("scores", b.squeeze(outputs.scores, {0}), Shape{"num_detections"});
        return;
    }
    b.output("boxes", outputs.boxes, Shape{"batch", "num_detections", 4});
    b.output("labels", outputs.labels, Shape{"batch", "num_detections"});
    b.output("scores", outputs.scores, Shape{"batch", "num_detections"});
    b.output("valid_detections", outputs.valid_detections, Shape{"batch"});
}

} // namespace

Result<NetworkDefinition> build_network(const ParameterSource& parameters, std::int64_t classes,
                                        const NetworkSettings& settings, OutputLayout layout) {
    DETECT_TRY(check(settings));
    GraphBuilder b(parameters);
    b.graph().name = "fasterrcnn_mobilenet_v3_large_fpn";

    const Dim batch = layout == OutputLayout::torchvision ? Dim(1) : Dim("batch");
    const ValueId input = b.input("input", DataType::float32, {batch, 3, "height", "width"});
    const TransformedImages transformed = add_image_transform(b, input, settings.transform);
    const FeaturePyramid pyramid = add_feature_pyramid(b, add_mobilenet_v3_large(b, transformed.images));
    const Proposals proposals = add_region_proposal_network(
        b, transformed.images, pyramid.levels(), transformed.resized_limits, settings.anchors, settings.proposals);
    const BoxPredictions predictions = add_box_head(b, pyramid.map_0, proposals, classes);
    const DetectionOutputs outputs = add_box_selection(b,
                                                       {.proposals = proposals.boxes,
                                                        .image_and_slot = proposals.image_and_slot,
                                                        .slots = proposals.slots,
                                                        .scores = predictions.scores,
                                                        .deltas = predictions.deltas,
                                                        .images = input,
                                                        .limits = transformed.resized_limits,
                                                        .to_input_scale = transformed.to_input_scale,
                                                        .classes = classes},
                                                       settings.selection);
    add_outputs(b, outputs, layout);

    std::set<std::string, std::less<>> used = b.used_parameters();
    DETECT_TRY_ASSIGN(Graph graph, b.finish());
    return NetworkDefinition{.graph = std::move(graph), .used_parameters = std::move(used)};
}

} // namespace detect
