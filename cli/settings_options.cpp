// SPDX-License-Identifier: Apache-2.0
#include "cli/settings_options.h"

#include "base/try.h"

namespace detect::cli {

namespace {

constexpr const char* group = "What a checkpoint does not hold (default: its metadata, else torchvision's)";

} // namespace

void add_settings_options(CLI::App& command, SettingsArguments& a) {
    command.add_option("--preset", a.preset, "fasterrcnn_mobilenet_v3_large_fpn (800) or …_320_fpn (320)")
        ->check(CLI::IsMember({"800", "320"}))
        ->group(group);
    command.add_option("--min-size", a.min_size, "The picture's shorter side is scaled to this many pixels …")
        ->group(group);
    command.add_option("--max-size", a.max_size, "… unless the longer side would pass this")->group(group);
    command.add_option("--anchor-sizes", a.anchor_sizes, "Anchor sizes in resized pixels, e.g. 32,64,128,256,512")
        ->group(group);
    command.add_option("--rpn-top-n", a.rpn_top_n, "Proposals kept before and after the RPN's non-maximum suppression")
        ->group(group);
    command
        .add_option("--rpn-score-threshold", a.rpn_score_threshold,
                    "Proposals of an objectness below this are dropped, 0 to 1")
        ->group(group);
    command.add_option("--score-threshold", a.score_threshold, "The model reports scores above this, 0 to 1")
        ->group(group);
    command
        .add_option("--nms-threshold", a.nms_threshold,
                    "Boxes of a class overlapping by more (IoU) are suppressed, 0 to 1")
        ->group(group);
    command.add_option("--max-detections", a.max_detections, "At most this many detections per picture")->group(group);
    command.add_option("--labels", a.labels, "Class names: a text file with one a line (no background), or 'coco'")
        ->type_name("FILE")
        ->group(group);
}

Result<GivenSettings> read_settings(const CLI::App& command, const SettingsArguments& a) {
    GivenSettings given;
    const auto has = [&](const char* option) {
        if (command.count(option) == 0) return false;
        if (given.first_option.empty()) given.first_option = option;
        return true;
    };
    SettingsOverrides& overrides = given.overrides;
    if (has("--preset")) overrides.preset = a.preset;
    if (has("--min-size")) overrides.min_size = a.min_size;
    if (has("--max-size")) overrides.max_size = a.max_size;
    if (has("--rpn-top-n")) overrides.rpn_top_n = a.rpn_top_n;
    if (has("--rpn-score-threshold")) overrides.rpn_score_threshold = a.rpn_score_threshold;
    if (has("--score-threshold")) overrides.score_threshold = a.score_threshold;
    if (has("--nms-threshold")) overrides.nms_threshold = a.nms_threshold;
    if (a.max_detections_is_a_filter) {
        overrides.max_detections = a.max_detections;
    } else if (has("--max-detections")) {
        overrides.max_detections = a.max_detections;
    }
    if (has("--anchor-sizes")) {
        auto sizes = parse_integers(a.anchor_sizes);
        if (!sizes) return Error{sizes.error().code, "--anchor-sizes: " + sizes.error().message};
        overrides.anchor_sizes = *std::move(sizes);
    }
    if (has("--labels")) {
        if (a.labels == "coco") {
            overrides.labels = coco_labels();
        } else {
            DETECT_TRY_ASSIGN(overrides.labels, read_labels(a.labels));
        }
    }
    return given;
}

} // namespace detect::cli
