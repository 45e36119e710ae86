// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_filter.h"

#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace detect::cli {

namespace {

/// What --fail-on-detect says without a class.
constexpr std::string_view any_class = "any";

Result<int> find_class(const std::string& name, const Detector& detector, const char* option) {
    const auto& labels = detector.labels();
    const auto found = std::ranges::find(labels, name);
    if (!name.empty() && found != labels.end()) return static_cast<int>(found - labels.begin()) + 1;
    int number = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = code == std::errc() && end == name.data() + name.size() && number >= 1;
    if (is_number && (labels.empty() || static_cast<std::size_t>(number) <= labels.size())) return number;
    const std::string known = listed(labels);
    return Error{ErrorCode::invalid_argument,
                 std::string(option) + " " + name + ": the model has no such class; " +
                     (known.empty() ? "it has no names, give a number from 1" : "its classes are " + known)};
}

Result<PixelRect> parse_region(const std::string& text) {
    std::array<int, 4> values{};
    const char* at = text.data();
    const char* const end = at + text.size();
    bool sound = true;
    for (std::size_t i = 0; i < values.size() && sound; ++i) {
        const auto [next, code] = std::from_chars(at, end, values[i]);
        const bool last = i + 1 == values.size();
        sound = code == std::errc() && (last ? next == end : next != end && *next == ',');
        at = last || !sound ? next : next + 1;
    }
    if (sound && values[0] >= 0 && values[1] >= 0 && values[2] > 0 && values[3] > 0)
        return PixelRect{values[0], values[1], values[2], values[3]};
    return Error{ErrorCode::invalid_argument,
                 "--roi " + text + ": must be X,Y,WIDTH,HEIGHT in whole pixels, such as 100,50,400,300"};
}

Result<Picture> read_mask(const std::string& file) {
    auto read = read_picture(file);
    if (!read) return Error{ErrorCode::unreadable_input, "--mask " + read.error().message};
    Picture mask{.width = read->width, .height = read->height, .format = PixelFormat::grey8, .pixels = {}};
    // Black is 0 in every format; 16 bits may hold numbers of regions, which 8 would round to it.
    const std::size_t pixel_bytes = bytes_per_pixel(read->format);
    for (std::size_t i = 0; i < read->pixels.size(); i += pixel_bytes) {
        const auto pixel = std::span(read->pixels).subspan(i, pixel_bytes);
        const bool black = std::ranges::all_of(pixel, [](std::byte byte) { return byte == std::byte{0}; });
        mask.pixels.push_back(std::byte{static_cast<unsigned char>(black ? 0 : 255)});
    }
    return mask;
}

} // namespace

Result<DetectionFilter> make_filter(const RunOptions& options, const Detector& detector) {
    DetectionFilter filter;
    for (const std::string& name : options.classes) {
        DETECT_TRY_ASSIGN(const int label, find_class(name, detector, "--class"));
        filter.labels.push_back(label);
    }
    for (const std::string& text : options.regions) {
        DETECT_TRY_ASSIGN(const PixelRect region, parse_region(text));
        filter.regions.push_back(region);
    }
    if (!options.mask.empty()) {
        DETECT_TRY_ASSIGN(filter.mask, read_mask(options.mask));
    }
    if (const auto most = options.settings.numbers.max_detections)
        filter.max_detections = static_cast<std::size_t>(*most);
    return filter;
}

Result<std::vector<int>> classes_to_fail_on(const RunOptions& options, const Detector& detector) {
    std::vector<int> classes;
    if (std::ranges::find(options.fail_on_detect, any_class) != options.fail_on_detect.end()) return classes;
    for (const std::string& name : options.fail_on_detect) {
        DETECT_TRY_ASSIGN(const int label, find_class(name, detector, "--fail-on-detect"));
        classes.push_back(label);
    }
    return classes;
}

std::optional<TilingOptions> make_tiling(const RunOptions& options) {
    if (options.tile == 0) return std::nullopt;
    return TilingOptions{.tile = options.tile,
                         .overlap = options.overlap,
                         .merge = options.merge == "nms" ? TileMerge::nms : TileMerge::ios};
}

} // namespace detect::cli
