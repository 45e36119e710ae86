// SPDX-License-Identifier: Apache-2.0
#include "export/precision/half_weights.h"

#include "base/half.h"
#include "base/try.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

namespace detect {

namespace {

constexpr float first_infinite = 65520.0F;

bool fits_into_half(const Value& weight) {
    if (weight.editable || weight.constant.type() != DataType::float32) return false;
    return std::ranges::all_of(weight.constant.data<float>(), [](float w) { return std::abs(w) < first_infinite; });
}

Result<Tensor> to_half(const Tensor& tensor) {
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create_uninitialised(DataType::float16, tensor.dims()));
    std::byte* to = result.mutable_bytes().data();
    for (const float w : tensor.data<float>()) {
        const std::uint16_t half = float_to_half(w);
        std::memcpy(to, &half, sizeof half);
        to += sizeof half;
    }
    return result;
}

} // namespace

Result<Graph> with_half_weights(Graph graph) {
    std::map<ValueId, ValueId> widened;
    for (Node& node : std::exchange(graph.nodes, {})) {
        const bool has_weight = node.domain.empty() && (node.op == "Conv" || node.op == "Gemm");
        const ValueId weight = has_weight ? node.inputs[1] : ValueId{};
        if (graph.is_constant(weight) && !widened.contains(weight) && fits_into_half(graph[weight])) {
            DETECT_TRY_ASSIGN(Tensor half, to_half(graph[weight].constant));
            const std::string name = graph[weight].name;
            const ValueId stored = graph.add_constant(name + "/half", std::move(half));
            Node cast;
            cast.op = "Cast";
            cast.name = graph.unique_name(name + "/Cast");
            cast.inputs = {stored};
            cast.attributes["to"] = static_cast<std::int64_t>(DataType::float32);
            DETECT_TRY_ASSIGN(const auto outputs, graph.add_node(std::move(cast)));
            widened.emplace(weight, outputs[0]);
        }
        if (const auto found = widened.find(weight); found != widened.end()) node.inputs[1] = found->second;
        graph.nodes.push_back(std::move(node));
    }
    graph.remove_unused();
    DETECT_TRY(graph.validate());
    return graph;
}

} // namespace detect
