// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace detect::pickle {

/// Whether calling this name in Python would, or could be made to, run code, start programs or touch files. Such a call
/// has no place among weights. The list serves the message (a file with one is an attack); safety does not rest on it,
/// because no name is ever looked up here.
[[nodiscard]] bool runs_code(std::string_view module, std::string_view name);

} // namespace detect::pickle
