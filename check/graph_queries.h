// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace detect::checking {

/// Where values of a graph come from. The graph must outlive it.
class GraphQueries {
public:
    explicit GraphQueries(const Graph& graph) : graph_(graph), producers_(graph.producers()) {}

    [[nodiscard]] const Graph& graph() const { return graph_; }
    /// Null for inputs, constants and inputs that are left out.
    [[nodiscard]] const Node* producer(ValueId id) const;
    /// By node: whether the value depends on it.
    [[nodiscard]] std::vector<bool> ancestors(ValueId id) const;
    /// The nearest node of one of these operators that the value is computed from by way of nodes that only move or
    /// select numbers; null if there is none.
    [[nodiscard]] const Node* source(ValueId id, std::initializer_list<std::string_view> ops) const;

    /// The number, if the value is a constant of one element (float, int64 or int32).
    [[nodiscard]] std::optional<double> number(ValueId id) const;
    /// The numbers, if the value is a constant of one to four elements (of these types): one, or one for each
    /// coordinate of a box. Empty if not.
    [[nodiscard]] std::vector<double> few_numbers(ValueId id) const;
    /// The numbers, if the value is a constant int64 or int32 tensor.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(ValueId id) const;

private:
    const Graph& graph_;
    std::vector<std::int32_t> producers_;
};

/// Calls `visit` with every node of the graph and of the bodies of If and Loop in it, and the graph it stands in.
void for_each_node(const Graph& graph, const std::function<void(const Graph&, const Node&)>& visit);

/// Integers that a node takes as an attribute or, from later opsets on, as a constant input.
[[nodiscard]] std::optional<std::vector<std::int64_t>>
attribute_or_input(const GraphQueries& queries, const Node& node, std::string_view attribute, std::size_t input);

} // namespace detect::checking
