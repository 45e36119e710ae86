// SPDX-License-Identifier: Apache-2.0
#include "export/precision/precision.h"

#include <algorithm>
#include <array>
#include <utility>

namespace detect {

namespace {

constexpr std::array<std::pair<Precision, std::string_view>, 3> names{
    {{Precision::fp32, "fp32"}, {Precision::fp16, "fp16"}, {Precision::int8, "int8"}}};

} // namespace

std::string_view to_string(Precision precision) {
    for (const auto& [known, name] : names) {
        if (known == precision) return name;
    }
    return "";
}

std::optional<Precision> parse_precision(std::string_view text) {
    for (const auto& [precision, name] : names) {
        if (name == text) return precision;
    }
    return std::nullopt;
}

Precision precision_of(const Graph& graph) {
    if (std::ranges::find(graph.nodes, "QuantizeLinear", &Node::op) != graph.nodes.end()) return Precision::int8;
    const bool half = std::ranges::any_of(
        graph.values, [](const Value& value) { return value.constant.type() == DataType::float16; });
    return half ? Precision::fp16 : Precision::fp32;
}

} // namespace detect
