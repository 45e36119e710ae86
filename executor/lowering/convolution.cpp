// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/steps/convolution_step.h"
#include "graph/operators.h"

namespace detect {

namespace {

/// activation(Conv(x · gate) + residual), and the average of its pixels.
struct FoundConvolution {
    std::vector<std::size_t> nodes;
    /// The one that gives the step its name.
    std::size_t conv = 0;
    ValueId x;
    /// Those that are not there are absent.
    ValueId gate;
    ValueId residual;
    ValueId result;
    std::optional<std::size_t> mean;
    ValueId weights;
    ValueId bias;
    Conv2dParameters parameters;
};

void take_finish(const GraphView& graph, FoundConvolution& found) {
    const auto shortcut = found.parameters.is_depthwise() ? std::nullopt : shortcut_behind(graph, found.result);
    if (shortcut) {
        found.nodes.push_back(shortcut->add);
        found.residual = shortcut->other;
        found.result = graph.node(shortcut->add).outputs[0];
    }
    if (const auto activation = activation_behind(graph, found.result)) {
        found.nodes.insert(found.nodes.end(), activation->nodes.begin(), activation->nodes.end());
        found.parameters.activation = activation->activation;
        found.result = activation->result;
    }
}

/// A squeeze-excite gate on the input.
void take_gate(const GraphView& graph, FoundConvolution& found) {
    const auto mul = graph.producer(found.x, "Mul");
    if (!mul || !graph.is_free(*mul) || !graph.is_read_once(found.x) || has_unit_pixels(graph.value(found.x))) return;
    const auto& factors = graph.node(*mul).inputs;
    const bool first_is_gate = has_unit_pixels(graph.value(factors[0]));
    const bool computed = graph.producer(factors[0]) && graph.producer(factors[1]);
    if (first_is_gate == has_unit_pixels(graph.value(factors[1])) || !computed) return;
    found.nodes.insert(found.nodes.begin(), *mul);
    found.x = factors[first_is_gate ? 1 : 0];
    found.gate = factors[first_is_gate ? 0 : 1];
}

std::optional<FoundConvolution> find_convolution(const GraphView& graph, std::size_t n) {
    const Node& conv = graph.node(n);
    if (conv.op != "Conv" || graph.value(conv.inputs[0]).type != DataType::float32) return std::nullopt;
    const Tensor* weights = graph.constant(conv.inputs[1], DataType::float32);
    if (weights == nullptr || weights->dims().rank() != 4 || weights->element_count() == 0) return std::nullopt;
    if (conv.input(2).present() && graph.constant(conv.inputs[2], DataType::float32) == nullptr) return std::nullopt;
    const auto parameters = convolution_parameters(conv, weights->dims());
    if (!parameters) return std::nullopt;
    FoundConvolution found{.nodes = {n},
                           .conv = n,
                           .x = conv.inputs[0],
                           .gate = {},
                           .residual = {},
                           .result = conv.outputs[0],
                           .mean = {},
                           .weights = conv.inputs[1],
                           .bias = conv.input(2),
                           .parameters = *parameters};
    take_finish(graph, found);
    if (parameters->is_pointwise()) take_gate(graph, found);
    if (parameters->is_depthwise()) found.mean = mean_of(graph, found.result);
    return found;
}

Result<std::shared_ptr<const Conv2d>> prepared(ProgramBuilder& program, const FoundConvolution& found) {
    auto& convolution = program.prepared().convolutions[{found.weights.index, found.bias.index}];
    if (convolution != nullptr && convolution->parameters() == found.parameters) return convolution;
    const std::span<const float> bias =
        found.bias.present() ? program.value(found.bias).constant.data<float>() : std::span<const float>();
    const auto weights = program.value(found.weights).constant.data<float>();
    auto made = Conv2d::prepare(program.kernels(), found.parameters, weights, bias);
    if (!made) return Error{made.error().code, describe(program.node(found.conv)) + ": " + made.error().message};
    convolution = std::make_shared<const Conv2d>(*std::move(made));
    return convolution;
}

Result<void> lower_convolution(ProgramBuilder& program, const FoundConvolution& found) {
    std::vector<std::int32_t> inputs{program.in_layout(found.x, Layout::channels_last)};
    for (const ValueId id : {found.gate, found.residual}) {
        if (id.present()) inputs.push_back(program.in_layout(id, Layout::channels_last));
    }
    std::vector<std::int32_t> outputs{program.slot(found.result, Layout::channels_last)};
    if (found.mean) outputs.push_back(program.slot(program.node(*found.mean).outputs[0], Layout::channels_last));
    DETECT_TRY_ASSIGN(auto convolution, prepared(program, found));
    program.release(found.weights);
    const ConvolutionInputs extras{.gate = found.gate.present(), .residual = found.residual.present()};
    program.append(make_convolution_step(std::move(convolution), extras), program.node(found.conv).name,
                   std::move(inputs), std::move(outputs));
    return {};
}

} // namespace

std::optional<Match> match_convolution(const GraphView& graph, std::size_t node) {
    auto found = find_convolution(graph, node);
    const auto mean = found ? found->mean : std::nullopt;
    auto match = as_match(std::move(found), lower_convolution);
    if (mean) match->side_nodes.push_back(*mean);
    return match;
}

} // namespace detect
