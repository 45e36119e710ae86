// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/lowering/program_builder.h"

namespace detect {

/// A step that runs the operator's plain kernel on values in this layout (constants: plain). `unsupported` if there is
/// none.
Result<void> append_reference(ProgramBuilder& program, const Node& node, Layout layout);

} // namespace detect
