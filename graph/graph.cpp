// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include "base/try.h"
#include "graph/operators.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace detect {

Shape to_shape(const Dims& dims) { return Shape(dims.begin(), dims.end()); }

std::optional<Dims> to_dims(const std::optional<Shape>& shape) {
    if (!shape || shape->size() > Dims::max_rank) return std::nullopt;
    Dims dims;
    for (const Dim& dim : *shape) {
        if (!dim.size) return std::nullopt;
        dims.push_back(*dim.size);
    }
    return dims;
}

std::string to_string(const std::optional<Shape>& shape) {
    if (!shape) return "[...]";
    std::string text = "[";
    for (const Dim& dim : *shape) {
        if (text.size() > 1) text += ", ";
        text += dim.size ? std::to_string(*dim.size) : (dim.symbol.empty() ? "?" : dim.symbol);
    }
    return text + "]";
}

std::string Graph::unique_name(std::string_view wanted) {
    if (names_.size() < values.size()) {
        for (const Value& value : values) names_.insert(value.name);
    }
    std::string candidate(wanted);
    for (int suffix = 1; names_.contains(candidate); ++suffix) {
        candidate = std::string(wanted) + "_" + std::to_string(suffix);
    }
    return candidate;
}

ValueId Graph::add_value(std::string_view wanted_name, DataType type, std::optional<Shape> shape) {
    std::string unique = unique_name(wanted_name);
    names_.insert(unique);
    values.push_back({.name = std::move(unique), .type = type, .shape = std::move(shape), .constant = {}});
    return ValueId{static_cast<std::int32_t>(values.size() - 1)};
}

ValueId Graph::add_input(std::string_view wanted_name, DataType type, std::optional<Shape> shape) {
    inputs.push_back(add_value(wanted_name, type, std::move(shape)));
    return inputs.back();
}

ValueId Graph::add_constant(std::string_view wanted_name, Tensor tensor) {
    const ValueId id = add_value(wanted_name, tensor.type(), to_shape(tensor.dims()));
    (*this)[id].constant = std::move(tensor);
    return id;
}

Result<std::vector<ValueId>> Graph::add_node(Node node, std::size_t output_count) {
    node.outputs.assign(output_count, ValueId{});
    DETECT_TRY_ASSIGN(auto inferred, infer_node(*this, node));
    for (std::size_t i = 0; i < output_count; ++i) {
        const std::string wanted = output_count == 1 ? node.name : node.name + "." + std::to_string(i);
        node.outputs[i] = add_value(wanted, inferred[i].type, std::move(inferred[i].shape));
    }
    nodes.push_back(std::move(node));
    return nodes.back().outputs;
}

void Graph::replace_uses(ValueId old_value, ValueId new_value) {
    for (Node& node : nodes) std::ranges::replace(node.inputs, old_value, new_value);
    std::ranges::replace(outputs, old_value, new_value);
}

std::vector<int> Graph::use_counts() const {
    std::vector<int> counts(values.size(), 0);
    const auto count = [&](ValueId id) {
        if (id.present()) ++counts[static_cast<std::size_t>(id.index)];
    };
    for (const Node& node : nodes) std::ranges::for_each(node.inputs, count);
    std::ranges::for_each(outputs, count);
    return counts;
}

std::vector<std::int32_t> Graph::producers() const {
    std::vector<std::int32_t> result(values.size(), -1);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const ValueId output : nodes[i].outputs) {
            if (output.present()) result[static_cast<std::size_t>(output.index)] = static_cast<std::int32_t>(i);
        }
    }
    return result;
}

void Graph::remove_unused() {
    std::vector<bool> needed(values.size(), false);
    const auto need = [&](ValueId id) {
        if (id.present()) needed[static_cast<std::size_t>(id.index)] = true;
    };
    std::ranges::for_each(outputs, need);
    std::vector<Node> kept;
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
        const bool used = std::ranges::any_of(
            node->outputs, [&](ValueId id) { return id.present() && needed[static_cast<std::size_t>(id.index)]; });
        if (!used) continue;
        std::ranges::for_each(node->inputs, need);
        std::ranges::for_each(node->outputs, need);
        kept.push_back(std::move(*node));
    }
    std::ranges::reverse(kept);
    nodes = std::move(kept);
    std::ranges::for_each(inputs, need);

    std::vector<ValueId> renumbered(values.size());
    std::vector<Value> kept_values;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!needed[i]) continue;
        renumbered[i] = ValueId{static_cast<std::int32_t>(kept_values.size())};
        kept_values.push_back(std::move(values[i]));
    }
    values = std::move(kept_values);
    names_.clear();
    const auto renumber = [&](ValueId& id) {
        if (id.present()) id = renumbered[static_cast<std::size_t>(id.index)];
    };
    for (Node& node : nodes) {
        std::ranges::for_each(node.inputs, renumber);
        std::ranges::for_each(node.outputs, renumber);
    }
    std::ranges::for_each(inputs, renumber);
    std::ranges::for_each(outputs, renumber);
}

Result<void> Graph::sort_topologically() {
    const std::vector<std::int32_t> producer = producers();
    std::vector<std::vector<std::size_t>> readers(nodes.size());
    std::vector<std::size_t> waiting(nodes.size(), 0);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const ValueId input : nodes[i].inputs) {
            if (!input.present()) continue;
            const std::int32_t from = producer[static_cast<std::size_t>(input.index)];
            if (from < 0) continue;
            readers[static_cast<std::size_t>(from)].push_back(i);
            ++waiting[i];
        }
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (waiting[i] == 0) ready.push(i);
    }
    std::vector<Node> ordered;
    ordered.reserve(nodes.size());
    std::vector<bool> placed(nodes.size(), false);
    while (!ready.empty()) {
        const std::size_t next = ready.top();
        ready.pop();
        for (const std::size_t reader : readers[next]) {
            if (--waiting[reader] == 0) ready.push(reader);
        }
        placed[next] = true;
        ordered.push_back(std::move(nodes[next]));
    }
    if (ordered.size() != nodes.size()) {
        const auto stuck = static_cast<std::size_t>(std::ranges::find(placed, false) - placed.begin());
        return Error{ErrorCode::bad_model, "the graph has a cycle through " + describe(nodes[stuck])};
    }
    nodes = std::move(ordered);
    return {};
}

Result<void> Graph::validate() const {
    std::vector<bool> available(values.size(), false);
    const auto in_range = [&](ValueId id) { return id.index < static_cast<std::int32_t>(values.size()); };
    for (std::size_t i = 0; i < values.size(); ++i) available[i] = values[i].constant.defined();
    for (const ValueId input : inputs) {
        if (!input.present() || !in_range(input)) return Error{ErrorCode::bad_model, "a graph input does not exist"};
        available[static_cast<std::size_t>(input.index)] = true;
    }
    for (const Node& node : nodes) {
        for (const ValueId input : node.inputs) {
            if (!input.present()) continue;
            if (!in_range(input) || !available[static_cast<std::size_t>(input.index)]) {
                return Error{ErrorCode::bad_model, describe(node) + ": reads a value that nothing before it computes"};
            }
        }
        DETECT_TRY_ASSIGN(const auto inferred, infer_node(*this, node));
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            const ValueId output = node.outputs[i];
            if (!output.present()) continue;
            if (!in_range(output) || available[static_cast<std::size_t>(output.index)]) {
                return Error{ErrorCode::bad_model, describe(node) + ": computes a value that exists already"};
            }
            available[static_cast<std::size_t>(output.index)] = true;
            const DataType declared = (*this)[output].type;
            if (inferred[i].type != DataType::undefined && declared != inferred[i].type) {
                return Error{ErrorCode::bad_model, describe(node) + ": output is declared " +
                                                       std::string(to_string(declared)) + ", but is " +
                                                       std::string(to_string(inferred[i].type))};
            }
        }
    }
    for (const ValueId output : outputs) {
        if (!output.present() || !in_range(output) || !available[static_cast<std::size_t>(output.index)]) {
            return Error{ErrorCode::bad_model, "a graph output is computed by no node"};
        }
    }
    return {};
}

} // namespace detect
