// SPDX-License-Identifier: Apache-2.0
#include "pictures/drawing.h"

#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/image_to_tensor.h"
#include "pictures/pixel_rect.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace detect {

namespace {

constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
/// Height of a capital letter of that font at scale 1.
constexpr double font_capital_height = 21.0;
constexpr int smallest_readable_letter = 6;

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

/// Black or white, whichever has the larger contrast ratio on this plate: they are equal at luminance 0.179.
Colour text_colour(const Colour& plate) { return luminance(plate) > 0.179 ? Colour{0, 0, 0} : Colour{255, 255, 255}; }

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

/// The letter without its accent for U+00C0 to U+017F (Latin-1 Supplement and Latin Extended-A).
constexpr std::string_view latin_letters = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTs"
                                           "aaaaaaaceeeeiiiidnooooo/ouuuuyty"
                                           "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"
                                           "GgGgHhHhIiIiIiIiIiJjJjKkkLlLlLlL"
                                           "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSs"
                                           "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(latin_letters.size() == 0x180 - 0xC0);

std::optional<std::string> to_ascii(std::string_view text) {
    std::string ascii;
    while (!text.empty()) {
        const auto point = first_code_point(text);
        if (!point) return std::nullopt;
        const char32_t code = point->value;
        if (code >= 0x20 && code < 0x7F) {
            ascii += static_cast<char>(code);
        } else if (code >= 0xC0 && code < 0x180) {
            ascii += latin_letters[code - 0xC0];
        } else {
            return std::nullopt;
        }
        text.remove_prefix(point->length);
    }
    return ascii;
}

cv::Scalar in_order_of(const Canvas& canvas, const Colour& colour) {
    if (canvas.format == PixelFormat::bgr8) return {double(colour[2]), double(colour[1]), double(colour[0])};
    return {double(colour[0]), double(colour[1]), double(colour[2])};
}

/// The pixels a box covers, at least one, inside the picture.
cv::Rect pixels_of(const Box& box, const cv::Size& picture) {
    const PixelRect pixels = covered_pixels(box, picture.width, picture.height);
    return {pixels.x, pixels.y, pixels.width, pixels.height};
}

/// Text and its plate, before it has a place.
struct Plate {
    std::string text;
    double font_scale = 0.0;
    int stroke = 1;
    int padding = 0;
    int baseline = 0;
    cv::Size size;
};

Plate measure_plate(std::string text, double letter_height) {
    Plate plate;
    plate.text = std::move(text);
    plate.font_scale = letter_height / font_capital_height;
    plate.stroke = std::max(1, static_cast<int>(std::lround(letter_height / 8.0)));
    plate.padding = std::max(2, static_cast<int>(std::lround(letter_height / 3.5)));
    const cv::Size letters = cv::getTextSize(plate.text, font, plate.font_scale, plate.stroke, &plate.baseline);
    // The font reports a generous baseline; descenders reach about a third of a capital below the line.
    plate.baseline = static_cast<int>(std::lround(letter_height / 3.5));
    plate.size = {letters.width + 2 * plate.padding,
                  static_cast<int>(std::lround(letter_height)) + plate.baseline + 2 * plate.padding};
    return plate;
}

/// The ways to write a label, best first: with its score, smaller, without the score. Only those that fit into the
/// picture; none if nothing readable does.
std::vector<Plate> possible_plates(const std::string& name, float score, double letter_height,
                                   const cv::Size& picture) {
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), " %.2f", static_cast<double>(score));
    const double small = std::max<double>(smallest_readable_letter, letter_height * 0.75);
    std::vector<Plate> plates;
    for (const std::string& text : {name + number.data(), name}) {
        for (const double height : {letter_height, small}) {
            Plate plate = measure_plate(text, height);
            if (plate.size.width <= picture.width && plate.size.height <= picture.height)
                plates.push_back(std::move(plate));
        }
    }
    return plates;
}

struct PlacedPlate {
    Plate plate;
    cv::Rect place;
};

/// How much a plate at this place would hide, in pixels. A hidden label is lost, a hidden part of a box is only ugly;
/// and of a box much larger than the plate enough can still be seen.
double hidden_by(const cv::Rect& place, std::span<const cv::Rect> frames,
                 std::span<const std::optional<PlacedPlate>> placed) {
    double hidden = 0.0;
    for (const auto& other : placed) {
        if (other) hidden += 8.0 * (place & other->place).area();
    }
    for (const cv::Rect& frame : frames) {
        const double overlap = (place & frame).area();
        hidden += overlap * overlap / std::max(1, frame.area());
    }
    return hidden;
}

/// The places around a frame, best first, moved into the picture.
std::array<cv::Rect, 8> places_around(const cv::Rect& frame, const cv::Size& plate, const cv::Size& picture) {
    const int aligned_right = frame.x + frame.width - plate.width;
    const int below = frame.y + frame.height;
    const int above = frame.y - plate.height;
    const std::array corners{cv::Point(frame.x, above),
                             cv::Point(frame.x, below),
                             cv::Point(aligned_right, above),
                             cv::Point(aligned_right, below),
                             cv::Point(frame.x + frame.width, frame.y),
                             cv::Point(frame.x - plate.width, frame.y),
                             cv::Point(frame.x, frame.y),
                             cv::Point(aligned_right, below - plate.height)};
    std::array<cv::Rect, corners.size()> places;
    std::transform(corners.begin(), corners.end(), places.begin(), [&](const cv::Point& corner) {
        return cv::Rect(cv::Point(std::clamp(corner.x, 0, picture.width - plate.width),
                                  std::clamp(corner.y, 0, picture.height - plate.height)),
                        plate);
    });
    return places;
}

/// Takes the first way to write the label and the first place where it hides next to nothing, else what hides least.
std::optional<PlacedPlate> place_plate(std::span<const Plate> plates, const cv::Rect& frame, const cv::Size& picture,
                                       std::span<const cv::Rect> frames,
                                       std::span<const std::optional<PlacedPlate>> placed) {
    constexpr double next_to_nothing = 0.04;
    std::optional<PlacedPlate> best;
    double least = std::numeric_limits<double>::infinity();
    for (const Plate& plate : plates) {
        for (const cv::Rect& place : places_around(frame, plate.size, picture)) {
            const double hidden = hidden_by(place, frames, placed);
            if (hidden >= least) continue;
            least = hidden;
            best = PlacedPlate{plate, place};
        }
        if (least <= next_to_nothing * plate.size.area()) break;
    }
    return best;
}

void draw_plate(cv::Mat& image, const Plate& plate, const cv::Rect& place, const cv::Scalar& colour,
                const cv::Scalar& ink) {
    // Drawing into a part of the picture cuts off what a stroke's round end may add.
    cv::Mat part = image(place);
    part.setTo(colour);
    const cv::Point origin(plate.padding, plate.size.height - plate.padding - plate.baseline);
    cv::putText(part, plate.text, origin, font, plate.font_scale, ink, plate.stroke, cv::LINE_AA);
}

/// A coloured frame between two thin dark ones, so that it stands out from light and dark ground alike. The frame lies
/// around the box, not over what it shows.
void draw_box(cv::Mat& image, const cv::Rect& box, int line_width, const cv::Scalar& colour) {
    const int rim = std::max(1, line_width / 4);
    const auto frame = [&](int inner, int outer, const cv::Scalar& paint) {
        const cv::Rect all(0, 0, image.cols, image.rows);
        const cv::Rect grown(box.x - outer, box.y - outer, box.width + 2 * outer, box.height + 2 * outer);
        const int width = outer - inner;
        for (const cv::Rect& side : {cv::Rect(grown.x, grown.y, grown.width, width),
                                     cv::Rect(grown.x, grown.y + grown.height - width, grown.width, width),
                                     cv::Rect(grown.x, grown.y, width, grown.height),
                                     cv::Rect(grown.x + grown.width - width, grown.y, width, grown.height)}) {
            if (const cv::Rect visible = side & all; !visible.empty()) image(visible).setTo(paint);
        }
    };
    const cv::Scalar dark(24, 24, 24);
    if (line_width > 1) frame(-rim, line_width + rim, dark);
    frame(0, line_width, colour);
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

DrawingStyle drawing_style(int width, int height) {
    const int longer = std::max(width, height);
    return {std::max(1, static_cast<int>(std::lround(longer / 320.0))),
            std::max(7, static_cast<int>(std::lround(longer / 60.0)))};
}

std::string drawable_label(int label, std::span<const std::string> names) {
    return to_ascii(label_name(label, names)).value_or(label_name(label, {}));
}

Result<void> draw_detections(const Canvas& canvas, std::span<const Detection> detections,
                             std::span<const std::string> names) {
    if (canvas.format != PixelFormat::rgb8 && canvas.format != PixelFormat::bgr8) {
        return Error{ErrorCode::invalid_argument, "draw_detections: draws on rgb8 or bgr8 only; convert with to_rgb8"};
    }
    DETECT_TRY(check_view({.pixels = canvas.pixels,
                           .width = canvas.width,
                           .height = canvas.height,
                           .stride_bytes = canvas.stride_bytes,
                           .format = canvas.format}));
    if (static_cast<std::ptrdiff_t>(canvas.stride_bytes) < 0)
        return Error{ErrorCode::invalid_argument, "canvas: rows that go upwards in memory are not drawn on"};
    cv::Mat image(canvas.height, canvas.width, CV_8UC3, canvas.pixels, canvas.stride_bytes);
    const DrawingStyle style = drawing_style(canvas.width, canvas.height);

    std::vector<std::size_t> by_score(detections.size());
    std::iota(by_score.begin(), by_score.end(), std::size_t{0});
    std::stable_sort(by_score.begin(), by_score.end(),
                     [&](std::size_t a, std::size_t b) { return detections[a].score > detections[b].score; });

    std::vector<cv::Rect> boxes;
    for (const std::size_t i : by_score) boxes.push_back(pixels_of(detections[i].box, image.size()));
    for (std::size_t rank = by_score.size(); rank-- > 0;) {
        const Colour colour = class_colour(detections[by_score[rank]].label);
        draw_box(image, boxes[rank], style.line_width, in_order_of(canvas, colour));
    }

    // The best detection chooses its place first, and is drawn last.
    std::vector<cv::Rect> frames;
    for (const cv::Rect& box : boxes) {
        const int outer = style.line_width + std::max(1, style.line_width / 4);
        frames.emplace_back(box.x - outer, box.y - outer, box.width + 2 * outer, box.height + 2 * outer);
    }
    std::vector<std::optional<PlacedPlate>> placed;
    for (std::size_t rank = 0; rank < by_score.size(); ++rank) {
        const Detection& detection = detections[by_score[rank]];
        const auto plates =
            possible_plates(drawable_label(detection.label, names), detection.score, style.letter_height, image.size());
        placed.push_back(place_plate(plates, frames[rank], image.size(), frames, placed));
    }
    for (std::size_t rank = by_score.size(); rank-- > 0;) {
        if (!placed[rank]) continue;
        const Colour colour = class_colour(detections[by_score[rank]].label);
        draw_plate(image, placed[rank]->plate, placed[rank]->place, in_order_of(canvas, colour),
                   in_order_of(canvas, text_colour(colour)));
    }
    return {};
}

Result<void> draw_detections(Picture& picture, std::span<const Detection> detections,
                             std::span<const std::string> names) {
    const ImageView view = picture.view();
    return draw_detections(Canvas{picture.pixels.data(), view.width, view.height, view.stride_bytes, view.format},
                           detections, names);
}

} // namespace detect
