// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/lowering/quantisation.h"
#include "executor/steps/int8_layer_steps.h"
#include "graph/operators.h"

namespace detect {

namespace {

/// A convolution between quantised values, with what stands before and behind it.
struct FoundInt8Convolution {
    std::vector<std::size_t> nodes;
    /// The one that gives the step its name.
    std::size_t conv = 0;
    /// Bytes.
    ValueId x;
    /// Not there, or squeeze-excite's gate (floats).
    ValueId gate;
    /// Not there, or what is added: bytes if the parameters say so.
    ValueId residual;
    /// Bytes if the parameters say so.
    ValueId result;
    /// The average of the result's pixels.
    std::optional<std::size_t> mean;
    ByteWeights weights;
    Int8ConvParameters parameters;
};

/// (Q → DQ →) Add.
void take_shortcut(const GraphView& graph, FoundInt8Convolution& found) {
    auto shortcut = shortcut_behind(graph, found.result);
    if (!shortcut) {
        const auto quantiser = only_quantiser(graph, found.result);
        const auto back = quantiser ? graph.only_reader(quantiser->bytes) : std::nullopt;
        if (!back || quantisation_of(graph, graph.node(*back)) != quantiser->quantisation) return;
        shortcut = shortcut_behind(graph, graph.node(*back).outputs[0]);
        if (!shortcut) return;
        found.parameters.rounding = quantiser->quantisation;
        found.nodes.insert(found.nodes.end(), {quantiser->node, *back});
    }
    found.nodes.push_back(shortcut->add);
    found.residual = shortcut->other;
    found.result = graph.node(shortcut->add).outputs[0];
    if (const auto bytes = dequantised(graph, shortcut->other)) {
        found.residual = bytes->bytes;
        found.parameters.residual = bytes->quantisation;
    }
}

/// What stands behind it: a shortcut, an activation, Q.
void take_finish(const GraphView& graph, FoundInt8Convolution& found) {
    if (!found.parameters.shape.is_depthwise()) take_shortcut(graph, found);
    if (const auto activation = activation_behind(graph, found.result)) {
        found.nodes.insert(found.nodes.end(), activation->nodes.begin(), activation->nodes.end());
        found.parameters.shape.activation = activation->activation;
        found.result = activation->result;
    }
    if (const auto quantiser = only_quantiser(graph, found.result)) {
        found.nodes.push_back(quantiser->node);
        found.parameters.output = quantiser->quantisation;
        found.result = quantiser->bytes;
    }
}

/// x → Mul by squeeze-excite's gate → Q → DQ → the convolution, where nothing else reads what is between.
void take_gate(const GraphView& graph, const ByteValue& input, FoundInt8Convolution& found) {
    const auto quantiser = quantiser_of(graph, input.bytes);
    if (!quantiser || quantiser->quantisation != input.quantisation) return;
    const ValueId product = graph.node(quantiser->node).inputs[0];
    const auto mul = graph.producer(product, "Mul");
    const ValueId floats = graph.node(input.dequantiser).outputs[0];
    if (!mul || !graph.is_read_once(floats) || !graph.is_read_once(input.bytes) || !graph.is_read_once(product)) return;
    const auto& factors = graph.node(*mul).inputs;
    const bool first_is_gate = has_unit_pixels(graph.value(factors[0]));
    if (first_is_gate == has_unit_pixels(graph.value(factors[1]))) return;
    const ValueId gate = factors[first_is_gate ? 0 : 1];
    const ValueId gated = factors[first_is_gate ? 1 : 0];
    const auto x = dequantised(graph, gated);
    const auto channels = static_cast<std::int64_t>(found.parameters.shape.input_channels);
    const bool fits = (*graph.value(gate).shape)[1].size == channels && graph.value(product).shape &&
                      graph.value(product).shape == graph.value(gated).shape && graph.producer(gate);
    if (!x || !fits) return;
    found.nodes.insert(found.nodes.end(), {*mul, quantiser->node, input.dequantiser});
    found.x = x->bytes;
    found.gate = gate;
    found.parameters.gated = x->quantisation;
}

/// Squeeze-excite asks for the average of what a depthwise convolution's bytes stand for.
void take_mean(const GraphView& graph, FoundInt8Convolution& found) {
    const auto back = graph.only_reader(found.result);
    if (!back) return;
    const ValueId floats = graph.node(*back).outputs[0];
    if (dequantised(graph, floats)) found.mean = mean_of(graph, floats);
}

std::optional<FoundInt8Convolution> find_int8_convolution(const GraphView& graph, std::size_t n) {
    const Node& conv = graph.node(n);
    if (conv.op != "Conv") return std::nullopt;
    const auto x = dequantised(graph, conv.inputs[0]);
    auto weights = x ? byte_weights(graph, conv) : std::nullopt;
    if (!weights) return std::nullopt;
    const Dims& dims = graph.value(weights->bytes).constant.dims();
    const auto shape = dims.rank() == 4 ? convolution_parameters(conv, dims) : std::nullopt;
    if (!shape || !Int8Conv::supports(int8_kernels(graph.isa()), *shape)) return std::nullopt;
    const std::size_t terms = shape->input_channels / shape->groups * shape->kernel_h * shape->kernel_w;
    if (!int8_weights(graph, *weights).fit(x->quantisation.scale, terms)) return std::nullopt;
    FoundInt8Convolution found{
        .nodes = {n},
        .conv = n,
        .x = x->bytes,
        .gate = {},
        .residual = {},
        .result = conv.outputs[0],
        .mean = {},
        .weights = *std::move(weights),
        .parameters = {
            .shape = *shape, .input = x->quantisation, .gated = {}, .rounding = {}, .residual = {}, .output = {}}};
    take_finish(graph, found);
    if (shape->is_depthwise() && !found.parameters.output) return std::nullopt;
    if (shape->is_pointwise()) take_gate(graph, *x, found);
    if (shape->is_depthwise()) take_mean(graph, found);
    return found;
}

Result<std::shared_ptr<const Int8Conv>> prepared_int8(ProgramBuilder& program, const FoundInt8Convolution& found) {
    auto& all = program.prepared().int8_convolutions;
    const ValueId bytes = found.weights.bytes;
    const auto [first, last] = all.equal_range(bytes.index);
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second->parameters() == found.parameters) return entry->second;
    }
    auto made =
        Int8Conv::prepare(program.int8_kernels(), found.parameters, int8_weights(program.view(), found.weights));
    if (!made) return Error{made.error().code, describe(program.node(found.conv)) + ": " + made.error().message};
    program.release_at_end(bytes);
    return all.emplace(bytes.index, std::make_shared<const Int8Conv>(*std::move(made)))->second;
}

Result<void> lower_int8_convolution(ProgramBuilder& program, const FoundInt8Convolution& found) {
    std::vector<std::int32_t> inputs{program.in_layout(found.x, Layout::channels_last)};
    for (const ValueId id : {found.gate, found.residual}) {
        if (!id.present()) continue;
        DETECT_TRY(program.require(id));
        inputs.push_back(program.in_layout(id, Layout::channels_last));
    }
    std::vector<std::int32_t> outputs{program.slot(found.result, Layout::channels_last)};
    if (found.mean) outputs.push_back(program.slot(program.node(*found.mean).outputs[0], Layout::channels_last));
    DETECT_TRY_ASSIGN(auto convolution, prepared_int8(program, found));
    auto step = found.parameters.shape.is_depthwise()
                    ? make_int8_inverted_residual_step({nullptr, std::move(convolution), nullptr}, false)
                    : make_int8_convolution_step(std::move(convolution), found.residual.present());
    program.append(std::move(step), program.node(found.conv).name, std::move(inputs), std::move(outputs));
    return {};
}

} // namespace

std::optional<Match> match_int8_convolution(const GraphView& graph, std::size_t node) {
    auto found = find_int8_convolution(graph, node);
    const auto mean = found ? found->mean : std::nullopt;
    auto match = as_match(std::move(found), lower_int8_convolution);
    if (match) match->reads_bytes = true;
    if (mean) match->side_nodes.push_back(*mean);
    return match;
}

} // namespace detect
