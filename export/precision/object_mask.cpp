// SPDX-License-Identifier: Apache-2.0
#include "export/precision/object_mask.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

/// Cells along one side that a box touches, widened by one at each end: [first, last).
struct Cells {
    std::size_t first = 0;
    std::size_t last = 0;
};

Cells cells(float low, float high, std::int64_t pixels, std::size_t size) {
    const double per_pixel = static_cast<double>(size) / static_cast<double>(pixels);
    const double most = static_cast<double>(size);
    const double first = std::clamp(std::floor(static_cast<double>(low) * per_pixel) - 1.0, 0.0, most);
    const double last = std::clamp(std::ceil(static_cast<double>(high) * per_pixel) + 1.0, 0.0, most);
    return {static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

} // namespace

std::vector<float> where_objects_are(const Tensor& map, const Dims& picture, std::span<const Detection> detections) {
    const auto numbers = map.data<float>();
    const Dims& dims = map.dims();
    if (dims.rank() != 4 || dims[0] != 1 || dims[1] * dims[2] <= 1 || detections.empty())
        return {numbers.begin(), numbers.end()};
    const auto height = static_cast<std::size_t>(dims[1]);
    const auto width = static_cast<std::size_t>(dims[2]);
    std::vector<char> inside(height * width, 0);
    for (const Detection& detection : detections) {
        const Cells rows = cells(detection.box.y1, detection.box.y2, picture[2], height);
        const Cells columns = cells(detection.box.x1, detection.box.x2, picture[3], width);
        for (std::size_t y = rows.first; y < rows.last; ++y) {
            std::fill(inside.begin() + static_cast<std::ptrdiff_t>(y * width + columns.first),
                      inside.begin() + static_cast<std::ptrdiff_t>(y * width + columns.last), 1);
        }
    }
    const auto channels = static_cast<std::size_t>(dims[3]);
    std::vector<float> result;
    for (std::size_t cell = 0; cell < inside.size(); ++cell) {
        if (inside[cell] == 0) continue;
        const auto of_cell = numbers.subspan(cell * channels, channels);
        result.insert(result.end(), of_cell.begin(), of_cell.end());
    }
    return result;
}

} // namespace detect
