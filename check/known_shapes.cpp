// SPDX-License-Identifier: Apache-2.0
#include "check/known_shapes.h"

#include "graph/geometry.h"
#include "graph/operators.h"

#include <algorithm>

namespace detect::checking {

namespace {

/// The elements of an integer tensor of rank 0 or 1, as far as they are known.
using Elements = std::vector<std::optional<std::int64_t>>;

class KnownShapes {
public:
    explicit KnownShapes(Graph graph) : graph_(std::move(graph)), elements_(graph_.values.size()) {
        for (std::size_t i = 0; i < graph_.values.size(); ++i)
            elements_[i] = constant_elements(graph_.values[i].constant);
    }

    Graph infer() && {
        for (const Node& node : graph_.nodes) {
            refine_by_rule(node);
            if (!node.domain.empty() || node.outputs.empty() || !node.outputs[0].present()) continue;
            if (node.op == "Reshape") refine_reshape(node);
            if (auto elements = compute(node)) elements_[index(node.outputs[0])] = std::move(elements);
        }
        return std::move(graph_);
    }

private:
    static std::size_t index(ValueId id) { return static_cast<std::size_t>(id.index); }

    static std::optional<Elements> constant_elements(const Tensor& tensor) {
        constexpr std::int64_t most = 64; // sizes, not data
        if (tensor.type() != DataType::int64 || tensor.dims().rank() > 1 || tensor.element_count() > most)
            return std::nullopt;
        return Elements(tensor.data<std::int64_t>().begin(), tensor.data<std::int64_t>().end());
    }

    /// What is known of either; sizes that contradict each other are left to the run to complain of.
    static void refine(std::optional<Shape>& shape, const std::optional<Shape>& other) {
        if (!other) return;
        if (!shape || shape->size() != other->size()) {
            shape = other;
            return;
        }
        for (std::size_t axis = 0; axis < shape->size(); ++axis) {
            if (!(*shape)[axis].size && (*other)[axis].size) (*shape)[axis] = (*other)[axis];
        }
    }

    void refine_by_rule(const Node& node) {
        const auto inferred = infer_node(graph_, node);
        if (!inferred) return;
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (node.outputs[i].present()) refine(graph_[node.outputs[i]].shape, (*inferred)[i].shape);
        }
    }

    void refine_reshape(const Node& node) {
        const auto& sizes = elements(node.input(1));
        if (!sizes) return;
        const auto& from = graph_[node.inputs[0]].shape;
        Shape shape(sizes->size());
        for (std::size_t axis = 0; axis < shape.size(); ++axis) {
            const auto size = (*sizes)[axis];
            if (size && *size > 0) shape[axis] = Dim(*size);
            if (size && *size == 0 && from && axis < from->size()) shape[axis] = (*from)[axis];
        }
        refine(graph_[node.outputs[0]].shape, shape);
    }

    [[nodiscard]] const std::optional<Elements>& elements(ValueId id) const {
        static const std::optional<Elements> unknown;
        return id.present() ? elements_[index(id)] : unknown;
    }

    std::optional<Elements> compute(const Node& node) const {
        const ValueId first = node.input(0);
        if (!first.present()) return std::nullopt;
        if (node.op == "Shape") return shape_elements(first);
        if (node.op == "Cast" || node.op == "Identity" || node.op == "Unsqueeze" || node.op == "Squeeze") {
            const auto& passed = elements(first);
            return passed && (node.op == "Cast" || node.op == "Identity" || passed->size() == 1) ? passed
                                                                                                 : std::nullopt;
        }
        if (node.op == "Gather") return gathered(node);
        if (node.op == "Concat") return concatenated(node);
        return std::nullopt;
    }

    std::optional<Elements> shape_elements(ValueId id) const {
        if (!graph_[id].shape) return std::nullopt;
        Elements result;
        for (const Dim& dim : *graph_[id].shape) result.push_back(dim.size);
        return result;
    }

    std::optional<Elements> gathered(const Node& node) const {
        const auto& data = elements(node.input(0));
        const auto& indices = elements(node.input(1));
        if (!data || !indices) return std::nullopt;
        Elements result;
        for (const auto& position : *indices) {
            if (!position) return std::nullopt;
            const auto count = static_cast<std::int64_t>(data->size());
            const std::int64_t from_front = *position < 0 ? *position + count : *position;
            if (from_front < 0 || from_front >= count) return std::nullopt;
            result.push_back((*data)[static_cast<std::size_t>(from_front)]);
        }
        return result;
    }

    std::optional<Elements> concatenated(const Node& node) const {
        Elements result;
        for (const ValueId input : node.inputs) {
            const auto& part = elements(input);
            const bool one_unknown = !part && input.present() && graph_[input].shape == Shape{Dim(1)};
            if (!part && !one_unknown) return std::nullopt;
            if (part) result.insert(result.end(), part->begin(), part->end());
            if (one_unknown) result.emplace_back();
        }
        return result;
    }

    Graph graph_;
    std::vector<std::optional<Elements>> elements_;
};

} // namespace

Graph with_known_shapes(Graph graph) { return KnownShapes(std::move(graph)).infer(); }

} // namespace detect::checking
