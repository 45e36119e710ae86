// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_table.h"

#include "base/try.h"
#include "checkpoint/setting_text.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace detect {

namespace {

using S = NetworkSettings;
using Given = SettingsOverrides;
using Integer = SettingPlace<std::int64_t>;
using Real = SettingPlace<float>;
using Integers = SettingPlace<std::vector<std::int64_t>>;
using Reals = SettingPlace<std::vector<float>>;
using Names = SettingPlace<std::vector<std::string>>;

constexpr Range<std::int64_t> picture_side{smallest_side, largest_side};
constexpr Range<std::int64_t> count{1, 1'000'000};
constexpr Range<float> share{0.0F, 1.0F};
constexpr std::string_view of_values = " (a picture's values are 0 to 1)";

// clang-format off
constexpr auto table = std::to_array<Setting>({
    {.key = "min_size",
     .place = Integer{[](S& s) -> auto& { return s.transform.min_size; }, &Given::min_size, picture_side},
     .flag = "--min-size",
     .help = "Scale the picture's shorter side to this many pixels …",
     .of_training = true},
    {.key = "max_size",
     .place = Integer{[](S& s) -> auto& { return s.transform.max_size; }, &Given::max_size, picture_side},
     .flag = "--max-size",
     .help = "… unless the longer side would then be longer than this",
     .of_training = true},
    {.key = "image_mean",
     .place = Reals{[](S& s) -> auto& { return s.transform.mean; }, &Given::image_mean, {-10.0F, 10.0F}},
     .flag = "--image-mean",
     .help = "Mean of red, green and blue that pictures were normalised by, of values 0 to 1, e.g. 0.5,0.5,0.5",
     .unit = of_values,
     .parts = "red, green, blue",
     .of_training = true},
    {.key = "image_std",
     .place = Reals{[](S& s) -> auto& { return s.transform.deviation; }, &Given::image_std, {1e-4F, 10.0F}},
     .flag = "--image-std",
     .help = "Standard deviation of red, green and blue that pictures were normalised by, e.g. 0.5,0.5,0.5",
     .unit = of_values,
     .parts = "red, green, blue",
     .of_training = true},
    {.key = "anchor_sizes",
     .place = Integers{[](S& s) -> auto& { return s.anchors.sizes; }, &Given::anchor_sizes, {1, largest_side}},
     .flag = "--anchor-sizes",
     .help = "Anchor sizes in pixels of the scaled picture, e.g. 32,64,128,256,512",
     .item = "an anchor size",
     .unit = " pixels",
     .of_training = true},
    {.key = "aspect_ratios",
     .place = Reals{[](S& s) -> auto& { return s.anchors.aspect_ratios; }, &Given::aspect_ratios, {0.01F, 100.0F}},
     .flag = "--aspect-ratios",
     .help = "Anchors' height divided by width, e.g. 0.5,1,2",
     .item = "an aspect ratio",
     .of_training = true},
    {.key = "rpn_pre_nms_top_n",
     .place = Integer{[](S& s) -> auto& { return s.proposals.pre_nms_top_n; }, &Given::rpn_pre_nms_top_n, count},
     .flag = "--rpn-pre-nms-top-n",
     .help = "Keep this many proposals of each level before the RPN's non-maximum suppression"},
    {.key = "rpn_post_nms_top_n",
     .place = Integer{[](S& s) -> auto& { return s.proposals.post_nms_top_n; }, &Given::rpn_post_nms_top_n, count},
     .flag = "--rpn-post-nms-top-n",
     .help = "Keep this many proposals after it"},
    {.key = "rpn_nms_threshold",
     .place = Real{[](S& s) -> auto& { return s.proposals.nms_threshold; }, &Given::rpn_nms_threshold, share},
     .flag = "--rpn-nms-threshold",
     .help = "Of two proposals that overlap by more than this IoU, keep the better one, 0 to 1"},
    {.key = "rpn_score_threshold",
     .place = Real{[](S& s) -> auto& { return s.proposals.score_threshold; }, &Given::rpn_score_threshold, share},
     .flag = "--rpn-score-threshold",
     .help = "Drop proposals with an objectness below this, 0 to 1"},
    {.key = "box_weights",
     .place = Reals{[](S& s) -> auto& { return s.selection.box_weights; }, &Given::box_weights, {1e-3F, 1e4F}},
     .flag = "--box-weights",
     .help = "What box deltas x, y, width and height were multiplied by in training (bbox_reg_weights), e.g. 10,10,5,5",
     .item = "a box weight",
     .parts = "x, y, width, height",
     .of_training = true},
    {.key = "score_threshold",
     .place = Real{[](S& s) -> auto& { return s.selection.score_threshold; }, &Given::score_threshold, share},
     .flag = "--score-threshold",
     .help = "Report detections with a score above this, 0 to 1"},
    {.key = "nms_threshold",
     .place = Real{[](S& s) -> auto& { return s.selection.nms_threshold; }, &Given::nms_threshold, share},
     .flag = "--nms-threshold",
     .help = "Of two boxes of a class that overlap by more than this IoU, keep the better one, 0 to 1"},
    {.key = "max_detections",
     .place = Integer{[](S& s) -> auto& { return s.selection.max_detections; }, &Given::max_detections, count},
     .flag = "--max-detections",
     .help = "Report at most this many detections for each picture"},
    {.key = "labels",
     .place = Names{[](S& s) -> auto& { return s.labels; }, &Given::labels},
     .flag = "--labels",
     .help = "Class names: a text file with one name on each line (without the background), or 'coco'",
     .metavar = "FILE"},
});
// clang-format on

template <class T>
Result<void> check_number(const Setting& setting, const Range<T>& range, T value) {
    if (value >= range.least && value <= range.most) return {};
    return Error{ErrorCode::invalid_argument, std::string(setting.item.empty() ? setting.key : setting.item) +
                                                  " must be " + to_text(range.least) + " to " + to_text(range.most) +
                                                  std::string(setting.unit) + ", not " + std::to_string(value)};
}

Result<void> check_value(const Setting&, std::monostate, const std::vector<std::string>&) { return {}; }

template <class T>
Result<void> check_value(const Setting& setting, const Range<T>& range, T value) {
    return check_number(setting, range, value);
}

template <class T>
Result<void> check_value(const Setting& setting, const Range<T>& range, const std::vector<T>& values) {
    if (values.empty()) {
        std::string words(setting.key);
        std::ranges::replace(words, '_', ' ');
        return Error{ErrorCode::invalid_argument, words + " may not be empty"};
    }
    const auto parts = static_cast<std::size_t>(std::ranges::count(setting.parts, ',')) + 1;
    if (!setting.parts.empty() && values.size() != parts) {
        return Error{ErrorCode::invalid_argument, std::string(setting.key) + " must be " + std::to_string(parts) +
                                                      " numbers (" + std::string(setting.parts) + "), not " +
                                                      std::to_string(values.size())};
    }
    for (const T value : values) DETECT_TRY(check_number(setting, range, value));
    return {};
}

} // namespace

std::span<const Setting> setting_table() { return table; }

std::string to_text(const Setting& setting, const NetworkSettings& settings) {
    return std::visit([&](const auto& place) { return to_text(place.in(settings)); }, setting.place);
}

Result<void> read_text(const Setting& setting, std::string_view text, NetworkSettings& settings) {
    return std::visit([&](const auto& place) { return read_text(text, place.in_network(settings)); }, setting.place);
}

Result<void> check_range(const Setting& setting, const NetworkSettings& settings) {
    return std::visit([&](const auto& place) { return check_value(setting, place.range, place.in(settings)); },
                      setting.place);
}

std::optional<std::string> override_text(const Setting& setting, const SettingsOverrides& overrides) {
    return std::visit(
        [&](const auto& place) -> std::optional<std::string> {
            if (place.in_overrides == nullptr || !(overrides.*place.in_overrides)) return std::nullopt;
            return to_text(*(overrides.*place.in_overrides));
        },
        setting.place);
}

Result<void> read_override(const Setting& setting, std::string_view text, SettingsOverrides& overrides) {
    return std::visit(
        [&]<class T>(const SettingPlace<T>& place) -> Result<void> {
            if (place.in_overrides == nullptr) return {};
            T value{};
            DETECT_TRY(read_text(text, value));
            overrides.*place.in_overrides = std::move(value);
            return {};
        },
        setting.place);
}

void apply_override(const Setting& setting, const SettingsOverrides& overrides, NetworkSettings& settings) {
    std::visit(
        [&](const auto& place) {
            if (place.in_overrides != nullptr && overrides.*place.in_overrides)
                place.in_network(settings) = *(overrides.*place.in_overrides);
        },
        setting.place);
}

void fill_in_override(const Setting& setting, SettingsOverrides& given, const SettingsOverrides& found) {
    std::visit(
        [&](const auto& place) {
            if (place.in_overrides != nullptr && !(given.*place.in_overrides))
                given.*place.in_overrides = found.*place.in_overrides;
        },
        setting.place);
}

bool holds_names(const Setting& setting) { return std::holds_alternative<Names>(setting.place); }

} // namespace detect
