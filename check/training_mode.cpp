// SPDX-License-Identifier: Apache-2.0
#include "check/context.h"

#include <algorithm>

#include <onnx/onnx_pb.h>

namespace detect::checking {

namespace {

bool is_set(const onnx::NodeProto& node, const std::string& attribute) {
    return std::ranges::any_of(node.attribute(),
                               [&](const onnx::AttributeProto& a) { return a.name() == attribute && a.i() != 0; });
}

/// Statistics of the batch in place of those learned; before opset 14 the further outputs said so.
bool normalises_by_batch(const onnx::NodeProto& node) {
    if (node.op_type() != "BatchNormalization") return false;
    return is_set(node, "training_mode") || (node.output_size() > 1 && !node.output(1).empty());
}

} // namespace

Result<void> check_training_mode(const onnx::ModelProto& model, Findings& findings) {
    const auto& nodes = model.graph().node();
    const auto count = std::ranges::count_if(nodes, normalises_by_batch);
    if (count == 0) return {};
    const auto first = std::ranges::find_if(nodes, normalises_by_batch);
    findings.push_back({.severity = Severity::error,
                        .where = "node '" + first->name() + "' (BatchNormalization)",
                        .what = std::to_string(count) + (count == 1 ? " layer was" : " layers were") +
                                " exported in training mode: they normalise by the picture at hand instead of by what "
                                "was learned, so results are wrong and "
                                "depend on the other pictures of a batch",
                        .advice = "call model.eval() before torch.onnx.export, and leave its argument 'training' "
                                  "alone; or make the file from the checkpoint with "
                                  "'detect export'"});
    return {};
}

} // namespace detect::checking
