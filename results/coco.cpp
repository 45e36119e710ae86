// SPDX-License-Identifier: Apache-2.0
#include "results/coco.h"

#include "base/label_name.h"

#include <algorithm>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

namespace detect {

namespace {

/// As in result_json.cpp: keys in order, numbers as float.
using Json =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

} // namespace

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
    Json document = Json::array();
    for (const CocoResult& result : results) {
        document.push_back({{"image_id", result.image_id},
                            {"category_id", result.category_id},
                            {"bbox", result.bbox},
                            {"score", result.score},
                            {"file_name", result.file_name}});
    }
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<CocoResult>> parse_coco(std::string_view text) {
    const Json document = Json::parse(text, nullptr, false);
    std::vector<CocoResult> results;
    try {
        for (const Json& item : document) {
            results.push_back({.image_id = item.at("image_id"),
                               .category_id = item.at("category_id"),
                               .bbox = item.at("bbox"),
                               .score = item.at("score"),
                               .file_name = item.at("file_name")});
        }
        if (document.is_array()) return results;
    } catch (const Json::exception&) {
        // As below.
    }
    return Error{ErrorCode::unreadable_input, "is not COCO results as 'detect run' writes them"};
}

} // namespace detect
