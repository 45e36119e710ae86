// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_output.h"

#include "base/letter_width.h"
#include "base/temporary.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/drawing.h"
#include "results/record_json.h"
#include "results/time_of_change.h"

#include <algorithm>
#include <array>
#include <utility>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

bool same_folder(const fs::path& a, const fs::path& b) {
    std::error_code code;
    const auto folder = [](const fs::path& path) {
        return path.has_parent_path() ? path.parent_path() : fs::path(".");
    };
    return fs::equivalent(folder(a), folder(b), code);
}

/// A sentence if something of these names cannot be drawn on this machine; else empty.
std::string what_fonts_lack(const TextRenderer& text, std::span<const std::string> labels) {
    if (!text.has_fonts())
        return "no font is installed, so drawings have boxes without labels; install fonts-dejavu-core";
    const std::vector<char32_t> missing = text.missing(labels);
    if (missing.empty()) return "";
    constexpr char32_t first_of_east_asia = 0x2E80;
    std::vector<std::string> letters;
    letters.reserve(missing.size());
    for (const char32_t letter : missing) letters.push_back(in_utf8(letter));
    const bool east_asian = missing.back() >= first_of_east_asia && letter_width(missing.back()) == 2;
    return "no installed font has " + listed(letters, {.most = 8}) + ", drawn as " +
           (missing.size() == 1 ? "a box" : "boxes") + "; install " +
           (east_asian ? "fonts-noto-cjk" : "fonts-noto-core");
}

std::string_view word_for(LabelsOn labels_on) {
    switch (labels_on) {
    case LabelsOn::box: return "box";
    case LabelsOn::legend: return "legend";
    case LabelsOn::none: return "none";
    }
    return "";
}

ResultJson to_record(const DrawnPicture& drawn) {
    const PixelRect& place = drawn.place;
    ResultJson json{{"width", drawn.picture.width},
                    {"height", drawn.picture.height},
                    {"picture", {place.x, place.y, place.width, place.height}},
                    {"labels_on", word_for(drawn.labels_on)}};
    if (drawn.labels_on == LabelsOn::legend) json["legend_lists"] = drawn.lists_classes ? "classes" : "detections";
    return json;
}

} // namespace

PictureOutputs::PictureOutputs(const ResultsPlan& plan, std::span<const std::string> labels, const InputFiles& inputs)
    : drawings_(plan.drawings), labels_(labels), inputs_(inputs) {
    if (drawings_ && drawings_->style.labels_on != LabelsOn::none) {
        text_ = std::make_unique<TextRenderer>();
        if (const std::string lacking = what_fonts_lack(*text_, labels); !lacking.empty()) notes_.push_back(lacking);
    }
    for (const PictureDestination& each : plan.per_picture) {
        writers_.push_back(each.format->open({.folder = each.folder, .labels = labels}));
        if (plan.resume) writers_.back()->resume();
        if (const std::string remark = writers_.back()->remark(); !remark.empty())
            remarks_.push_back(std::string(each.format->option.flag) + " " + remark);
    }
}

void PictureOutputs::remove_left(const ResultPaths& paths) {
    if (!tidy_.emplace(paths.drawn.parent_path(), paths.stem.parent_path()).second) return;
    if (drawings_) remove_left_temporaries(paths.drawn.parent_path());
    for (const auto& writer : writers_) {
        for (const fs::path& folder : writer->folders_of(paths.stem)) remove_left_temporaries(folder);
    }
}

Result<void> PictureOutputs::prepare(const Input& input, const ResultPaths& paths) {
    // A video's folders and names stay the same, but where each frame has a file.
    const bool file_each =
        std::ranges::any_of(writers_, [&](const auto& writer) { return !writer->file(paths.stem).empty(); });
    if (input.frame && input.frame->index > 0 && !file_each) return {};
    const bool into_folder = drawings_ && drawings_->is_folder;
    if (input.unforeseen && into_folder && same_folder(input.name, paths.drawn)) {
        return Error{ErrorCode::invalid_argument,
                     drawings_->path.string() +
                         ": this folder is an input, and its pictures could be overwritten; write to another folder"};
    }
    if (into_folder) DETECT_TRY(make_folder(paths.drawn.parent_path(), "several pictures"));
    for (const auto& writer : writers_) DETECT_TRY(writer->make_folder_of(paths.stem));
    if (drawings_) DETECT_TRY(inputs_.check_destination(paths.drawn));
    for (const auto& writer : writers_) {
        if (const fs::path file = writer->file(paths.stem); !file.empty()) DETECT_TRY(inputs_.check_destination(file));
    }
    return std::exchange(begun_, true) ? Result<void>() : begin();
}

Result<void> PictureOutputs::begin() {
    for (const auto& writer : writers_) DETECT_TRY(writer->begin());
    return {};
}

Result<DrawnFrame> PictureOutputs::write(const ResultPaths& paths, const PictureResult& result, Picture picture) const {
    for (const auto& writer : writers_) DETECT_TRY(writer->write(paths.stem, result, picture));
    return drawings_ ? draw(paths, result, std::move(picture)) : DrawnFrame();
}

Result<DrawnFrame> PictureOutputs::draw(const ResultPaths& paths, const PictureResult& result, Picture picture) const {
    if (picture.format != PixelFormat::rgb8) {
        DETECT_TRY_ASSIGN(picture, to_rgb8(picture.view()));
    }
    DrawingOptions style = drawings_->style;
    style.keeps_size = result.frame.has_value();
    DETECT_TRY_ASSIGN(DrawnPicture drawn,
                      draw_detections(std::move(picture), result.detections, labels_, text_.get(), style));
    if (result.frame) return DrawnFrame(std::move(drawn.picture));
    const std::array texts{PictureText{"detect:detections", as_text(to_record(result, labels_))},
                           PictureText{"detect:drawing", as_text(to_record(drawn))}};
    DETECT_TRY(write_picture(paths.drawn, drawn.picture.view(), PictureOrigin::ours, texts));
    return DrawnFrame();
}

bool PictureOutputs::have(const std::string& picture, const ResultPaths& paths, bool nothing_found) const {
    if (drawings_ && !is_up_to_date(paths.drawn, picture)) return false;
    return std::ranges::all_of(writers_,
                               [&](const auto& writer) { return writer->has(paths.stem, picture, nothing_found); });
}

} // namespace detect::cli
