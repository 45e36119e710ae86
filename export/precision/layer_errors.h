// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/precision/calibration.h"
#include "export/precision/quantized_graph.h"

namespace detect {

/// What integers change of a layer's output if all before the layer stays in floats.
struct LayerError {
    /// Mean of (with integers − with floats), per output channel: what a bias correction takes away again.
    std::vector<float> shift;
    /// Root mean square of that difference, relative to that of the output.
    double relative = 0.0;
};

/// Of each chosen layer of `plan`, measured on the first `measured` pictures; empty for the others.
[[nodiscard]] Result<std::vector<LayerError>> measure_layer_errors(const Graph& graph, const QuantizationPlan& plan,
                                                                   const CalibrationPictures& pictures,
                                                                   std::size_t measured,
                                                                   const CalibrationProgress& progress);

} // namespace detect
