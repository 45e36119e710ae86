// SPDX-License-Identifier: Apache-2.0
#include "results/picture_result.h"

#include "base/text.h"

#include <array>
#include <cstdio>

namespace detect {

std::string path_as_text(std::string_view path) {
    std::string text;
    while (!path.empty()) {
        const auto point = first_code_point(path);
        if (!point) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\x%02X", static_cast<unsigned char>(path.front()));
            text += escape.data();
        } else {
            text += path.substr(0, point->length);
        }
        path.remove_prefix(point ? point->length : 1);
    }
    return text;
}

} // namespace detect
