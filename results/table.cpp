// SPDX-License-Identifier: Apache-2.0
#include "results/table.h"

#include "base/label_name.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace detect {

std::string to_table(std::span<const Detection> detections, std::span<const std::string> names) {
    if (detections.empty()) return "no detections\n";
    const auto shown = [&](const Detection& detection) {
        return without_controls(label_name(detection.label, names), ' ');
    };
    std::size_t widest = columns("label");
    for (const Detection& detection : detections) widest = std::max(widest, columns(shown(detection)));
    std::string table = padded("label", widest) + "  score        x1        y1        x2        y2\n";
    for (const Detection& detection : detections) {
        std::array<char, 256> numbers{};
        const Box& box = detection.box;
        std::snprintf(numbers.data(), numbers.size(), "  %5.3f  %8.1f  %8.1f  %8.1f  %8.1f\n",
                      static_cast<double>(detection.score), static_cast<double>(box.x1), static_cast<double>(box.y1),
                      static_cast<double>(box.x2), static_cast<double>(box.y2));
        table += padded(shown(detection), widest) + numbers.data();
    }
    return table;
}

} // namespace detect
