// SPDX-License-Identifier: Apache-2.0
#include "export/precision/calibration_warnings.h"

#include "export/precision/agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace detect {

namespace {

constexpr std::size_t few_pictures = 32;
constexpr double most_flat_share = 0.1;
constexpr double most_distance = 0.5;
constexpr double most_brightness_difference = 0.25;
constexpr double least_detections_share = 0.2;
constexpr double least_found_share = 0.9;

std::string number(double value, int digits = 2) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

double mean_of(const Tensor& picture) {
    const auto pixels = picture.data<float>();
    return pixels.empty() ? 0.0
                          : std::accumulate(pixels.begin(), pixels.end(), 0.0) / static_cast<double>(pixels.size());
}

} // namespace

std::vector<std::string> calibration_warnings(const Int8Report& report, const Tensor& example,
                                              std::span<const Detection> detections) {
    const PictureFigures& figures = report.figures;
    std::vector<std::string> warnings;
    const auto warn = [&](bool condition, const std::string& text) {
        if (condition) warnings.push_back(text);
    };
    const std::string count = std::to_string(report.pictures);
    warn(report.pictures < few_pictures, "only " + count + " calibration picture" + (report.pictures == 1 ? "" : "s") +
                                             "; values that they do not show will be cut off: give " +
                                             std::to_string(few_pictures) + " or more, best 300");
    warn(static_cast<double>(figures.flat) > most_flat_share * static_cast<double>(report.pictures),
         std::to_string(figures.flat) + " of " + count +
             " calibration pictures are flat: all their pixels are the same");
    warn(figures.distance_from_training.value_or(0.0) > most_distance,
         "the calibration pictures are unlike those of the training: the first layer's outputs are " +
             number(figures.distance_from_training.value_or(0.0)) +
             " standard deviations from where they were then, usual is up to " + number(most_distance));
    const double brightness = mean_of(example);
    warn(std::abs(figures.mean_brightness - brightness) > most_brightness_difference,
         "the calibration pictures have a mean brightness of " + number(figures.mean_brightness) +
             ", the example picture " + number(brightness));
    const auto objects = static_cast<double>(
        std::ranges::count_if(detections, [](const Detection& d) { return d.score >= least_score; }));
    warn(figures.mean_detections < least_detections_share * objects,
         "the calibration pictures show " + number(figures.mean_detections, 1) +
             " detections on average, the example picture " + number(objects, 0) +
             ": ranges are best measured where objects are");
    const Agreement& agreement = report.agreement;
    warn(static_cast<double>(agreement.found) < least_found_share * static_cast<double>(agreement.original),
         "with integers " + std::to_string(agreement.found) + " of " + std::to_string(agreement.original) +
             " detections on calibration pictures are found again; see what it costs with 'detect eval'");
    return warnings;
}

} // namespace detect
