// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_output.h"

#include "base/label_name.h"
#include "base/try.h"
#include "cli/run/picture_files.h"
#include "cli/text_output.h"
#include "pictures/drawing.h"
#include "pictures/pixel_rect.h"
#include "results/label_files.h"

#include <algorithm>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view best_crop = "-1.png";

Result<void> make_folder(const fs::path& folder, const char* needed_for) {
    if (folder.empty()) return {};
    std::error_code code;
    fs::create_directories(folder, code);
    if (!code && fs::is_directory(folder, code)) return {};
    return Error{ErrorCode::unwritable_output,
                 folder.string() + ": must be a folder for " + needed_for + ", and cannot be made one"};
}

/// A class's name as the name of a folder.
std::string folder_name(std::string label) {
    for (char& letter : label) {
        if (letter == '/' || static_cast<unsigned char>(letter) < 0x20) letter = '_';
    }
    return label == "." || label == ".." ? "_" : label;
}

ImageView part_of(const Picture& picture, const PixelRect& rect) {
    ImageView view = picture.view();
    view.pixels = picture.pixels.data() + static_cast<std::size_t>(rect.y) * view.stride_bytes +
                  static_cast<std::size_t>(rect.x) * bytes_per_pixel(picture.format);
    view.width = rect.width;
    view.height = rect.height;
    return view;
}

Result<void> write_crops(const fs::path& folder, const fs::path& stem, const PictureResult& result,
                         const Picture& picture, std::span<const std::string> labels) {
    // The best one last: if it is there, all are.
    for (std::size_t number = result.detections.size(); number > 0; --number) {
        const Detection& detection = result.detections[number - 1];
        fs::path path = folder / folder_name(label_name(detection.label, labels)) / stem;
        path += "-" + std::to_string(number) + ".png";
        DETECT_TRY(make_folder(path.parent_path(), "crops"));
        const ImageView crop = part_of(picture, covered_pixels(detection.box, picture.width, picture.height));
        if (picture.format == PixelFormat::rgb_float) {
            DETECT_TRY_ASSIGN(const Picture converted, to_rgb8(crop));
            DETECT_TRY(write_picture(path, converted.view()));
        } else {
            DETECT_TRY(write_picture(path, crop));
        }
    }
    return {};
}

bool is_up_to_date(const fs::path& path, const std::string& picture) {
    std::error_code code;
    const auto written = fs::last_write_time(path, code);
    if (code) return false;
    const auto changed = time_of_change(picture);
    return changed && *changed <= written;
}

} // namespace

Result<void> prepare_outputs(const ResultPaths& paths, bool make_folder_of_drawn, const InputFiles& inputs) {
    if (make_folder_of_drawn) DETECT_TRY(make_folder(paths.drawn.parent_path(), "several pictures"));
    for (const fs::path* path : {&paths.yolo, &paths.voc}) {
        if (!path->empty()) DETECT_TRY(make_folder(path->parent_path(), "label files"));
    }
    for (const fs::path* path : {&paths.drawn, &paths.yolo, &paths.voc}) {
        if (!path->empty()) DETECT_TRY(inputs.check_destination(*path));
    }
    return {};
}

Result<DrawnFrame> write_outputs(const RunOptions& options, const ResultPaths& paths, const PictureResult& result,
                                 Picture picture, std::span<const std::string> labels) {
    if (!paths.yolo.empty()) DETECT_TRY(write_text(paths.yolo.string(), to_yolo(result)));
    if (!paths.voc.empty()) {
        const bool grey = picture.format == PixelFormat::grey8 || picture.format == PixelFormat::grey16;
        DETECT_TRY(write_text(paths.voc.string(), to_voc(result, labels, grey ? 1 : 3)));
    }
    if (!paths.crops.empty()) DETECT_TRY(write_crops(options.crops, paths.crops, result, picture, labels));
    if (paths.drawn.empty()) return DrawnFrame();
    if (picture.format != PixelFormat::rgb8) {
        DETECT_TRY_ASSIGN(picture, to_rgb8(picture.view()));
    }
    DETECT_TRY(draw_detections(picture, result.detections, labels));
    if (result.frame) return DrawnFrame(std::move(picture));
    DETECT_TRY(write_picture(paths.drawn, picture.view()));
    return DrawnFrame();
}

Result<void> write_class_list(const std::string& folder, std::span<const std::string> labels) {
    std::string text;
    for (std::size_t i = 0; i < labels.size(); ++i) text += label_name(static_cast<int>(i) + 1, labels) + "\n";
    DETECT_TRY(make_folder(folder, "label files"));
    return write_text((fs::path(folder) / "classes.txt").string(), text);
}

EarlierOutputs::EarlierOutputs(const RunOptions& options) : crops_(!options.crops.empty()) {
    std::error_code code;
    if (!crops_ || !options.resume || !fs::is_directory(options.crops, code)) return;
    for (fs::recursive_directory_iterator entry(options.crops, code), end; !code && entry != end;
         entry.increment(code)) {
        std::string path = entry->path().lexically_relative(options.crops).string();
        const std::size_t slash = path.find('/');
        if (slash != std::string::npos && path.ends_with(best_crop))
            cropped_.insert(path.substr(slash + 1, path.size() - slash - 1 - best_crop.size()));
    }
}

bool EarlierOutputs::have(const std::string& picture, const ResultPaths& paths, bool nothing_found) const {
    for (const fs::path* path : {&paths.drawn, &paths.yolo, &paths.voc}) {
        if (!path->empty() && !is_up_to_date(*path, picture)) return false;
    }
    return !crops_ || nothing_found || cropped_.contains(paths.crops.string());
}

} // namespace detect::cli
