// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
#include "executor/steps/batched_product_step.h"

#include <algorithm>
#include <utility>

namespace detect {

namespace {

/// A product of two values, the second of which may be transposed first.
struct FoundMatrixProduct {
    std::vector<std::size_t> nodes;
    ValueId a;
    ValueId b;
    bool b_is_transposed = false;
    ValueId result;
};

/// The last two axes change places, all others stay.
bool swaps_last_axes(const Node& transpose) {
    auto order = permutation_of(transpose);
    if (!order || order->size() < 2) return false;
    std::swap(order->back(), (*order)[order->size() - 2]);
    return std::ranges::is_sorted(*order);
}

std::optional<FoundMatrixProduct> find_matrix_product(const GraphView& graph, std::size_t n) {
    const Node& product = graph.node(n);
    if (product.op != "MatMul" || graph.value(product.inputs[0]).type != DataType::float32) return std::nullopt;
    FoundMatrixProduct found{
        .nodes = {n}, .a = product.inputs[0], .b = product.inputs[1], .result = product.outputs[0]};
    const auto transpose = graph.is_read_once(found.b) ? graph.producer(found.b, "Transpose") : std::nullopt;
    if (transpose && swaps_last_axes(graph.node(*transpose))) {
        found.nodes.insert(found.nodes.begin(), *transpose);
        found.b = graph.node(*transpose).inputs[0];
        found.b_is_transposed = true;
    }
    return found;
}

Result<void> lower_matrix_product(ProgramBuilder& program, const FoundMatrixProduct& found) {
    std::vector<std::int32_t> inputs = program.in_layout(std::array{found.a, found.b}, Layout::plain);
    program.append(make_batched_product(program.kernels(), found.b_is_transposed),
                   program.node(found.nodes.back()).name, std::move(inputs),
                   {program.slot(found.result, Layout::plain)});
    return {};
}

} // namespace

std::optional<Match> match_matrix_product(const GraphView& graph, std::size_t node) {
    return as_match(find_matrix_product(graph, node), lower_matrix_product);
}

} // namespace detect
