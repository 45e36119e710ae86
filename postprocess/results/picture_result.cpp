#include "postprocess/results/picture_result.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace detect {

namespace {

/// Bytes of the UTF-8 character that the text begins with; 0 if it begins with none (RFC 3629: no overlong forms, no
/// surrogates, nothing beyond U+10FFFF).
std::size_t character_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    const unsigned second = byte(1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool no_character = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    return overlong || no_character ? 0 : length;
}

} // namespace

std::string path_as_text(std::string_view path) {
    std::string text;
    while (!path.empty()) {
        const std::size_t length = character_length(path);
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
