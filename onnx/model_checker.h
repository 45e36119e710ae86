// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <string>

namespace detect {

/// What ONNX's own tools say of these bytes: its checker, and strict shape inference with data propagation.
/// `verification_failed` with their sentence if they object.
[[nodiscard]] Result<void> check_onnx(const std::string& bytes);

} // namespace detect
