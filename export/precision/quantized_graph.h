// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/precision/quantizable_layers.h"
#include "export/precision/value_range.h"

#include <map>
#include <vector>

namespace detect {

/// What becomes 8-bit integers, and how.
struct QuantizationPlan {
    std::vector<QuantizableLayer> layers;
    /// By position in `layers`: whether it computes with integers.
    std::vector<bool> chosen;
    /// At least of all that `quantized_values` names.
    std::map<ValueId, Quantization> activations;
    /// Added to the biases, by position in `layers`; an empty vector is none.
    std::vector<std::vector<float>> bias_corrections;
};

/// How quantised weights and biases are written down.
enum class WeightForm {
    /// Integers with a DequantizeLinear behind them.
    integers,
    /// The same for weights; biases as the floats that theirs come to. TensorRT's DequantizeLinear takes int8 alone
    /// (onnx-tensorrt's docs/operators.md), so that biases in int32 make it refuse a file.
    integers_and_float_biases,
    /// The floats that those come to: what is computed is the same, in any engine without a path for integers.
    rounded_floats,
};

/// The zero point as QuantizeLinear takes it: uint8 or int8, which is what the integers are.
[[nodiscard]] Tensor zero_point_tensor(const Quantization& quantization);

/// The first opset that has scales per channel.
inline constexpr int least_quantized_opset = 13;

/// The graph in QDQ form. Each quantised value has one QuantizeLinear and one DequantizeLinear behind it, which every
/// reader but the layers that stay in floats reads. Weights are symmetric int8 per output channel, biases multiples of
/// the product of the scales of input and weight, in int32 or as floats. From `least_quantized_opset` on.
[[nodiscard]] Result<Graph> quantized_graph(Graph graph, const QuantizationPlan& plan, WeightForm form);

} // namespace detect
