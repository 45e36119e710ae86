// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/precision/tensor_statistics.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace detect {

/// How floats become 8-bit integers: round(x / scale) + zero_point, saturated. 0 is always held exactly.
struct Quantization {
    float scale = 1.0F;
    std::int32_t zero_point = 0;
    /// Of the integers: 0 to 255 (uint8), or -128 to 127 (int8).
    std::int32_t least = 0;
    std::int32_t most = 255;

    /// The float that stands for `x` afterwards.
    [[nodiscard]] float round_trip(float x) const;
    bool operator==(const Quantization&) const = default;
};

/// Integers of unsigned bytes with any zero point, or signed ones with zero point 0 (as TensorRT wants them).
enum class ActivationType { asymmetric_uint8, symmetric_int8 };

/// For numbers from `low` to `high` (widened to hold 0).
[[nodiscard]] Quantization quantization_of_range(double low, double high, ActivationType type);

struct RangeCandidate {
    /// "min-max", "99.99 %", "least squares".
    std::string_view method;
    Quantization quantization;
};

/// The ranges to choose from: of all numbers, without the outermost 0.01 % of them, and the one with the least mean
/// squared error. `statistics` must not be empty.
[[nodiscard]] std::vector<RangeCandidate> candidate_ranges(const TensorStatistics& statistics, ActivationType type);

} // namespace detect
