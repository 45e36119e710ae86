// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/precision/int8_network.h"

#include <span>
#include <string>
#include <vector>

namespace detect {

/// What is odd about calibration pictures, a sentence with numbers each: too few, flat, unlike what the network was
/// trained on, darker or brighter than the example picture [3, height, width], or with far fewer objects than its
/// `detections`; and a network that finds other things with integers than without.
[[nodiscard]] std::vector<std::string> calibration_warnings(const Int8Report& report, const Tensor& example,
                                                            std::span<const Detection> detections);

} // namespace detect
