// SPDX-License-Identifier: Apache-2.0
#include "base/label_name.h"

namespace detect {

std::string label_name(int label, std::span<const std::string> names) {
    if (label >= 1 && static_cast<std::size_t>(label) <= names.size()) {
        const std::string& name = names[static_cast<std::size_t>(label) - 1];
        if (!name.empty()) return name;
    }
    return "class " + std::to_string(label);
}

} // namespace detect
