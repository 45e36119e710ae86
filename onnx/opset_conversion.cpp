// SPDX-License-Identifier: Apache-2.0
#include "onnx/opset_conversion.h"

#include "base/try.h"
#include "graph/operators.h"

#include <algorithm>
#include <utility>

namespace detect {

namespace {

/// Rebuilds the node list, each node in the form of the target opset.
class Lowering {
public:
    Lowering(Graph graph, int opset) : graph_(std::move(graph)), opset_(opset) {}

    Result<Graph> run() {
        std::vector<Node> nodes = std::exchange(graph_.nodes, {});
        for (Node& node : nodes) DETECT_TRY(lower(std::move(node)));
        graph_.opset = opset_;
        graph_.remove_unused();
        DETECT_TRY(graph_.validate());
        return std::move(graph_);
    }

private:
    Result<void> lower(Node node) {
        if (opset_ < 16 && node.op == "RoiAlign") DETECT_TRY(drop_half_pixel_mode(node));
        if (opset_ < 14 && node.op == "HardSwish") return lower_hard_swish(std::move(node));
        if (opset_ < 13) {
            if (node.op == "Squeeze" || node.op == "Unsqueeze" || node.op == "ReduceSum")
                DETECT_TRY(axes_to_attribute(node));
            if (node.op == "Softmax") DETECT_TRY(require_last_axis(node));
            if (node.op == "Resize") fill_resize_inputs(node);
        }
        if (opset_ < 12) {
            if (node.op == "GreaterOrEqual") return lower_comparison(std::move(node), "Less");
            if (node.op == "LessOrEqual") return lower_comparison(std::move(node), "Greater");
            const bool integers = graph_[node.outputs[0]].type == DataType::int64;
            if (integers && node.op == "Min") return lower_extremum(std::move(node), "Less");
            if (integers && node.op == "Max") return lower_extremum(std::move(node), "Greater");
        }
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    Error no_counterpart(const Node& node, std::string_view what) const {
        return {ErrorCode::unsupported,
                describe(node) + ": opset " + std::to_string(opset_) + " cannot express " + std::string(what)};
    }

    /// Before opset 16 RoiAlign knows one mode: the one that opset 16 calls output_half_pixel.
    Result<void> drop_half_pixel_mode(Node& node) const {
        if (node.string_or("coordinate_transformation_mode", "half_pixel") != "output_half_pixel") {
            return no_counterpart(node, "half-pixel RoiAlign");
        }
        node.attributes.erase("coordinate_transformation_mode");
        return {};
    }

    /// x · hard_sigmoid(x), with 1/6 and 1/2.
    Result<void> lower_hard_swish(Node node) {
        const ValueId x = node.inputs[0];
        const ValueId gate =
            append("HardSigmoid", node, "gate", {x}, graph_[x].type, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}});
        node.op = "Mul";
        node.inputs = {x, gate};
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    Result<void> axes_to_attribute(Node& node) const {
        const ValueId axes = node.input(1);
        if (!axes.present()) return {};
        if (!graph_.is_constant(axes)) return no_counterpart(node, "axes that are not constant");
        const auto values = graph_[axes].constant.data<std::int64_t>();
        node.attributes["axes"] = std::vector<std::int64_t>(values.begin(), values.end());
        node.inputs.resize(1);
        return {};
    }

    /// Before opset 13 Softmax flattens all axes from `axis` on into one: the same thing for the last axis only.
    Result<void> require_last_axis(Node& node) const {
        const auto& shape = graph_[node.inputs[0]].shape;
        const std::int64_t axis = node.int_or("axis", -1);
        if (!shape || (axis != -1 && axis != static_cast<std::int64_t>(shape->size()) - 1)) {
            return no_counterpart(node, "Softmax over an inner axis");
        }
        node.attributes["axis"] = static_cast<std::int64_t>(shape->size()) - 1;
        return {};
    }

    /// Opset 11 wants tensors of no elements where later ones allow inputs to be left out.
    void fill_resize_inputs(Node& node) {
        for (const std::size_t index : {std::size_t{1}, std::size_t{2}}) {
            if (index < node.inputs.size() && !node.inputs[index].present()) {
                node.inputs[index] = graph_.add_constant(node.name + "/left_out", Tensor::of<float>({0}, {}));
            }
        }
    }

    /// a >= b as not (a < b). Differs for NaN only.
    Result<void> lower_comparison(Node node, std::string_view opposite) {
        const ValueId compared = append(opposite, node, "opposite", node.inputs, DataType::boolean, {});
        node.op = "Not";
        node.inputs = {compared};
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    /// min(a, b) of integers as where(a < b, a, b).
    Result<void> lower_extremum(Node node, std::string_view comparison) {
        if (node.inputs.size() != 2) return no_counterpart(node, "Min or Max of other than two integer tensors");
        const ValueId compared = append(comparison, node, "first_wins", node.inputs, DataType::boolean, {});
        node.op = "Where";
        node.inputs = {compared, node.inputs[0], node.inputs[1]};
        graph_.nodes.push_back(std::move(node));
        return {};
    }

    /// A new node in front of `original`, whose output has the shape of `original`'s output.
    ValueId append(std::string_view op, const Node& original, std::string_view suffix, std::vector<ValueId> inputs,
                   DataType type, std::map<std::string, Attribute, std::less<>> attributes) {
        Node node;
        node.op = op;
        node.name = original.name + "/" + std::string(suffix);
        node.inputs = std::move(inputs);
        node.attributes = std::move(attributes);
        node.outputs = {graph_.add_value(node.name, type, graph_[original.outputs[0]].shape)};
        graph_.nodes.push_back(std::move(node));
        return graph_.nodes.back().outputs[0];
    }

    Graph graph_;
    int opset_;
};

} // namespace

Result<Graph> convert_to_opset(Graph graph, int opset) {
    if (opset < oldest_export_opset || opset > newest_export_opset) {
        return Error{ErrorCode::invalid_argument, "opset must be " + std::to_string(oldest_export_opset) + " to " +
                                                      std::to_string(newest_export_opset) + ", not " +
                                                      std::to_string(opset)};
    }
    return Lowering(std::move(graph), opset).run();
}

} // namespace detect
