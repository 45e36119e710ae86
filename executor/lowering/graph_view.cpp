// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/graph_view.h"

namespace detect {

GraphView::GraphView(const Graph& graph, Isa isa)
    : graph_(&graph), isa_(isa), producers_(graph.producers()), readers_(graph.values.size()),
      is_output_(graph.values.size(), false), claimed_(graph.nodes.size(), false), written_(graph.values.size()) {
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        for (const ValueId id : graph.nodes[n].inputs) {
            if (id.present()) readers_[index_of(id)].push_back(n);
        }
    }
    for (const ValueId id : graph.outputs) is_output_[index_of(id)] = true;
}

std::optional<std::size_t> GraphView::producer(ValueId id) const {
    const std::int32_t node = id.present() ? producers_[index_of(id)] : -1;
    return node < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(node));
}

std::optional<std::size_t> GraphView::producer(ValueId id, std::string_view op) const {
    const auto node = producer(id);
    return node && is_onnx(*node, op) ? node : std::nullopt;
}

std::span<const std::size_t> GraphView::readers(ValueId id) const {
    if (!id.present()) return {};
    return readers_[index_of(id)];
}

std::optional<std::size_t> GraphView::only_reader(ValueId id) const {
    if (readers(id).size() != 1 || is_output(id)) return std::nullopt;
    return readers(id).front();
}

std::optional<std::size_t> GraphView::free_reader(ValueId id) const {
    const auto reader = only_reader(id);
    return reader && is_free(*reader) ? reader : std::nullopt;
}

std::optional<std::size_t> GraphView::free_reader(ValueId id, std::string_view op) const {
    const auto reader = free_reader(id);
    return reader && is_onnx(*reader, op) ? reader : std::nullopt;
}

const Tensor* GraphView::constant(ValueId id, DataType type) const {
    if (!id.present()) return nullptr;
    const Tensor& tensor = value(id).constant;
    return tensor.defined() && tensor.type() == type ? &tensor : nullptr;
}

std::optional<float> GraphView::single_number(ValueId id, ValueId operand) const {
    const Tensor* tensor = constant(id, DataType::float32);
    const auto& shape = value(operand).shape;
    if (tensor == nullptr || tensor->element_count() != 1 || value(id).editable) return std::nullopt;
    if (tensor->dims().rank() > 0 && (!shape || tensor->dims().rank() > shape->size())) return std::nullopt;
    return tensor->data<float>()[0];
}

void GraphView::claim(std::span<const std::size_t> nodes) {
    for (const std::size_t node : nodes) claimed_[node] = true;
}

bool GraphView::is_onnx(std::size_t node, std::string_view op) const {
    return graph_->nodes[node].op == op && graph_->nodes[node].domain.empty();
}

} // namespace detect
