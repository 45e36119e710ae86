#include "postprocess/results/picture_result.h"

#include "postprocess/results/utf8.h"

#include <algorithm>
#include <array>
#include <cmath>
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

std::string label_name(int label, std::span<const std::string> names) {
    if (label >= 1 && static_cast<std::size_t>(label) <= names.size()) {
        const std::string& name = names[static_cast<std::size_t>(label) - 1];
        if (!name.empty()) return name;
    }
    return "class " + std::to_string(label);
}

PixelRect covered_pixels(const Box& box, int picture_width, int picture_height) {
    const auto clamped = [](float value, int last) {
        if (!(value > 0.0F)) return 0; // also NaN
        return value >= static_cast<float>(last) ? last : static_cast<int>(std::lround(value));
    };
    const int left = clamped(box.x1, picture_width - 1);
    const int top = clamped(box.y1, picture_height - 1);
    const int right = std::max(left, clamped(box.x2 - 1.0F, picture_width - 1));
    const int bottom = std::max(top, clamped(box.y2 - 1.0F, picture_height - 1));
    return {left, top, right - left + 1, bottom - top + 1};
}

} // namespace detect
