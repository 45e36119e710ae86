// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/lowering/regions.h"
#include "executor/steps/fully_connected_step.h"
#include "executor/steps/region_product_step.h"
#include "graph/operators.h"

#include <utility>

namespace detect {

namespace {

/// Gemm as torch.nn.Linear exports it for two axes, x · Wᵀ + b or x · W + b, or MatMul and Add as it does for more;
/// with the Flatten or the RoIAlign and Flatten that make its rows.
struct FoundProduct {
    std::vector<std::size_t> nodes;
    /// The one that gives the step its name.
    std::size_t product = 0;
    /// Without regions: a plain tensor.
    ValueId x;
    std::optional<FlattenedRegions> regions;
    /// If they are pooled in the same step.
    std::optional<RegionPooling> pooling;
    ValueId weights;
    /// [n, k], else [k, n].
    bool output_major = false;
    std::size_t k = 0;
    std::size_t n = 0;
    ValueId bias;
    ValueId added;
    ValueId result;
    FullyConnectedParameters parameters;
};

bool is_linear(const Node& node) {
    return node.op == "MatMul" || (node.op == "Gemm" && node.float_or("alpha", 1.0F) == 1.0F &&
                                   node.float_or("beta", 1.0F) == 1.0F && node.int_or("transA", 0) == 0);
}

bool is_bias(const GraphView& graph, ValueId id, std::size_t n) {
    const Tensor* bias = graph.constant(id, DataType::float32);
    return bias != nullptr && bias->dims() == Dims{static_cast<std::int64_t>(n)};
}

/// An Add of a constant, and one of something computed that has as many axes, as far as is known.
void take_sums(const GraphView& graph, FoundProduct& found) {
    const auto take = [&](std::size_t add) {
        found.nodes.push_back(add);
        found.result = graph.node(add).outputs[0];
    };
    if (const auto add = graph.free_reader(found.result, "Add")) {
        const ValueId other = other_input(graph.node(*add), found.result);
        if (is_bias(graph, other, found.n)) {
            found.bias = other;
            take(*add);
        }
    }
    if (const auto add = graph.free_reader(found.result, "Add")) {
        const ValueId other = other_input(graph.node(*add), found.result);
        const auto& shape = graph.value(found.result).shape;
        const auto& other_shape = graph.value(other).shape;
        const bool fits = other != found.result && !graph.value(other).constant.defined() && shape && other_shape &&
                          shape->size() == other_shape->size();
        if (fits) {
            found.added = other;
            found.parameters.adds = true;
            take(*add);
        }
    }
}

/// Flatten of a pooled map: no need to bring it into another order first, if the weights are.
void take_regions(const GraphView& graph, FoundProduct& found) {
    found.regions = graph.is_read_once(found.x) ? flattened_regions(graph, found.x) : std::nullopt;
    if (!found.regions) return;
    found.nodes.insert(found.nodes.begin(), found.regions->flatten);
    if (!graph.is_read_once(found.regions->map) || !graph.is_free(found.regions->roi_align)) return;
    found.pooling = region_pooling(graph, found.regions->roi_align);
    if (found.pooling) found.nodes.insert(found.nodes.begin(), found.pooling->node);
}

std::optional<FoundProduct> find_product(const GraphView& graph, std::size_t index) {
    const Node& product = graph.node(index);
    if (!is_linear(product)) return std::nullopt;
    const Tensor* weights = graph.constant(product.inputs[1], DataType::float32);
    if (weights == nullptr || weights->dims().rank() != 2 || weights->element_count() == 0) return std::nullopt;
    const bool is_gemm = product.op == "Gemm";
    const bool output_major = is_gemm && product.int_or("transB", 0) != 0;
    FoundProduct found{.nodes = {index},
                       .product = index,
                       .x = product.inputs[0],
                       .regions = {},
                       .pooling = {},
                       .weights = product.inputs[1],
                       .output_major = output_major,
                       .k = static_cast<std::size_t>(weights->dims()[output_major ? 1 : 0]),
                       .n = static_cast<std::size_t>(weights->dims()[output_major ? 0 : 1]),
                       .bias = product.input(2),
                       .added = {},
                       .result = product.outputs[0],
                       .parameters = {.keeps_axes = !is_gemm}};
    if (found.bias.present() && !is_bias(graph, found.bias, found.n)) return std::nullopt;
    if (!is_gemm) {
        const auto& shape = graph.value(found.x).shape;
        if (!shape || shape->size() < 2) return std::nullopt;
        take_sums(graph, found);
    }
    if (output_major) take_regions(graph, found);
    if (const auto relu = graph.free_reader(found.result, "Relu")) {
        found.nodes.push_back(*relu);
        found.parameters.activation = Activation::relu;
        found.result = graph.node(*relu).outputs[0];
    }
    return found;
}

std::vector<std::int32_t> product_inputs(ProgramBuilder& program, const FoundProduct& found) {
    if (found.pooling) return region_inputs(program, *found.pooling);
    if (found.regions) return {program.in_layout(found.regions->map, Layout::channels_last)};
    std::vector<std::int32_t> inputs{program.in_layout(found.x, Layout::plain)};
    if (found.added.present()) inputs.push_back(program.in_layout(found.added, Layout::plain));
    return inputs;
}

Result<PackedMatrix> pack(ProgramBuilder& program, const FoundProduct& found) {
    const std::span<const float> bias =
        found.bias.present() ? program.value(found.bias).constant.data<float>() : std::span<const float>();
    Tensor weights = program.take(found.weights);
    if (!found.output_major) {
        return PackedMatrix::pack(program.kernels(), WeightOrder::input_major, weights.data<float>(), found.k, found.n,
                                  bias);
    }
    const std::size_t pixels = found.regions ? found.regions->pixels : 1;
    return PackedMatrix::pack(program.kernels(), std::move(weights), bias, pixels);
}

Result<void> lower_product(ProgramBuilder& program, const FoundProduct& found) {
    const Node& product = program.node(found.product);
    if (found.regions && found.regions->channels * found.regions->pixels != found.k)
        return Error{ErrorCode::bad_model, describe(product) + ": weights do not fit the input"};
    std::vector<std::int32_t> inputs = product_inputs(program, found);
    auto packed = pack(program, found);
    if (!packed) return Error{packed.error().code, describe(product) + ": " + packed.error().message};
    auto step = found.pooling ? make_region_product(program.kernels(), found.pooling->parameters, *std::move(packed),
                                                    found.parameters.activation)
                              : make_fully_connected_step(program.kernels(), *std::move(packed), found.parameters);
    program.append(std::move(step), product.name, std::move(inputs), {program.slot(found.result, Layout::plain)});
    return {};
}

} // namespace

std::optional<Match> match_fully_connected(const GraphView& graph, std::size_t node) {
    return as_match(find_product(graph, node), lower_product);
}

} // namespace detect
