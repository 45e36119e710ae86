// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect {

/// How a model's file holds its weights, and what it computes with.
enum class Precision {
    fp32,
    /// Weights stored as float16 and widened by the runtime; everything is computed in float32.
    fp16,
    /// Convolutions and fully connected layers compute with 8-bit integers (QDQ form).
    int8,
};

} // namespace detect
