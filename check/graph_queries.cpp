// SPDX-License-Identifier: Apache-2.0
#include "check/graph_queries.h"

#include "graph/operators.h"

#include <algorithm>
#include <set>

namespace detect::checking {

const Node* GraphQueries::producer(ValueId id) const {
    if (!id.present()) return nullptr;
    const std::int32_t index = producers_[static_cast<std::size_t>(id.index)];
    return index < 0 ? nullptr : &graph_.nodes[static_cast<std::size_t>(index)];
}

std::vector<bool> GraphQueries::ancestors(ValueId id) const {
    std::vector<bool> found(graph_.nodes.size(), false);
    std::vector<ValueId> pending{id};
    while (!pending.empty()) {
        const Node* node = producer(pending.back());
        pending.pop_back();
        if (node == nullptr) continue;
        const auto index = static_cast<std::size_t>(node - graph_.nodes.data());
        if (found[index]) continue;
        found[index] = true;
        pending.insert(pending.end(), node->inputs.begin(), node->inputs.end());
    }
    return found;
}

const Node* GraphQueries::source(ValueId id, std::initializer_list<std::string_view> ops) const {
    // Breadth first, so that the nearest is found; a value is looked at once.
    std::vector<ValueId> pending{id};
    std::set<ValueId> seen{id};
    for (std::size_t next = 0; next < pending.size(); ++next) {
        const Node* node = producer(pending[next]);
        if (node == nullptr) continue;
        if (std::ranges::find(ops, node->op) != ops.end()) return node;
        if (!has_trait(*node, &Operator::moves_numbers)) continue;
        const std::size_t count =
            node->op == "Concat" ? node->inputs.size() : std::min<std::size_t>(1, node->inputs.size());
        for (std::size_t i = 0; i < count; ++i) {
            if (seen.insert(node->inputs[i]).second) pending.push_back(node->inputs[i]);
        }
    }
    return nullptr;
}

std::vector<double> GraphQueries::few_numbers(ValueId id) const {
    constexpr std::int64_t coordinates = 4;
    if (!graph_.is_constant(id) || graph_[id].constant.element_count() > coordinates) return {};
    const Tensor& tensor = graph_[id].constant;
    const auto copy = [](auto values) { return std::vector<double>(values.begin(), values.end()); };
    switch (tensor.type()) {
    case DataType::float32: return copy(tensor.data<float>());
    case DataType::float64: return copy(tensor.data<double>());
    case DataType::int64: return copy(tensor.data<std::int64_t>());
    case DataType::int32: return copy(tensor.data<std::int32_t>());
    default: return {};
    }
}

std::optional<double> GraphQueries::number(ValueId id) const {
    const std::vector<double> numbers = few_numbers(id);
    return numbers.size() == 1 ? std::optional(numbers[0]) : std::nullopt;
}

std::optional<std::vector<std::int64_t>> GraphQueries::integers(ValueId id) const {
    if (!graph_.is_constant(id)) return std::nullopt;
    const Tensor& tensor = graph_[id].constant;
    if (tensor.type() == DataType::int64) {
        return std::vector<std::int64_t>(tensor.data<std::int64_t>().begin(), tensor.data<std::int64_t>().end());
    }
    if (tensor.type() == DataType::int32) {
        return std::vector<std::int64_t>(tensor.data<std::int32_t>().begin(), tensor.data<std::int32_t>().end());
    }
    return std::nullopt;
}

void for_each_node(const Graph& graph, const std::function<void(const Graph&, const Node&)>& visit) {
    for (const Node& node : graph.nodes) {
        visit(graph, node);
        for (const auto& [name, attribute] : node.attributes) {
            if (const auto* body = std::get_if<std::shared_ptr<const Graph>>(&attribute)) for_each_node(**body, visit);
        }
    }
}

std::optional<std::vector<std::int64_t>> attribute_or_input(const GraphQueries& queries, const Node& node,
                                                            std::string_view attribute, std::size_t input) {
    if (const auto* values = node.attribute<std::vector<std::int64_t>>(attribute)) return *values;
    return queries.integers(node.input(input));
}

} // namespace detect::checking
