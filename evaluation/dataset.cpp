// SPDX-License-Identifier: Apache-2.0
#include "evaluation/dataset.h"

#include "base/try.h"
#include "evaluation/json_file.h"

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

/// Where each id of a list was first seen.
class SeenIds {
public:
    Result<void> add(std::int64_t id, std::size_t index, const JsonEntry& entry) {
        const auto [first, is_new] = first_.emplace(id, index);
        if (is_new) return {};
        return entry.error("id", std::to_string(id) + " is also the id of entry " + std::to_string(first->second) +
                                     "; give each its own");
    }

private:
    std::unordered_map<std::int64_t, std::size_t> first_;
};

Result<const json*> get_list(const std::filesystem::path& file, const json& document, const char* name) {
    if (!document.is_object()) {
        return wrong(file, "top level",
                     document.is_array() ? "is a list, as results are; ground truth is an object with images, "
                                           "categories and annotations"
                                         : "expected an object with images, categories and annotations");
    }
    const auto list = document.find(name);
    if (list == document.end()) return wrong(file, "top level", std::string("has no \"") + name + "\"; add that list");
    if (!list->is_array()) return wrong(file, name, "expected a list in brackets");
    return &*list;
}

Result<std::vector<DatasetImage>> read_images(const std::filesystem::path& file, const json& list) {
    std::vector<DatasetImage> images;
    SeenIds seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const JsonEntry entry(file, "images", i, list[i]);
        DETECT_TRY(entry.check_object());
        DatasetImage image;
        DETECT_TRY_ASSIGN(image.id, entry.integer("id"));
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
        DETECT_TRY_ASSIGN(category.id, entry.integer("id"));
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
    DETECT_TRY_ASSIGN(const std::int64_t id, entry.integer(field));
    const auto found = positions.find(id);
    return found == positions.end() ? std::nullopt : std::optional(found->second);
}

Result<std::size_t> refer(const JsonEntry& entry, const char* field, const Positions& positions, const char* list) {
    DETECT_TRY_ASSIGN(const auto position, look_up(entry, field, positions));
    if (position) return *position;
    DETECT_TRY_ASSIGN(const std::int64_t id, entry.integer(field));
    return entry.error(field, std::to_string(id) + " is not the id of any of the " + list +
                                  "; add it there or remove this entry");
}

Result<Annotation> read_annotation(const JsonEntry& entry, const Positions& images, const Positions& categories) {
    Annotation annotation;
    DETECT_TRY_ASSIGN(annotation.image, refer(entry, "image_id", images, "images"));
    DETECT_TRY_ASSIGN(annotation.category, refer(entry, "category_id", categories, "categories"));
    DETECT_TRY_ASSIGN(annotation.box, entry.box("bbox"));
    annotation.area = annotation.box.area();
    if (entry.has("area")) {
        DETECT_TRY_ASSIGN(annotation.area, entry.number("area"));
        if (annotation.area < 0.0) return entry.error("area", "is negative");
    }
    if (entry.has("iscrowd")) {
        DETECT_TRY_ASSIGN(annotation.crowd, entry.flag("iscrowd"));
    }
    return annotation;
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

Result<Dataset> read_ground_truth(const std::filesystem::path& file) {
    DETECT_TRY_ASSIGN(const json document, read_json(file));
    DETECT_TRY_ASSIGN(const json* images, get_list(file, document, "images"));
    DETECT_TRY_ASSIGN(const json* categories, get_list(file, document, "categories"));
    DETECT_TRY_ASSIGN(const json* annotations, get_list(file, document, "annotations"));
    Dataset dataset;
    DETECT_TRY_ASSIGN(dataset.images, read_images(file, *images));
    DETECT_TRY_ASSIGN(dataset.categories, read_categories(file, *categories));
    const Positions image_positions = sort_by_id(dataset.images);
    const Positions category_positions = sort_by_id(dataset.categories);
    SeenIds seen;
    for (std::size_t i = 0; i < annotations->size(); ++i) {
        const JsonEntry entry(file, "annotations", i, (*annotations)[i]);
        DETECT_TRY(entry.check_object());
        if (entry.has("id")) {
            DETECT_TRY_ASSIGN(const std::int64_t id, entry.integer("id"));
            DETECT_TRY(seen.add(id, i, entry));
        }
        DETECT_TRY_ASSIGN(Annotation annotation, read_annotation(entry, image_positions, category_positions));
        dataset.annotations.push_back(annotation);
    }
    return dataset;
}

Result<ReadDetections> read_detections(const std::filesystem::path& file, const Dataset& dataset) {
    DETECT_TRY_ASSIGN(const json document, read_json(file));
    if (!document.is_array()) {
        return wrong(file, "top level",
                     "expected a list of COCO results: [{\"image_id\", \"category_id\", \"bbox\", \"score\"}, ...]");
    }
    const Positions images = positions_of(dataset.images);
    const Positions categories = positions_of(dataset.categories);
    ReadDetections read;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const JsonEntry entry(file, "detections", i, document[i]);
        DETECT_TRY(entry.check_object());
        DetectedBox detection;
        DETECT_TRY_ASSIGN(detection.image, refer(entry, "image_id", images, "annotations' images"));
        DETECT_TRY_ASSIGN(const auto category, look_up(entry, "category_id", categories));
        DETECT_TRY_ASSIGN(detection.box, entry.box("bbox"));
        DETECT_TRY_ASSIGN(detection.score, entry.number("score"));
        if (!category) {
            ++read.of_unknown_categories;
            continue;
        }
        detection.category = *category;
        read.detections.push_back(detection);
    }
    return read;
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
