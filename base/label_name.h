// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace detect {

/// The name of a class. `names` holds those of labels 1, 2, …; the background (0) has none. A label without a name, or
/// with an empty one, is called "class 7".
[[nodiscard]] std::string label_name(int label, std::span<const std::string> names);

} // namespace detect
