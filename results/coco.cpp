// SPDX-License-Identifier: Apache-2.0
#include "results/coco.h"

#include "base/label_name.h"
#include "base/try.h"
#include "results/earlier_results.h"
#include "results/record_json.h"
#include "results/time_of_change.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace detect {

namespace {

/// "clip.mp4#12" for a frame, "scan.tif#page2" for a page.
std::string name_of(std::string file, std::optional<std::int64_t> page, std::optional<std::int64_t> frame) {
    if (page) file += "#page" + std::to_string(*page);
    return frame ? file + "#" + std::to_string(*frame) : file;
}

class CocoWriter final : public CollectedWriter {
public:
    CocoWriter(CollectedTarget target, ResultSink sink, std::optional<CocoIds> ids)
        : CollectedWriter(std::move(sink)), target_(std::move(target)), ids_(std::move(ids)) {}

    Result<void> resume() override;
    /// The format has no place for a picture without detections.
    [[nodiscard]] bool has(const PictureId& picture, bool nothing_found) const override {
        return nothing_found || (earlier_.contains(name_of(path_as_text(picture.path), picture.page, std::nullopt)) &&
                                 !changed_after(picture.path, earlier_written_));
    }
    Result<void> add(const PictureResult& result) override;
    Result<void> close() override {
        if (any_) DETECT_TRY(sink_.begin(to_coco(results_)));
        return sink_.commit();
    }
    [[nodiscard]] std::string remark() const override;

private:
    CollectedTarget target_;
    std::optional<CocoIds> ids_;
    std::vector<CocoResult> results_;
    /// The names in an earlier run's file, and those that came again.
    std::set<std::string> earlier_;
    std::set<std::string> replaced_;
    std::filesystem::file_time_type earlier_written_;
    std::int64_t next_image_id_ = 1;
    /// What the annotations have no number for.
    std::set<std::string> unknown_;
    bool any_ = false;
};

Result<void> CocoWriter::resume() {
    const auto text = read_text(target_.file);
    if (!text) return {};
    auto results = parse_coco(*text);
    if (!results) return in_file(target_.file, results.error());
    results_ = *std::move(results);
    std::error_code code;
    earlier_written_ = std::filesystem::last_write_time(target_.file, code);
    for (const CocoResult& result : results_) {
        earlier_.insert(result.file_name);
        next_image_id_ = std::max(next_image_id_, result.image_id + 1);
    }
    return {};
}

Result<void> CocoWriter::add(const PictureResult& result) {
    any_ = true;
    const std::string name = name_of(result.file, result.page, result.frame);
    if (earlier_.contains(name) && replaced_.insert(name).second)
        std::erase_if(results_, [&](const CocoResult& earlier) { return earlier.file_name == name; });
    const auto image_id = ids_ ? ids_->image(result.file) : std::optional(next_image_id_++);
    if (!image_id) {
        unknown_.insert(name);
        return {};
    }
    for (const Detection& detection : result.detections) {
        const auto category =
            ids_ ? ids_->category(detection.label, target_.labels) : std::optional<std::int64_t>(detection.label);
        if (!category) {
            unknown_.insert("class " + label_name(detection.label, target_.labels));
            continue;
        }
        results_.push_back(coco_result(detection, *image_id, *category, name));
    }
    return {};
}

std::string CocoWriter::remark() const {
    if (unknown_.empty()) return {};
    return "leaves out " + std::to_string(unknown_.size()) + " pictures or classes that are not in " +
           target_.companion.string() + ", such as " + *unknown_.begin();
}

Result<std::unique_ptr<CollectedWriter>> open(CollectedTarget target) {
    std::optional<CocoIds> ids;
    if (!target.companion.empty()) {
        DETECT_TRY_ASSIGN(ids, CocoIds::read(target.companion));
    }
    DETECT_TRY_ASSIGN(ResultSink sink, ResultSink::open(target));
    return {std::make_unique<CocoWriter>(std::move(target), std::move(sink), std::move(ids))};
}

} // namespace

constinit const CollectedFormat coco_format{
    .option = {.flag = "--coco",
               .value = "FILE",
               .help = "Write COCO results; bbox: x,y,width,height in pixels from 0"},
    .companion = {.flag = "--annotations",
                  .value = "FILE",
                  .help = "COCO annotations: --coco takes the ids of pictures and classes from them"},
    .open = open,
};

Result<CocoIds> CocoIds::read(const std::filesystem::path& annotations) {
    std::ifstream file(annotations, std::ios::binary);
    if (!file) return Error{ErrorCode::unreadable_input, annotations.string() + ": cannot be read"};
    const auto json = nlohmann::json::parse(file, nullptr, false);
    CocoIds ids;
    try {
        std::set<std::string> ambiguous;
        for (const auto& image : json.at("images")) {
            const std::string name = image.at("file_name");
            const std::int64_t id = image.at("id");
            ids.images_[name] = id;
            const std::string short_name = std::filesystem::path(name).filename().string();
            if (!ids.images_by_file_name_.emplace(short_name, id).second) ambiguous.insert(short_name);
        }
        for (const std::string& name : ambiguous) ids.images_by_file_name_.erase(name);
        for (const auto& category : json.at("categories")) {
            ids.categories_[category.at("name")] = category.at("id");
            ids.category_ids_.push_back(category.at("id"));
        }
    } catch (const nlohmann::json::exception&) {
        return Error{ErrorCode::unreadable_input, annotations.string() +
                                                      ": is not a COCO annotation file (images with id and file_name, "
                                                      "categories with id and name)"};
    }
    return ids;
}

std::optional<std::int64_t> CocoIds::image(const std::string& file) const {
    if (const auto found = images_.find(file); found != images_.end()) return found->second;
    const auto found = images_by_file_name_.find(std::filesystem::path(file).filename().string());
    if (found != images_by_file_name_.end()) return found->second;
    return std::nullopt;
}

std::optional<std::int64_t> CocoIds::category(int label, std::span<const std::string> names) const {
    if (const auto found = categories_.find(label_name(label, names)); found != categories_.end()) return found->second;
    if (names.empty() && std::ranges::find(category_ids_, label) != category_ids_.end()) return label;
    return std::nullopt;
}

CocoResult coco_result(const Detection& detection, std::int64_t image_id, std::int64_t category_id,
                       std::string file_name) {
    const Box& box = detection.box;
    return {.image_id = image_id,
            .category_id = category_id,
            .bbox = {box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1},
            .score = detection.score,
            .file_name = std::move(file_name)};
}

std::string to_coco(std::span<const CocoResult> results) {
    ResultJson document = ResultJson::array();
    for (const CocoResult& result : results) {
        document.push_back({{"image_id", result.image_id},
                            {"category_id", result.category_id},
                            {"bbox", result.bbox},
                            {"score", result.score},
                            {"file_name", result.file_name}});
    }
    return as_line(document);
}

Result<std::vector<CocoResult>> parse_coco(std::string_view text) {
    const ResultJson document = ResultJson::parse(text, nullptr, false);
    std::vector<CocoResult> results;
    try {
        for (const ResultJson& item : document) {
            results.push_back({.image_id = item.at("image_id"),
                               .category_id = item.at("category_id"),
                               .bbox = item.at("bbox"),
                               .score = item.at("score"),
                               .file_name = item.at("file_name")});
        }
        if (document.is_array()) return results;
    } catch (const ResultJson::exception&) {
        // As below.
    }
    return Error{ErrorCode::unreadable_input, "is not COCO results as 'detect run' writes them"};
}

} // namespace detect
