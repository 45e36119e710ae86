// SPDX-License-Identifier: Apache-2.0
#include "cli/precision_options.h"

#include "base/text.h"
#include "base/try.h"
#include "cli/picture_input.h"
#include "cli/progress.h"
#include "cli/run/picture_files.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* precision_group = "Precision";
constexpr std::size_t most_layers_shown = 12;

Result<Tensor> read_calibration_picture(const fs::path& file, int bits) {
    auto picture = read_single_picture(file);
    if (!picture)
        return Error{picture.error().code, picture.error().message + "; take it out of the folder of --calibrate"};
    if (auto sound = apply_bits(*picture, bits); !sound)
        return Error{ErrorCode::unreadable_input, file.string() + ": " + sound.error().message};
    DETECT_TRY_ASSIGN(Tensor tensor,
                      Tensor::create_uninitialised(DataType::float32, {1, 3, picture->height, picture->width}));
    if (auto converted = image_to_tensor(picture->view(), tensor.mutable_data<float>()); !converted)
        return Error{ErrorCode::unreadable_input, file.string() + ": " + converted.error().message};
    return tensor;
}

Result<std::vector<fs::path>> choose_pictures(const fs::path& folder, std::size_t count) {
    const auto refuse = [&](const std::string& what) {
        return Error{ErrorCode::unreadable_input,
                     folder.string() + ": " + what +
                         "; give --calibrate a folder of pictures like those that the model will see"};
    };
    std::error_code code;
    if (!fs::is_directory(folder, code)) return refuse("is not a folder");
    const std::vector<fs::path> all = pictures_in(folder);
    if (all.empty()) return refuse("there are no pictures in this folder");
    const std::size_t taken = std::min(count, all.size());
    std::vector<fs::path> pictures;
    for (std::size_t i = 0; i < taken; ++i) pictures.push_back(all[i * all.size() / taken]);
    return pictures;
}

/// What the folder is called, without where it is: files travel.
std::string name_of(const fs::path& folder) {
    const fs::path path = fs::absolute(folder).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// The progress of each stage.
CalibrationProgress progress_of_stages() {
    struct State {
        std::string stage;
        std::optional<Progress> progress;
    };
    return [state = std::make_shared<State>()](const std::string& stage, std::size_t done, std::size_t total) {
        if (stage != state->stage) {
            state->stage = stage;
            state->progress.emplace(true, stage);
        }
        state->progress->advance(static_cast<std::int64_t>(done), 0, static_cast<std::int64_t>(total));
        if (done == total) state->progress->clear();
    };
}

void print_int8(const Int8Report& report) {
    std::vector<const LayerSensitivity*> layers;
    for (const LayerSensitivity& layer : report.layers) layers.push_back(&layer);
    const auto sensitivity = [](const LayerSensitivity* layer) {
        return std::pair(layer->alone.loss(), layer->output_error);
    };
    std::ranges::stable_sort(layers, std::ranges::greater{}, sensitivity);
    const auto integers = std::ranges::count_if(report.layers, &LayerSensitivity::integers);
    std::printf("int8          %td of %zu layers, calibrated on %zu %s with %.1f detections each\n", integers,
                report.layers.size(), report.pictures, report.pictures == 1 ? "picture" : "pictures",
                report.figures.mean_detections);
    std::printf(
        "              %zu of %zu detections on calibration pictures are found again, %zu others; scores move by %.4f "
        "on average, mean IoU %.4f\n\n",
        report.agreement.found, report.agreement.original, report.agreement.extra,
        report.agreement.mean_score_difference(), report.agreement.mean_iou());
    std::printf("most sensitive layers: how far detections move if this layer alone is int8 (all are in the report)\n");
    std::printf("  %-38s %-10s %6s %14s %12s %10s\n", "layer", "kind", "kept", "output error", "mean score",
                "mean IoU");
    for (std::size_t i = 0; i < std::min(layers.size(), most_layers_shown); ++i) {
        const LayerSensitivity& layer = *layers[i];
        std::printf("  %s %-10s %6s %13.2f%% %12.4f %10.4f\n", padded(without_controls(layer.name, ' '), 38).c_str(),
                    std::string(to_string(layer.kind)).c_str(), layer.integers ? "int8" : "float",
                    100.0 * layer.output_error, layer.alone.loss(), layer.alone.mean_iou());
    }
    std::printf("\n");
}

} // namespace

void add_precision_options(CLI::App& command, PrecisionArguments& a) {
    command
        .add_option("--precision", a.precision,
                    "fp32; fp16: weights of half the size, computed in fp32; int8: computed with 8-bit integers")
        ->check(CLI::IsMember({"fp32", "fp16", "int8"}))
        ->capture_default_str()
        ->group(precision_group);
    command
        .add_option(
            "--calibrate", a.calibration_folder,
            "int8: a folder of pictures like those that the model will see, with objects; they need no annotations")
        ->type_name("DIR")
        ->group(precision_group);
    command
        .add_option("--calibration-images", a.calibration_images,
                    "int8: how many of them to take, spread evenly over the folder")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str()
        ->group(precision_group);
    command
        .add_flag("--portable", a.portable,
                  "int8: symmetric activations with zero point 0, as TensorRT needs them; a little less exact")
        ->group(precision_group);
}

Result<PrecisionOptions> read_precision(const CLI::App& command, const PrecisionArguments& a, int bits) {
    const auto precision = parse_precision(a.precision);
    if (!precision) return Error{ErrorCode::invalid_argument, "--precision must be fp32, fp16 or int8"};
    if (*precision != Precision::int8) {
        for (const char* option : {"--calibrate", "--calibration-images", "--portable"}) {
            if (command.count(option) > 0)
                return Error{ErrorCode::invalid_argument, std::string(option) + " is for --precision int8"};
        }
        return PrecisionOptions{.precision = *precision};
    }
    if (a.calibration_folder.empty()) {
        return Error{ErrorCode::invalid_argument,
                     "--precision int8 needs --calibrate DIR, a folder of pictures like those that the model will see"};
    }
    DETECT_TRY_ASSIGN(auto pictures, choose_pictures(a.calibration_folder, a.calibration_images));
    const std::size_t count = pictures.size();
    return PrecisionOptions{
        .precision = *precision,
        .activations = a.portable ? ActivationType::symmetric_int8 : ActivationType::asymmetric_uint8,
        .calibration = {.count = count,
                        .read = [files = std::move(pictures),
                                 bits](std::size_t index) { return read_calibration_picture(files[index], bits); }},
        .calibration_source = name_of(a.calibration_folder),
        .progress = progress_of_stages()};
}

void print_precision(const PrecisionReport& report) {
    if (report.precision == Precision::fp32) return;
    if (report.int8) print_int8(*report.int8);
    if (!report.against_fp32) return;
    const MatchReport& match = *report.against_fp32;
    std::printf("example picture against fp32: %lld detections agree, %lld do not; worst score difference %.4f, worst "
                "IoU %.4f\n\n",
                static_cast<long long>(match.matched), static_cast<long long>(match.unmatched),
                match.worst_score_difference, match.worst_iou);
}

} // namespace detect::cli
