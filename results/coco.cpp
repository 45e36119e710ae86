// SPDX-License-Identifier: Apache-2.0
#include "results/coco.h"

#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "results/coco_images.h"
#include "results/earlier_results.h"
#include "results/json_file.h"
#include "results/record_json.h"
#include "results/time_of_change.h"

#include <algorithm>
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
        : CollectedWriter(std::move(sink)), target_(std::move(target)), images_(std::move(ids)) {}

    Result<void> resume() override;
    /// The format has no place for a picture without detections.
    [[nodiscard]] bool has(const PictureId& picture, bool nothing_found) const override {
        return nothing_found || (earlier_.contains(name_of(path_as_text(picture.path), picture.page, std::nullopt)) &&
                                 !changed_after(picture.path, earlier_written_));
    }
    Result<void> add(const PictureResult& result) override;
    Result<void> close() override;
    [[nodiscard]] std::string remark() const override;
    [[nodiscard]] std::int64_t left_out() const override {
        return static_cast<std::int64_t>(images_.left_out() + unknown_classes_.size());
    }

private:
    struct NewResult {
        /// The picture, or the video of a frame.
        std::string file;
        CocoResult result;
    };

    CollectedTarget target_;
    CocoImages images_;
    /// Of an earlier run.
    std::vector<CocoResult> results_;
    std::vector<NewResult> new_results_;
    /// The names in an earlier run's file, and those that came again.
    std::set<std::string> earlier_;
    std::set<std::string> replaced_;
    std::filesystem::file_time_type earlier_written_;
    std::int64_t next_image_id_ = 1;
    /// Classes that the annotations have no number for.
    std::set<std::string> unknown_classes_;
    std::size_t of_unknown_classes_ = 0;
    bool any_ = false;
};

Result<void> CocoWriter::resume() {
    auto text = read_written(target_.file);
    if (!text) return in_file(target_.file, text.error());
    Result<std::vector<CocoResult>> results = std::vector<CocoResult>();
    if (*text) results = parse_coco((*text)->text);
    if (!results) return in_file(target_.file, results.error());
    // Killed after it was written and before it got its name: all that was there, and more.
    if (file()->has_left()) {
        DETECT_TRY_ASSIGN(WrittenText left, file()->read());
        if (auto later = parse_coco(left.text)) {
            results = std::move(later);
            *text = std::move(left);
        }
    }
    if (!*text) return {};
    any_ = file()->has_left();
    results_ = *std::move(results);
    earlier_written_ = (*text)->written;
    for (const CocoResult& result : results_) {
        earlier_.insert(result.file_name);
        next_image_id_ = std::max(next_image_id_, result.image_id + 1);
        images_.add_earlier(result.file_name);
    }
    return {};
}

Result<void> CocoWriter::add(const PictureResult& result) {
    any_ = true;
    const std::string name = name_of(result.file, result.page, result.frame);
    if (earlier_.contains(name) && replaced_.insert(name).second)
        std::erase_if(results_, [&](const CocoResult& earlier) { return earlier.file_name == name; });
    const auto image_id = images_.ids() ? images_.add(result.file) : std::optional(next_image_id_++);
    if (!image_id) return {};
    for (const Detection& detection : result.detections) {
        const auto category = images_.ids() ? images_.ids()->category(detection.label, target_.labels)
                                            : std::optional<std::int64_t>(detection.label);
        if (!category) {
            unknown_classes_.insert(label_name(detection.label, target_.labels));
            ++of_unknown_classes_;
            continue;
        }
        new_results_.push_back({result.file, coco_result(detection, *image_id, *category, name)});
    }
    return {};
}

Result<void> CocoWriter::close() {
    if (!any_) return sink_.commit();
    images_.settle();
    for (NewResult& one : new_results_) {
        if (images_.keeps(one.file)) results_.push_back(std::move(one.result));
    }
    new_results_.clear();
    DETECT_TRY(sink_.begin(to_coco(results_)));
    return sink_.commit();
}

std::string CocoWriter::remark() const {
    std::vector<std::string> sentences;
    if (const std::string pictures = images_.remark(target_.companion.string()); !pictures.empty())
        sentences.push_back(pictures);
    if (!unknown_classes_.empty()) {
        sentences.push_back("leaves out " + counted(of_unknown_classes_, "detection") + " of classes that " +
                            target_.companion.string() + " does not have (" + listed(unknown_classes_, {.most = 5}) +
                            ")");
    }
    return listed(sentences, {.separator = "; it "});
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
    DETECT_TRY_ASSIGN(const auto document, read_json(annotations));
    DETECT_TRY_ASSIGN(const nlohmann::json* images, annotation_list(annotations, *document, "images"));
    DETECT_TRY_ASSIGN(const nlohmann::json* categories, annotation_list(annotations, *document, "categories"));
    std::vector<std::string> names;
    std::vector<std::int64_t> ids;
    SeenIds seen;
    std::map<std::string, std::int64_t> seen_names;
    for (std::size_t i = 0; i < images->size(); ++i) {
        const JsonEntry entry(annotations, "images", i, (*images)[i]);
        DETECT_TRY(entry.check_object());
        DETECT_TRY_ASSIGN(const std::int64_t id, entry.id("id"));
        DETECT_TRY(seen.add(id, i, entry));
        DETECT_TRY_ASSIGN(std::string name, entry.text("file_name"));
        if (const auto [first, is_new] = seen_names.emplace(name, id); !is_new) {
            return entry.error("file_name", name + " is also the name of image " + std::to_string(first->second) +
                                                "; give each picture one entry");
        }
        names.push_back(std::move(name));
        ids.push_back(id);
    }
    CocoIds read(std::move(names), std::move(ids));
    SeenIds seen_categories;
    for (std::size_t i = 0; i < categories->size(); ++i) {
        const JsonEntry entry(annotations, "categories", i, (*categories)[i]);
        DETECT_TRY(entry.check_object());
        DETECT_TRY_ASSIGN(const std::int64_t id, entry.id("id"));
        DETECT_TRY(seen_categories.add(id, i, entry));
        DETECT_TRY_ASSIGN(std::string name, entry.text("name"));
        if (const auto [first, is_new] = read.categories_.emplace(name, id); !is_new) {
            return entry.error("name", "\"" + name + "\" is also the name of category " +
                                           std::to_string(first->second) + "; rename one");
        }
        read.category_ids_.push_back(id);
    }
    return read;
}

std::optional<CocoIds::Image> CocoIds::image(const std::string& file) const {
    const auto match = choice_.find(file);
    if (match.count == 0) return std::nullopt;
    const std::string& name = names_[match.first];
    Image image{.id = ids_[match.first], .name = name, .shared = match.shared, .as_written = false, .other = {}};
    image.as_written = file == name || (file.ends_with(name) && file[file.size() - name.size() - 1] == '/');
    if (!match.unambiguous()) image.other = names_[match.second];
    return image;
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
    std::optional<JsonFlaw> flaw;
    const auto document = parse_json_text<ResultJson>(text, flaw);
    std::vector<CocoResult> results;
    try {
        for (const ResultJson& item : *document) {
            results.push_back({.image_id = whole_number<std::int64_t>(item.at("image_id")),
                               .category_id = whole_number<std::int64_t>(item.at("category_id")),
                               .bbox = item.at("bbox"),
                               .score = item.at("score"),
                               .file_name = item.at("file_name")});
        }
        if (document->is_array()) return results;
    } catch (const ResultJson::exception&) {
        // As below.
    }
    return not_as_written("COCO results as 'detect run' writes them", text, flaw);
}

} // namespace detect
