// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/collected_format.h"
#include "results/picture_names.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace detect {

/// COCO's results format, written at the end; its companion is an annotation file.
extern const CollectedFormat coco_format;

/// The numbers that an annotation file in COCO's format gives to pictures and classes.
class CocoIds {
public:
    /// Reads "images" (`id`, `file_name`) and "categories" (`id`, `name`). `unreadable_input` if it cannot, or if two
    /// have one id or one name.
    static Result<CocoIds> read(const std::filesystem::path& annotations);

    /// What an annotation file says of a picture.
    struct Image {
        std::int64_t id = 0;
        /// As the annotations have it.
        std::string name;
        /// Parts of the path that both names share.
        std::size_t shared = 0;
        /// The path ends with this name as it is written.
        bool as_written = false;
        /// Another picture that may be meant as well; empty: there is none.
        std::string other;
    };
    /// The picture whose name shares the most parts with the end of the path (results/picture_names.h). Nothing if
    /// there is none.
    [[nodiscard]] std::optional<Image> image(const std::string& file) const;
    /// By the class's name; a model without names goes by its label numbers. Nothing if there is none.
    [[nodiscard]] std::optional<std::int64_t> category(int label, std::span<const std::string> names) const;

private:
    CocoIds(std::vector<std::string> names, std::vector<std::int64_t> ids)
        : names_(std::move(names)), ids_(std::move(ids)), choice_(names_) {}

    /// Of the pictures, and their ids.
    std::vector<std::string> names_;
    std::vector<std::int64_t> ids_;
    PictureNames choice_;
    std::map<std::string, std::int64_t> categories_;
    std::vector<std::int64_t> category_ids_;
};

/// One detection of COCO's results format.
struct CocoResult {
    std::int64_t image_id = 0;
    std::int64_t category_id = 0;
    /// Left, top, width, height.
    std::array<float, 4> bbox{};
    float score = 0.0F;
    /// Written beside the standard keys, which readers of the format ignore; a frame of a video is "clip.mp4#12", a
    /// page "scan.tif#page2".
    std::string file_name;
};

[[nodiscard]] CocoResult coco_result(const Detection& detection, std::int64_t image_id, std::int64_t category_id,
                                     std::string file_name);

/// `[{"image_id":…,"category_id":…,"bbox":[x,y,width,height],"score":…,"file_name":…}]`: the left upper corner and the
/// size in pixels of the upright picture, from 0.
[[nodiscard]] std::string to_coco(std::span<const CocoResult> results);

/// Reads `to_coco`'s text back; `unreadable_input` if it is something else.
[[nodiscard]] Result<std::vector<CocoResult>> parse_coco(std::string_view text);

} // namespace detect
