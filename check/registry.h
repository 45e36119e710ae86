// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/context.h"

namespace detect::checking {

struct RegisteredCheck {
    std::string_view name;
    std::string_view about;
    /// One of these two is set.
    Result<void> (*of_file)(const onnx::ModelProto&, Findings&) = nullptr;
    Result<void> (*of_graph)(const CheckContext&, Findings&) = nullptr;
};

/// Every check, one a line, in the order in which they run.
[[nodiscard]] std::span<const RegisteredCheck> registry();

} // namespace detect::checking
