#include "postprocess/results/picture_result.h"

#include <algorithm>
#include <cmath>

namespace detect {

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
