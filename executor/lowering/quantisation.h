// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/conv.h"
#include "executor/lowering/graph_view.h"

#include <optional>
#include <vector>

/// What patterns read off a quantised graph: QuantizeLinear and DequantizeLinear around operators of floats. Bytes lie
/// as channels-last tensors, signed ones shifted by 128.
namespace detect {

/// What a QuantizeLinear or DequantizeLinear of one scale makes of its other side.
[[nodiscard]] std::optional<Quantisation> quantisation_of(const GraphView& graph, const Node& node);

/// Computed bytes that a value is dequantised from.
struct ByteValue {
    ValueId bytes;
    Quantisation quantisation;
    std::size_t dequantiser = 0;
};
[[nodiscard]] std::optional<ByteValue> dequantised(const GraphView& graph, ValueId id);

/// A QuantizeLinear of one scale.
struct Quantiser {
    std::size_t node = 0;
    ValueId bytes;
    Quantisation quantisation;
};
/// The one reader of a value, if it is a quantiser that no step has yet.
[[nodiscard]] std::optional<Quantiser> only_quantiser(const GraphView& graph, ValueId id);
/// What makes these bytes, if it is a quantiser.
[[nodiscard]] std::optional<Quantiser> quantiser_of(const GraphView& graph, ValueId bytes);

/// The trained bytes of a Conv or Gemm, a scale for each output.
struct ByteWeights {
    ValueId bytes;
    std::vector<float> scales;
    std::vector<float> bias;
};
[[nodiscard]] std::optional<ByteWeights> byte_weights(const GraphView& graph, const Node& node);
/// As kernels take them; good for as long as both are there.
[[nodiscard]] Int8Weights int8_weights(const GraphView& graph, const ByteWeights& weights);

} // namespace detect
