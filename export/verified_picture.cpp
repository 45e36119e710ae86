// SPDX-License-Identifier: Apache-2.0
#include "export/verified_picture.h"

#include "checkpoint/setting_text.h"

#include <algorithm>
#include <cmath>

namespace detect {

std::map<std::string, std::string> verified_picture_metadata(const Tensor& image) {
    const auto values = image.data<float>();
    double sum = 0.0;
    double sum_of_squares = 0.0;
    for (const float value : values) {
        sum += static_cast<double>(value);
        sum_of_squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const auto count = static_cast<double>(values.size());
    const double mean = sum / count;
    const double deviation = std::sqrt(std::max(0.0, sum_of_squares / count - mean * mean));
    const auto [least, most] = std::ranges::minmax(values);
    return {{"verified_picture_width", to_text(image.dims()[2])},
            {"verified_picture_height", to_text(image.dims()[1])},
            {"verified_picture_mean", to_text(static_cast<float>(mean))},
            {"verified_picture_deviation", to_text(static_cast<float>(deviation))},
            {"verified_picture_min", to_text(least)},
            {"verified_picture_max", to_text(most)}};
}

} // namespace detect
