// SPDX-License-Identifier: Apache-2.0
#include "pictures/class_colours.h"

#include <algorithm>
#include <cmath>

namespace detect {

namespace {

/// Relative luminance of sRGB colours (WCAG 2.1), 0 to 1.
double luminance(const Colour& colour) {
    constexpr std::array weights{0.2126, 0.7152, 0.0722};
    double sum = 0.0;
    for (std::size_t i = 0; i < colour.size(); ++i) {
        const double value = colour[i] / 255.0;
        sum += weights[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

Colour from_hue(double hue, double saturation, double value) {
    Colour colour{};
    for (std::size_t i = 0; i < 3; ++i) {
        constexpr std::array offsets{5.0, 3.0, 1.0};
        const double k = std::fmod(offsets[i] + hue * 6.0, 6.0);
        const double level = value - value * saturation * std::clamp(std::min(k, 4.0 - k), 0.0, 1.0);
        colour[i] = static_cast<std::uint8_t>(std::lround(level * 255.0));
    }
    return colour;
}

} // namespace

Colour class_colour(int label) {
    constexpr std::array<Colour, 7> okabe_ito{
        {{230, 159, 0}, {86, 180, 233}, {0, 158, 115}, {213, 94, 0}, {204, 121, 167}, {240, 228, 66}, {0, 114, 178}}};
    const auto index = static_cast<std::size_t>(static_cast<unsigned>(label) - 1U);
    if (index < okabe_ito.size()) return okabe_ito[index];
    // Steps of the golden ratio never come back to a hue.
    constexpr double golden_ratio = 0.6180339887498949;
    const double hue = std::fmod(static_cast<double>(index) * golden_ratio, 1.0);
    return index % 2 == 0 ? from_hue(hue, 0.55, 0.95) : from_hue(hue, 0.85, 0.65);
}

Colour text_colour(const Colour& ground) {
    // The two contrast ratios are equal at this luminance.
    constexpr double middle = 0.179;
    return luminance(ground) > middle ? Colour{0, 0, 0} : Colour{255, 255, 255};
}

} // namespace detect
