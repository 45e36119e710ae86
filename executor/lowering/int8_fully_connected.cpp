// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/lowering/quantisation.h"
#include "executor/lowering/regions.h"
#include "executor/steps/int8_layer_steps.h"
#include "executor/steps/int8_steps.h"
#include "graph/operators.h"

namespace detect {

namespace {

/// RoiAlign → Flatten → Q: its bytes are written in the order in which the product that alone reads them wants them,
/// [pixels, channels].
struct FoundInt8Pooling {
    std::vector<std::size_t> nodes;
    RegionPooling pooling;
    Quantisation output;
    std::size_t pixels = 1;
};

/// A Gemm of quantised values as torch.nn.Linear exports it, with a Relu and Q behind it.
struct FoundInt8Product {
    std::vector<std::size_t> nodes;
    /// The one that gives the step its name.
    std::size_t gemm = 0;
    /// Bytes.
    ValueId x;
    std::optional<FoundInt8Pooling> pooling;
    ByteWeights weights;
    /// Bytes if the parameters say so.
    ValueId result;
    Int8ConvParameters parameters;
};

std::optional<FoundInt8Pooling> find_int8_pooling(const GraphView& graph, const ByteValue& x) {
    const auto quantiser = quantiser_of(graph, x.bytes);
    if (!quantiser) return std::nullopt;
    const ValueId rows = graph.node(quantiser->node).inputs[0];
    const auto regions = flattened_regions(graph, rows);
    const auto pooling = regions ? region_pooling(graph, regions->roi_align) : std::nullopt;
    if (!pooling) return std::nullopt;
    for (const ValueId between : {regions->map, rows, x.bytes, graph.node(x.dequantiser).outputs[0]}) {
        if (!graph.is_read_once(between)) return std::nullopt;
    }
    return FoundInt8Pooling{.nodes = {regions->roi_align, regions->flatten, quantiser->node},
                            .pooling = *pooling,
                            .output = quantiser->quantisation,
                            .pixels = regions->pixels};
}

bool is_byte_product(const Node& gemm) {
    return gemm.op == "Gemm" && gemm.float_or("alpha", 1.0F) == 1.0F && gemm.float_or("beta", 1.0F) == 1.0F &&
           gemm.int_or("transA", 0) == 0 && gemm.int_or("transB", 0) != 0;
}

std::optional<FoundInt8Product> find_int8_product(const GraphView& graph, std::size_t n) {
    const Node& gemm = graph.node(n);
    const auto x = is_byte_product(gemm) ? dequantised(graph, gemm.inputs[0]) : std::nullopt;
    auto weights = x ? byte_weights(graph, gemm) : std::nullopt;
    if (!weights) return std::nullopt;
    const Dims& dims = graph.value(weights->bytes).constant.dims();
    const auto k = static_cast<std::size_t>(dims[1]);
    if (dims.rank() != 2 || !Int8Matrix::supports(int8_kernels(graph.isa()), k, 1)) return std::nullopt;
    if (!int8_weights(graph, *weights).fit(x->quantisation.scale, k)) return std::nullopt;
    FoundInt8Product found{.nodes = {n},
                           .gemm = n,
                           .x = x->bytes,
                           .pooling = find_int8_pooling(graph, *x),
                           .weights = *std::move(weights),
                           .result = gemm.outputs[0],
                           .parameters = {}};
    found.parameters.input = x->quantisation;
    if (const auto relu = graph.free_reader(found.result, "Relu")) {
        found.nodes.push_back(*relu);
        found.parameters.shape.activation = Activation::relu;
        found.result = graph.node(*relu).outputs[0];
    }
    if (const auto quantiser = only_quantiser(graph, found.result)) {
        found.nodes.push_back(quantiser->node);
        found.parameters.output = quantiser->quantisation;
        found.result = quantiser->bytes;
    }
    if (found.pooling && k % found.pooling->pixels != 0) return std::nullopt;
    if (found.pooling) found.nodes.insert(found.nodes.end(), found.pooling->nodes.begin(), found.pooling->nodes.end());
    return found;
}

Result<void> lower_int8_pooling(ProgramBuilder& program, const FoundInt8Pooling& found, ValueId result) {
    for (const ValueId id : found.pooling.inputs) DETECT_TRY(program.require(id));
    std::vector<std::int32_t> inputs = region_inputs(program, found.pooling);
    program.append(
        make_int8_roi_align(program.kernels(), program.int8_kernels(), found.pooling.parameters, found.output),
        program.node(found.pooling.node).name, std::move(inputs), {program.slot(result, Layout::channels_last)});
    return {};
}

Result<void> lower_int8_product(ProgramBuilder& program, const FoundInt8Product& found) {
    if (found.pooling) DETECT_TRY(lower_int8_pooling(program, *found.pooling, found.x));
    const Node& gemm = program.node(found.gemm);
    const std::size_t pixels = found.pooling ? found.pooling->pixels : 1;
    auto packed = Int8Matrix::pack(program.int8_kernels(), int8_weights(program.view(), found.weights), pixels, true,
                                   found.parameters.input, found.parameters.sum_unit());
    if (!packed) return Error{packed.error().code, describe(gemm) + ": " + packed.error().message};
    program.release_at_end(found.weights.bytes);
    const Layout layout = found.parameters.output ? Layout::channels_last : Layout::plain;
    const std::int32_t input = program.in_layout(found.x, Layout::channels_last);
    program.append(make_int8_fully_connected_step(*std::move(packed), found.parameters), gemm.name, {input},
                   {program.slot(found.result, layout)});
    return {};
}

} // namespace

std::optional<Match> match_int8_fully_connected(const GraphView& graph, std::size_t node) {
    auto match = as_match(find_int8_product(graph, node), lower_int8_product);
    if (match) match->reads_bytes = true;
    return match;
}

} // namespace detect
