// SPDX-License-Identifier: Apache-2.0
#include "export/checkpoint_graph.h"

#include "base/try.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/network_weights.h"
#include "executor/passes/passes.h"
#include "onnx/opset_conversion.h"

#include <nlohmann/json.hpp>

namespace detect {

namespace {

/// Bytes of the constants, plus what a node's own description takes in a file, roughly: names and attributes.
std::size_t described_bytes(const Graph& graph) {
    std::size_t bytes = 0;
    for (const Value& value : graph.values) bytes += value.name.size() + value.constant.byte_count();
    for (const Node& node : graph.nodes) bytes += node.op.size() + node.name.size() + 8 * node.attributes.size();
    return bytes;
}

std::map<std::string, std::string> make_metadata(const CheckpointGraph& result, const Checkpoint& checkpoint) {
    std::map<std::string, std::string> metadata = to_metadata(result.settings);
    metadata["architecture"] = "fasterrcnn_mobilenet_v3_large_fpn";
    metadata[std::string(assumed_settings_key)] = assumed_settings_text(result.sources);
    metadata["num_classes"] = std::to_string(result.classes);
    metadata["input_range"] = "0-1";
    metadata["input_layout"] = "NCHW, RGB";
    metadata["box_format"] = "x1, y1, x2, y2 in input pixels";
    metadata["checkpoint_sha256"] = checkpoint.sha256();
    metadata["producer"] = "detect " DETECT_VERSION;
    if (const auto entry = checkpoint.metadata().find("description"); entry != checkpoint.metadata().end()) {
        metadata["description"] = entry->second;
    }
    return metadata;
}

/// `given`: by the user, not by the checkpoint itself.
Result<void> check_labels(const NetworkSettings& settings, std::int64_t classes, bool given) {
    const auto count = static_cast<std::int64_t>(settings.labels.size());
    const std::int64_t expected = classes - 1;
    if (count == 0 || count == expected) return {};
    std::string message = "labels: " + std::to_string(count) + (count == 1 ? " class name" : " class names") +
                          ", but the checkpoint has " + std::to_string(expected) +
                          (expected == 1 ? " class" : " classes") + " besides the background: ";
    if (count == classes) {
        message += "leave the background out of the names";
    } else if (classes == 91) {
        message += "give 90 names, as 'coco' does, which numbers 80 classes with gaps";
    } else {
        message += "give one name for each, in the order of training";
    }
    return Error{given ? ErrorCode::invalid_argument : ErrorCode::bad_model, message};
}

/// Said once and in terms of settings, rather than of the four tensors that would not fit.
Result<void> check_anchors(const NetworkSettings& settings, const NetworkWeights& weights) {
    const auto scores = weights.find("rpn.head.cls_logits.weight");
    const auto deltas = weights.find("rpn.head.bbox_pred.weight");
    if (!scores || !deltas || scores->dims().rank() != 4 || deltas->dims().rank() != 4) return {};
    const AnchorSettings& anchors = settings.anchors;
    Dims expected = scores->dims();
    expected[0] = anchors.per_location();
    if (scores->dims() == expected || deltas->dims()[0] != 4 * scores->dims()[0]) return {};
    return Error{ErrorCode::bad_model,
                 "tensor rpn.head.cls_logits.weight is " + to_string(scores->dims()) + ", expected " +
                     to_string(expected) + ": it was trained with " + std::to_string(scores->dims()[0]) +
                     " anchors per location, but " + std::to_string(anchors.sizes.size()) + " anchor sizes times " +
                     std::to_string(anchors.aspect_ratios.size()) + " aspect ratios make " +
                     std::to_string(anchors.per_location()) +
                     ": give those of the training, see the setting anchor_sizes and the setting aspect_ratios"};
}

/// What is wrong with a checkpoint, under its name. What is wrong with what was said about it has nothing to do with
/// it.
Error in_file(Error error, const std::filesystem::path& path) {
    if (error.code != ErrorCode::invalid_argument && !error.message.starts_with(path.string()))
        error.message = path.string() + ": " + error.message;
    return error;
}

/// The graph as it is written down, and what was found on the way.
Result<CheckpointGraph> define_network(const Checkpoint& checkpoint, const SettingsOverrides& overrides,
                                       OutputLayout layout, const SettingsFile& settings_file) {
    CheckpointGraph result;
    DETECT_TRY_ASSIGN(const NetworkWeights weights, load_network_weights(checkpoint));
    DETECT_TRY_ASSIGN(ResolvedSettings resolved, resolve_with_sources(checkpoint.metadata(), overrides, settings_file));
    result.settings = std::move(resolved.settings);
    result.sources = std::move(resolved.sources);
    result.classes = weights.class_count();
    result.checkpoint_format = std::string(checkpoint.format());
    DETECT_TRY(check_labels(result.settings, result.classes,
                            overrides.labels.has_value() || settings_file.values.labels.has_value()));
    DETECT_TRY(check_anchors(result.settings, weights));
    DETECT_TRY_ASSIGN(NetworkDefinition definition, build_network(weights, result.classes, result.settings, layout));
    result.unexpected = weights.unexpected(definition.used_parameters);
    result.graph = std::move(definition.graph);
    return result;
}

} // namespace

Result<CheckpointGraph> graph_from_checkpoint(const std::filesystem::path& path, const SettingsOverrides& overrides,
                                              OutputLayout layout, int opset, const SettingsFile& settings_file) {
    DETECT_TRY_ASSIGN(const Checkpoint checkpoint, Checkpoint::open(path));
    auto network = define_network(checkpoint, overrides, layout, settings_file);
    if (!network) return in_file(std::move(network).error(), path);
    CheckpointGraph result = *std::move(network);
    result.nodes_before = result.graph.nodes.size();
    result.bytes_before = described_bytes(result.graph);
    result.training = training_statistics(result.graph);
    DETECT_TRY(run_passes(result.graph, simplification_passes()));
    DETECT_TRY_ASSIGN(result.graph, convert_to_opset(std::move(result.graph), opset));
    result.nodes_after = result.graph.nodes.size();
    result.bytes_after = described_bytes(result.graph);
    result.graph.metadata = make_metadata(result, checkpoint);
    return result;
}

} // namespace detect
