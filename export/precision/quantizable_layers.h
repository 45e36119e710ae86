// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// A Conv or Gemm that could compute with 8-bit integers: its weight [out, …] and bias [out] are float32 constants.
struct QuantizableLayer {
    enum class Kind {
        /// Convolutions and fully connected layers in the midst of the network.
        hidden,
        /// A convolution of a squeeze-excite gate: it sees one number per channel and scales a whole channel.
        gate,
        /// Its result leaves the dense part of the network: class scores, box deltas.
        predictor,
    };
    std::string name;
    Kind kind = Kind::hidden;
    /// Position in Graph::nodes.
    std::size_t node = 0;
    ValueId input;
    ValueId output;
    /// Behind its activation function (Relu, HardSwish, or x · HardSigmoid(x)); `output` itself if it has none.
    ValueId result;
    /// Output channels.
    std::size_t channels = 0;
};

/// "hidden", "gate", "predictor".
[[nodiscard]] std::string_view to_string(QuantizableLayer::Kind kind);

/// In the order in which they run.
[[nodiscard]] std::vector<QuantizableLayer> find_quantizable_layers(const Graph& graph);

/// The values that are stored in 8 bits when the layers in `chosen` (by position in `layers`) are: what these read,
/// and of what they compute as much as only goes to such layers, through residual Adds and squeeze-excite gates or
/// directly. In the order in which they are computed.
[[nodiscard]] std::vector<ValueId> quantized_values(const Graph& graph, const std::vector<QuantizableLayer>& layers,
                                                    const std::vector<bool>& chosen);

} // namespace detect
