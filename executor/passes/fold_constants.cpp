// SPDX-License-Identifier: Apache-2.0
#include "executor/passes/passes.h"

#include "base/try.h"
#include "executor/reference/kernel.h"
#include "graph/operators.h"

#include <algorithm>
#include <set>

namespace detect {

namespace {

/// What one node's outputs may take.
constexpr std::size_t size_budget = std::size_t{16} << 20;

/// Work out of proportion, in a body as well: such nodes run when the model does.
bool is_laborious(const Node& node) {
    if (!has_bounded_work(node)) return true;
    return std::ranges::any_of(node.attributes, [](const auto& attribute) {
        const auto* body = std::get_if<std::shared_ptr<const Graph>>(&attribute.second);
        return body != nullptr && std::ranges::any_of((*body)->nodes, is_laborious);
    });
}

/// What the outputs will take, if their shapes are known before the run.
std::optional<std::size_t> output_bytes(const Graph& graph, const Node& node) {
    std::size_t bytes = 0;
    for (const ValueId output : node.outputs) {
        if (!output.present()) continue;
        const auto dims = to_dims(graph[output].shape);
        if (!dims) return std::nullopt;
        double elements = 1.0;
        for (const std::int64_t size : *dims) elements *= static_cast<double>(size);
        const double total = elements * static_cast<double>(element_size(graph[output].type));
        if (total > static_cast<double>(size_budget)) return std::nullopt;
        bytes += static_cast<std::size_t>(total);
    }
    return bytes;
}

/// Quantised weights stay as they are: lowering takes them so where it can.
bool is_foldable(const Graph& graph, const Node& node) {
    if (node.op == "DequantizeLinear") return false;
    const bool constants = std::ranges::all_of(
        node.inputs, [&](ValueId id) { return !id.present() || (graph.is_constant(id) && !graph[id].editable); });
    return constants && !is_laborious(node) && find_reference_kernel(node.domain, node.op) != nullptr;
}

/// Weights stored as float16: whatever their size, layers want them as constants.
bool is_widening(const Graph& graph, const Node& node) {
    return node.op == "Cast" && node.domain.empty() && graph[node.inputs[0]].type == DataType::float16 &&
           graph[node.outputs[0]].type == DataType::float32;
}

Result<std::vector<Tensor>> evaluate(const Graph& graph, const Node& node, const KernelContext::Allocator& allocate) {
    std::vector<Tensor> inputs;
    for (const ValueId id : node.inputs) inputs.push_back(id.present() ? graph[id].constant : Tensor{});
    std::vector<Tensor> outputs(node.outputs.size());
    KernelResources resources{.allocate = allocate};
    KernelContext context(node, graph.opset, inputs, outputs, resources);
    DETECT_TRY(find_reference_kernel(node.domain, node.op)(context));
    return outputs;
}

/// Shape of a value whose sizes are all numbers.
std::optional<Tensor> known_shape(const Graph& graph, const Node& node) {
    if (node.op != "Shape" || !node.domain.empty() || node.attribute<std::int64_t>("start") != nullptr ||
        node.attribute<std::int64_t>("end") != nullptr) {
        return std::nullopt;
    }
    const auto dims = to_dims(graph[node.inputs[0]].shape);
    if (!dims) return std::nullopt;
    return Tensor::of<std::int64_t>({static_cast<std::int64_t>(dims->rank())}, dims->sizes());
}

/// Per axis whichever of the two shapes knows more. `declared` wins where both name or neither number an axis.
std::optional<Shape> merged(const std::optional<Shape>& declared, const std::optional<Shape>& inferred) {
    if (!declared) return inferred;
    if (!inferred || inferred->size() != declared->size()) return declared;
    Shape shape = *declared;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        if (!shape[axis].size && (*inferred)[axis].size) shape[axis] = (*inferred)[axis];
    }
    return shape;
}

} // namespace

bool FoldingBudget::take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
}

Result<std::vector<bool>> propagate_constants(Graph& graph, FoldingBudget& budget,
                                              const KernelContext::Allocator& allocate) {
    std::vector<bool> done(graph.nodes.size(), false);
    // Each is widened once: what comes of it is at most twice what there is already.
    std::set<std::int32_t> widened;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        // Constants found so far may have made more of this node's shape known.
        DETECT_TRY_ASSIGN(auto inferred, infer_node(graph, node));
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (!node.outputs[i].present()) continue;
            Value& value = graph[node.outputs[i]];
            value.shape = merged(value.shape, inferred[i].shape);
        }
        if (auto shape = known_shape(graph, node)) {
            graph[node.outputs[0]].constant = *std::move(shape);
            done[n] = true;
            continue;
        }
        if (!is_foldable(graph, node)) continue;
        const bool widens = is_widening(graph, node) && widened.insert(node.inputs[0].index).second;
        const std::optional<std::size_t> bytes = widens ? 0 : output_bytes(graph, node);
        if (bytes && budget.take(*bytes)) {
            DETECT_TRY_ASSIGN(std::vector<Tensor> outputs, evaluate(graph, node, allocate));
            for (std::size_t i = 0; i < outputs.size(); ++i) {
                if (node.outputs[i].present()) graph[node.outputs[i]].constant = std::move(outputs[i]);
            }
            done[n] = true;
        }
    }
    return done;
}

Result<int> fold_constants(Graph& graph, FoldingBudget& budget) {
    DETECT_TRY_ASSIGN(const std::vector<bool> done, propagate_constants(graph, budget, Tensor::create_uninitialised));
    const auto changes = static_cast<int>(std::ranges::count(done, true));
    if (changes == 0) return 0;
    std::vector<Node> kept;
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        if (!done[n]) kept.push_back(std::move(graph.nodes[n]));
    }
    graph.nodes = std::move(kept);
    graph.remove_unused();
    return changes;
}

} // namespace detect
