// SPDX-License-Identifier: Apache-2.0
#include "evaluation/dataset.h"

#include "base/text.h"
#include "base/try.h"
#include "results/json_file.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace detect::evaluation {

using nlohmann::json;

namespace {

/// Positions of ids in a list that is sorted by id.
using Positions = std::unordered_map<std::int64_t, std::size_t>;

template <class Item>
Positions sort_by_id(std::vector<Item>& items) {
    std::ranges::sort(items, {}, &Item::id);
    Positions positions;
    for (std::size_t i = 0; i < items.size(); ++i) positions.emplace(items[i].id, i);
    return positions;
}

Result<std::vector<DatasetImage>> read_images(const std::filesystem::path& file, const json& list) {
    std::vector<DatasetImage> images;
    SeenIds seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const JsonEntry entry(file, "images", i, list[i]);
        DETECT_TRY(entry.check_object());
        DatasetImage image;
        DETECT_TRY_ASSIGN(image.id, entry.id("id"));
        DETECT_TRY(seen.add(image.id, i, entry));
        if (entry.has("file_name")) {
            DETECT_TRY_ASSIGN(image.file_name, entry.text("file_name"));
        }
        images.push_back(std::move(image));
    }
    if (images.empty()) return wrong(file, "images", "is empty: there is nothing to evaluate");
    return images;
}

Result<std::vector<Category>> read_categories(const std::filesystem::path& file, const json& list) {
    std::vector<Category> categories;
    SeenIds seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const JsonEntry entry(file, "categories", i, list[i]);
        DETECT_TRY(entry.check_object());
        Category category;
        DETECT_TRY_ASSIGN(category.id, entry.id("id"));
        DETECT_TRY_ASSIGN(category.name, entry.text("name"));
        DETECT_TRY(seen.add(category.id, i, entry));
        const auto same = std::ranges::find(categories, category.name, &Category::name);
        if (same != categories.end()) {
            return entry.error("name", "\"" + category.name + "\" is also the name of category " +
                                           std::to_string(same->id) + "; rename one");
        }
        categories.push_back(std::move(category));
    }
    if (categories.empty()) return wrong(file, "categories", "is empty: there is nothing to look for");
    return categories;
}

/// The position of the image or category that an entry refers to.
Result<std::optional<std::size_t>> look_up(const JsonEntry& entry, const char* field, const Positions& positions) {
    DETECT_TRY_ASSIGN(const std::int64_t id, entry.id(field));
    const auto found = positions.find(id);
    return found == positions.end() ? std::nullopt : std::optional(found->second);
}

Result<CocoBox> read_box(const JsonEntry& entry) {
    if (!entry.has("bbox") && entry.has("segmentation")) {
        return entry.error("has a segmentation and no \"bbox\"; add the box around the outline: "
                           "[x, y, width, height] in pixels");
    }
    DETECT_TRY_ASSIGN(const auto box, entry.box("bbox"));
    return CocoBox{box[0], box[1], box[2], box[3]};
}

/// Nothing if its image or category is not in the file.
Result<std::optional<Annotation>> read_annotation(const JsonEntry& entry, const Positions& images,
                                                  const Positions& categories) {
    DETECT_TRY_ASSIGN(const auto image, look_up(entry, "image_id", images));
    DETECT_TRY_ASSIGN(const auto category, look_up(entry, "category_id", categories));
    Annotation annotation;
    DETECT_TRY_ASSIGN(annotation.box, read_box(entry));
    annotation.area = annotation.box.area();
    if (entry.has("area")) {
        DETECT_TRY_ASSIGN(annotation.area, entry.number("area"));
        if (annotation.area < 0.0) return entry.error("area", "is negative");
    }
    if (entry.has("iscrowd")) {
        DETECT_TRY_ASSIGN(annotation.crowd, entry.flag("iscrowd"));
    }
    if (!image || !category) return std::optional<Annotation>();
    annotation.image = *image;
    annotation.category = *category;
    return std::optional(annotation);
}

/// What a user has to know of it, once for the whole file.
class Remarks {
public:
    void left_out(std::size_t index) {
        if (left_out_++ == 0) first_left_out_ = index;
    }
    void look_at_ignore(const JsonEntry& entry, bool crowd) {
        if (crowd || !entry.has("ignore")) return;
        const auto ignore = entry.flag("ignore");
        if (!ignore || *ignore) ++ignore_;
    }
    void write(Dataset& dataset, std::size_t all) const {
        dataset.annotations_left_out = left_out_;
        if (left_out_ > 0) {
            dataset.remarks.push_back(std::to_string(left_out_) + " of " + std::to_string(all) +
                                      " annotations are of images or categories that the file does not list, such as "
                                      "annotations[" +
                                      std::to_string(first_left_out_) +
                                      "]; they are left out, as pycocotools does: add what is missing to the lists, or "
                                      "remove these annotations");
        }
        if (ignore_ > 0) {
            dataset.remarks.push_back("\"ignore\" is set without \"iscrowd\" in " + counted(ignore_, "annotation") +
                                      ": it has no effect, as in pycocotools; "
                                      "set iscrowd for what need not be found");
        }
    }

private:
    std::size_t left_out_ = 0;
    std::size_t first_left_out_ = 0;
    std::size_t ignore_ = 0;
};

/// pycocotools refuses results of other images, too.
Result<void> check_what_fits(const std::filesystem::path& file, std::size_t all, std::size_t foreign,
                             const std::string& first_foreign, const ReadDetections& read) {
    if (foreign > 0) {
        return wrong(file, "image_id",
                     std::to_string(foreign) + " of " + std::to_string(all) +
                         " detections are of ids that none of the annotations' images has, such as " + first_foreign +
                         "; give the annotations of these pictures, or run on the pictures of these annotations");
    }
    if (all > 0 && read.detections.empty()) {
        return wrong(file, "category_id",
                     "none of the " + std::to_string(all) +
                         " detections is of a category that the annotations have; give both the same ids");
    }
    return {};
}

void find_pictures_without(const Dataset& dataset, ReadDetections& read) {
    std::vector<bool> detected(dataset.images.size());
    std::vector<bool> lacking(dataset.images.size());
    for (const DetectedBox& detection : read.detections) detected[detection.image] = true;
    for (const Annotation& annotation : dataset.annotations)
        lacking[annotation.image] = !annotation.crowd || lacking[annotation.image];
    for (std::size_t image = 0; image < detected.size(); ++image) {
        if (detected[image]) continue;
        ++read.images_without;
        if (lacking[image]) ++read.images_without_but_objects;
    }
}

template <class Item>
Positions positions_of(const std::vector<Item>& items) {
    Positions positions;
    for (std::size_t i = 0; i < items.size(); ++i) positions.emplace(items[i].id, i);
    return positions;
}

} // namespace

double overlap(const CocoBox& detected, const CocoBox& object, bool crowd) {
    const double width =
        std::min(detected.width + detected.x, object.width + object.x) - std::max(detected.x, object.x);
    if (width <= 0.0) return 0.0;
    const double height =
        std::min(detected.height + detected.y, object.height + object.y) - std::max(detected.y, object.y);
    if (height <= 0.0) return 0.0;
    const double intersection = width * height;
    return intersection / (crowd ? detected.area() : detected.area() + object.area() - intersection);
}

namespace {

Result<Dataset> ground_truth_of(const json& document, const std::filesystem::path& file) {
    DETECT_TRY_ASSIGN(const json* images, annotation_list(file, document, "images"));
    DETECT_TRY_ASSIGN(const json* categories, annotation_list(file, document, "categories"));
    DETECT_TRY_ASSIGN(const json* annotations, annotation_list(file, document, "annotations"));
    Dataset dataset;
    DETECT_TRY_ASSIGN(dataset.images, read_images(file, *images));
    DETECT_TRY_ASSIGN(dataset.categories, read_categories(file, *categories));
    const Positions image_positions = sort_by_id(dataset.images);
    const Positions category_positions = sort_by_id(dataset.categories);
    SeenIds seen;
    Remarks remarks;
    for (std::size_t i = 0; i < annotations->size(); ++i) {
        const JsonEntry entry(file, "annotations", i, (*annotations)[i]);
        DETECT_TRY(entry.check_object());
        if (entry.has("id")) {
            DETECT_TRY_ASSIGN(const std::int64_t id, entry.id("id"));
            DETECT_TRY(seen.add(id, i, entry));
        }
        DETECT_TRY_ASSIGN(const auto annotation, read_annotation(entry, image_positions, category_positions));
        if (annotation) {
            remarks.look_at_ignore(entry, annotation->crowd);
            dataset.annotations.push_back(*annotation);
        } else {
            remarks.left_out(i);
        }
    }
    if (!annotations->empty() && dataset.annotations.empty()) {
        return wrong(file, "annotations",
                     "none of the " + std::to_string(annotations->size()) +
                         " is of an image and a category that the file lists; its parts are of different data sets");
    }
    remarks.write(dataset, annotations->size());
    return dataset;
}

Result<ReadDetections> detections_of(const json& document, const std::filesystem::path& file, const Dataset& dataset) {
    if (!document.is_array()) {
        return wrong(file, "top level",
                     "expected a list of COCO results: [{\"image_id\", \"category_id\", \"bbox\", \"score\"}, ...]");
    }
    const Positions images = positions_of(dataset.images);
    const Positions categories = positions_of(dataset.categories);
    ReadDetections read;
    std::size_t foreign = 0;
    std::string first_foreign;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const JsonEntry entry(file, "detections", i, document[i]);
        DETECT_TRY(entry.check_object());
        DetectedBox detection;
        DETECT_TRY_ASSIGN(const auto image, look_up(entry, "image_id", images));
        DETECT_TRY_ASSIGN(const auto category, look_up(entry, "category_id", categories));
        DETECT_TRY_ASSIGN(detection.box, read_box(entry));
        DETECT_TRY_ASSIGN(detection.score, entry.number("score"));
        if (!image) {
            DETECT_TRY_ASSIGN(const std::int64_t id, entry.id("image_id"));
            if (foreign++ == 0) first_foreign = std::to_string(id) + " in detections[" + std::to_string(i) + "]";
        } else if (!category) {
            ++read.of_unknown_categories;
        } else {
            detection.image = *image;
            detection.category = *category;
            read.detections.push_back(detection);
        }
    }
    DETECT_TRY(check_what_fits(file, document.size(), foreign, first_foreign, read));
    find_pictures_without(dataset, read);
    return read;
}

} // namespace

Result<Dataset> read_ground_truth(const std::filesystem::path& file, const JsonLimits& limits) {
    DETECT_TRY_ASSIGN(const auto document, read_json(file, limits));
    return ground_truth_of(*document, file);
}

Result<Dataset> parse_ground_truth(std::string_view text, const std::filesystem::path& file, const JsonLimits& limits) {
    DETECT_TRY_ASSIGN(const auto document, parse_json_file(text, file, limits));
    return ground_truth_of(*document, file);
}

Result<ReadDetections> read_detections(const std::filesystem::path& file, const Dataset& dataset,
                                       const JsonLimits& limits) {
    DETECT_TRY_ASSIGN(const auto document, read_json(file, limits));
    return detections_of(*document, file, dataset);
}

Result<ReadDetections> parse_detections(std::string_view text, const std::filesystem::path& file,
                                        const Dataset& dataset, const JsonLimits& limits) {
    DETECT_TRY_ASSIGN(const auto document, parse_json_file(text, file, limits));
    return detections_of(*document, file, dataset);
}

std::string to_coco_results(std::span<const DetectedBox> detections, const Dataset& dataset) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const DetectedBox& detection : detections) {
        const CocoBox& box = detection.box;
        list.push_back({{"image_id", dataset.images[detection.image].id},
                        {"category_id", dataset.categories[detection.category].id},
                        {"bbox", {box.x, box.y, box.width, box.height}},
                        {"score", detection.score}});
    }
    return list.dump() + "\n";
}

Selection without_images(const Dataset& dataset, std::span<const DetectedBox> detections,
                         std::span<const std::size_t> left_out) {
    Selection selection;
    std::vector<std::optional<std::size_t>> position(dataset.images.size());
    for (std::size_t i = 0; i < dataset.images.size(); ++i) {
        if (std::ranges::binary_search(left_out, i)) continue;
        position[i] = selection.dataset.images.size();
        selection.dataset.images.push_back(dataset.images[i]);
    }
    selection.dataset.categories = dataset.categories;
    selection.dataset.annotations_left_out = dataset.annotations_left_out;
    selection.dataset.remarks = dataset.remarks;
    const auto keep = [&](const auto& items, auto& kept) {
        for (auto item : items) {
            if (!position[item.image]) continue;
            item.image = *position[item.image];
            kept.push_back(item);
        }
    };
    keep(dataset.annotations, selection.dataset.annotations);
    keep(detections, selection.detections);
    return selection;
}

} // namespace detect::evaluation
