// SPDX-License-Identifier: Apache-2.0
#include "results/coco_images.h"

#include "base/text.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

namespace detect {

namespace {

/// The same file by two names is no rival.
bool is_same_file(const std::string& a, const std::string& b) {
    std::error_code code;
    return parts_from_the_end(a) == parts_from_the_end(b) || std::filesystem::equivalent(a, b, code);
}

/// How well a picture fits its image: more is better.
std::pair<bool, std::size_t> fit(const CocoIds::Image& image) { return {image.as_written, image.shared}; }

} // namespace

std::optional<std::int64_t> CocoImages::add(const std::string& file) {
    const auto [place, is_new] = pictures_.try_emplace(file);
    Picture& picture = place->second;
    if (is_new) picture.image = ids_->image(file);
    picture.earlier = false;
    if (!picture.kept()) return std::nullopt;
    return picture.image->id;
}

void CocoImages::add_earlier(const std::string& file) {
    if (!ids_) return;
    // The name of a video's frame is that of no picture.
    if (const auto image = ids_->image(file))
        pictures_.try_emplace(file, Picture{.image = image, .rival = {}, .earlier = true});
}

void CocoImages::settle() {
    std::map<std::int64_t, std::vector<std::map<std::string, Picture>::iterator>> by_image;
    for (auto picture = pictures_.begin(); picture != pictures_.end(); ++picture) {
        if (picture->second.kept()) by_image[picture->second.image->id].push_back(picture);
    }
    for (const auto& [id, candidates] : by_image) {
        const auto fit_of = [](const auto& candidate) { return fit(*candidate->second.image); };
        const auto best = *std::ranges::max_element(candidates, {}, fit_of);
        for (const auto& one : candidates) {
            if (is_same_file(one->first, best->first)) continue;
            one->second.rival = best->first;
            if (fit_of(one) == fit_of(best)) best->second.rival = one->first;
        }
        if (best->second.rival.empty()) continue;
        for (const auto& one : candidates) {
            if (one->second.rival.empty()) one->second.rival = best->second.rival;
        }
    }
}

bool CocoImages::keeps(const std::string& file) const {
    const auto found = pictures_.find(file);
    return found == pictures_.end() || found->second.kept();
}

std::size_t CocoImages::left_out() const {
    std::size_t count = 0;
    for (const auto& [file, picture] : pictures_) count += picture.kept() || picture.earlier ? 0 : 1;
    return count;
}

std::string CocoImages::remark(const std::string& annotations) const {
    std::size_t all = 0;
    std::size_t by_end_of_name = 0;
    std::string example;
    std::string reason;
    for (const auto& [file, picture] : pictures_) {
        if (picture.earlier) continue;
        ++all;
        if (picture.kept() && !picture.image->as_written) {
            if (by_end_of_name++ == 0) example = file + " for " + picture.image->name;
        }
        if (picture.kept() || !reason.empty()) continue;
        if (!picture.image) {
            reason = "such as " + file + ": see that file_name is the name of the picture";
        } else if (!picture.image->other.empty()) {
            reason = "such as " + file + ", which may be " + picture.image->name + " or " + picture.image->other;
        } else {
            reason = "such as " + file + ": " + picture.rival + " may be " + picture.image->name + " as well";
        }
    }
    const std::size_t left_out_count = left_out();
    std::string text;
    if (left_out_count == all && all > 0) {
        text = "has no results: none of the " + std::to_string(all) + " pictures is found in " + annotations + ", " +
               reason;
    } else if (left_out_count > 0) {
        text = "leaves out " + std::to_string(left_out_count) + " of " + std::to_string(all) +
               " pictures, which are not found in " + annotations + ", " + reason;
    }
    if (by_end_of_name == 0) return text;
    if (!text.empty()) text += "; it ";
    return text + "goes by the end of the name for " + counted(by_end_of_name, "picture") + " of " + annotations +
           ", such as " + example;
}

} // namespace detect
