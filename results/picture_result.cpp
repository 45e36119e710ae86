// SPDX-License-Identifier: Apache-2.0
#include "results/picture_result.h"

#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace detect {

std::string path_as_text(std::string_view path) {
    std::string text;
    while (!path.empty()) {
        const std::size_t length = utf8_character_length(path);
        if (length == 0) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(), escape.size(), "\\x%02X", static_cast<unsigned char>(path.front()));
            text += escape.data();
        } else {
            text += path.substr(0, length);
        }
        path.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return text;
}

} // namespace detect
