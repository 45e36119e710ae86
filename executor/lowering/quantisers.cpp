// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/lowering/quantisation.h"
#include "executor/lowering/reference.h"
#include "executor/reference/kernel.h"
#include "executor/steps/int8_steps.h"

#include <algorithm>

/// QuantizeLinear and DequantizeLinear that no layer has taken in.
namespace detect {

namespace {

struct FoundQuantiser {
    std::vector<std::size_t> nodes;
    ValueId x;
    ValueId y;
    Quantisation quantisation;
};

/// Bytes lie channels last.
Layout layout_of_floats(const Shape& shape) { return shape.size() == 4 ? Layout::channels_last : Layout::plain; }

std::optional<FoundQuantiser> find_quantise(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (node.op != "QuantizeLinear") return std::nullopt;
    const auto quantisation = quantisation_of(graph, node);
    const Value& x = graph.value(node.inputs[0]);
    if (!quantisation || x.type != DataType::float32 || !x.shape || x.constant.defined()) return std::nullopt;
    return FoundQuantiser{{n}, node.inputs[0], node.outputs[0], *quantisation};
}

Result<void> lower_quantise(ProgramBuilder& program, const FoundQuantiser& found) {
    const std::int32_t input = program.in_layout(found.x, layout_of_floats(*program.value(found.x).shape));
    program.append(make_quantise_step(program.int8_kernels(), found.quantisation),
                   program.node(found.nodes.front()).name, {input}, {program.slot(found.y, Layout::channels_last)});
    return {};
}

/// Of computed bytes: done when somebody wants floats, which a layer of bytes does not.
std::optional<FoundQuantiser> find_dequantise(const GraphView& graph, std::size_t n) {
    const ValueId y = graph.node(n).outputs[0];
    const auto x = graph.node(n).op == "DequantizeLinear" ? dequantised(graph, y) : std::nullopt;
    return x ? std::optional(FoundQuantiser{{n}, x->bytes, y, x->quantisation}) : std::nullopt;
}

Result<void> lower_dequantise(ProgramBuilder& program, const FoundQuantiser& found) {
    const Node& node = program.node(found.nodes.front());
    const auto& shape = program.value(found.y).shape;
    if (!program.view().is_written(found.x, Layout::channels_last) || !shape)
        return append_reference(program, node, Layout::plain);
    program.append(make_dequantise_step(program.int8_kernels(), found.quantisation), node.name,
                   {program.slot(found.x, Layout::channels_last)}, {program.slot(found.y, layout_of_floats(*shape))});
    return {};
}

struct FoundWeights {
    std::vector<std::size_t> nodes;
    /// Whether somebody reads them as floats: layers of bytes have packed them as they are.
    bool floats = false;
};

std::optional<FoundWeights> find_weights(const GraphView& graph, std::size_t n) {
    const Node& unpack = graph.node(n);
    const bool constants = std::ranges::all_of(
        unpack.inputs, [&](ValueId id) { return !id.present() || graph.value(id).constant.defined(); });
    if (unpack.op != "DequantizeLinear" || !constants) return std::nullopt;
    const ValueId weights = unpack.outputs[0];
    const bool floats =
        graph.is_output(weights) ||
        std::ranges::any_of(graph.readers(weights), [&](std::size_t reader) { return graph.is_free(reader); });
    return FoundWeights{{n}, floats};
}

Result<void> unpack_weights(ProgramBuilder& program, const FoundWeights& found) {
    if (!found.floats) return {};
    const Node& unpack = program.node(found.nodes.front());
    std::vector<Tensor> inputs;
    for (const ValueId id : unpack.inputs) inputs.push_back(id.present() ? program.value(id).constant : Tensor{});
    std::vector<Tensor> outputs(1);
    KernelResources resources;
    KernelContext context(unpack, program.view().opset(), inputs, outputs, resources);
    DETECT_TRY(find_reference_kernel("", unpack.op)(context));
    program.set_constant(unpack.outputs[0], std::move(outputs[0]));
    return {};
}

} // namespace

std::optional<Match> match_quantise(const GraphView& graph, std::size_t node) {
    return as_match(find_quantise(graph, node), lower_quantise);
}

std::optional<Match> match_dequantise(const GraphView& graph, std::size_t node) {
    auto match = as_match(find_dequantise(graph, node), lower_dequantise);
    if (match) {
        match->when = Match::When::when_read;
        match->reads_bytes = true;
    }
    return match;
}

std::optional<Match> match_unpack_weights(const GraphView& graph, std::size_t node) {
    auto match = as_match(find_weights(graph, node), unpack_weights);
    if (match) match->when = Match::When::at_once;
    return match;
}

} // namespace detect
