// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/steps/row_steps.h"

#include <algorithm>

namespace detect {

namespace {

/// Over the last axis of x: (x - mean) / √(variance + epsilon) · scale + bias.
struct FoundLayerNorm {
    std::vector<std::size_t> nodes;
    /// x, scale, bias; one that is not there is absent or not in the list.
    std::vector<ValueId> inputs;
    float epsilon = 0.F;
    ValueId result;
};

/// ReduceMean over the last axis, which stays as one of one element.
bool is_row_mean(const GraphView& graph, const Node& node) {
    if (node.op != "ReduceMean" || !node.domain.empty() || node.int_or("keepdims", 1) == 0) return false;
    const auto* axes = node.attribute<std::vector<std::int64_t>>("axes");
    return axes != nullptr && axes->size() == 1 && graph.value(node.inputs[0]).type == DataType::float32 &&
           is_last_axis(axes->front(), graph.value(node.inputs[0]));
}

/// A constant with a number for each element of the last axis of x.
bool are_row_weights(const GraphView& graph, ValueId id, ValueId x) {
    const Tensor* weights = graph.constant(id, DataType::float32);
    const auto& shape = graph.value(x).shape;
    return weights != nullptr && shape && !shape->empty() && shape->back().size &&
           weights->dims() == Dims{*shape->back().size};
}

/// d = x - mean(x).
struct FoundDifference {
    std::size_t mean = 0;
    ValueId x;
    ValueId d;
};

std::optional<FoundDifference> find_difference(const GraphView& graph, std::size_t n) {
    const Node& difference = graph.node(n);
    if (difference.op != "Sub") return std::nullopt;
    const ValueId x = difference.inputs[0];
    const auto mean = graph.producer(difference.inputs[1]);
    const bool fits = mean && is_row_mean(graph, graph.node(*mean)) && graph.node(*mean).inputs[0] == x &&
                      graph.is_read_once(difference.inputs[1]);
    return fits ? std::optional(FoundDifference{*mean, x, difference.outputs[0]}) : std::nullopt;
}

/// The two nodes that read d, its square and the quotient.
struct FoundReaders {
    std::size_t square = 0;
    std::size_t quotient = 0;
};

std::optional<FoundReaders> find_readers(const GraphView& graph, ValueId d) {
    const auto readers = graph.readers(d);
    if (readers.size() != 2 || graph.is_output(d)) return std::nullopt;
    const auto square = std::ranges::find_if(readers, [&](std::size_t reader) {
        return graph.node(reader).op == "Pow" && graph.single_number(graph.node(reader).inputs[1], d) == 2.F;
    });
    const auto quotient = std::ranges::find_if(readers, [&](std::size_t reader) {
        return graph.node(reader).op == "Div" && graph.node(reader).inputs[0] == d;
    });
    if (square == readers.end() || quotient == readers.end()) return std::nullopt;
    return FoundReaders{*square, *quotient};
}

/// As it is written before opset 17: d / √(mean(d²) + epsilon) · scale + bias.
std::optional<FoundLayerNorm> find_layer_norm(const GraphView& graph, std::size_t n) {
    const auto difference = find_difference(graph, n);
    const auto readers = difference ? find_readers(graph, difference->d) : std::nullopt;
    if (!readers) return std::nullopt;
    const auto next_of = [&](std::size_t node, std::string_view op) {
        return graph.free_reader(graph.node(node).outputs[0], op);
    };
    const auto variance = next_of(readers->square, "ReduceMean");
    if (!variance || !is_row_mean(graph, graph.node(*variance))) return std::nullopt;
    const auto sum = next_of(*variance, "Add");
    const auto root = sum ? next_of(*sum, "Sqrt") : std::nullopt;
    if (!root || next_of(*root, "Div") != readers->quotient) return std::nullopt;
    const ValueId added = other_input(graph.node(*sum), graph.node(*variance).outputs[0]);
    const auto epsilon = graph.single_number(added, difference->x);
    if (!epsilon) return std::nullopt;

    FoundLayerNorm found{.nodes = {difference->mean, n, readers->square, *variance, *sum, *root, readers->quotient},
                         .inputs = {difference->x},
                         .epsilon = *epsilon,
                         .result = graph.node(readers->quotient).outputs[0]};
    for (const std::string_view op : {"Mul", "Add"}) {
        const auto next = graph.free_reader(found.result, op);
        const ValueId weights = next ? other_input(graph.node(*next), found.result) : ValueId{};
        if (!are_row_weights(graph, weights, difference->x)) break;
        found.nodes.push_back(*next);
        found.inputs.push_back(weights);
        found.result = graph.node(*next).outputs[0];
    }
    return found;
}

std::optional<FoundLayerNorm> find_operator(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (node.op != "LayerNormalization" || !node.domain.empty() || node.outputs.size() != 1) return std::nullopt;
    const ValueId x = node.inputs[0];
    const bool fits = graph.value(x).type == DataType::float32 &&
                      is_last_axis(node.int_or("axis", -1), graph.value(x)) &&
                      are_row_weights(graph, node.inputs[1], x) &&
                      (!node.input(2).present() || are_row_weights(graph, node.inputs[2], x));
    if (!fits) return std::nullopt;
    return FoundLayerNorm{
        .nodes = {n}, .inputs = node.inputs, .epsilon = node.float_or("epsilon", 1e-5F), .result = node.outputs[0]};
}

Result<void> lower_layer_norm(ProgramBuilder& program, const FoundLayerNorm& found) {
    std::vector<std::int32_t> inputs = program.in_layout(found.inputs, Layout::plain);
    program.append(make_layer_norm(program.kernels(), found.epsilon), program.node(found.nodes.back()).name,
                   std::move(inputs), {program.slot(found.result, Layout::plain)});
    return {};
}

} // namespace

std::optional<Match> match_layer_norm(const GraphView& graph, std::size_t node) {
    return as_match(find_layer_norm(graph, node), lower_layer_norm);
}

std::optional<Match> match_layer_norm_operator(const GraphView& graph, std::size_t node) {
    return as_match(find_operator(graph, node), lower_layer_norm);
}

} // namespace detect
