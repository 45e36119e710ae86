// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_text.h"
#include "detect/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What is to be found in a set of pictures, and what was found, in COCO's file formats
/// (https://cocodataset.org/#format-data, #format-results).
namespace detect::evaluation {

/// A rectangle as COCO writes it: left upper corner, width and height, in pixels of the picture.
struct CocoBox {
    double x = 0.0;
    double y = 0.0;
    double width = 0.0;
    double height = 0.0;

    [[nodiscard]] double area() const { return width * height; }
    friend bool operator==(const CocoBox&, const CocoBox&) = default;
};

/// Intersection over union of two boxes; 0 without an intersection. Of a crowd only the share of `detected` that lies
/// in it counts (pycocotools' rule).
[[nodiscard]] double overlap(const CocoBox& detected, const CocoBox& object, bool crowd = false);

struct DatasetImage {
    std::int64_t id = 0;
    /// As the file says, relative to the folder of pictures; empty if it does not say.
    std::string file_name;
};

struct Category {
    std::int64_t id = 0;
    std::string name;
};

/// An object that is there. `image` and `category` are positions in the Dataset's lists.
struct Annotation {
    std::size_t image = 0;
    std::size_t category = 0;
    CocoBox box;
    /// Square pixels, of the outline where there is one: decides between small, medium and large.
    double area = 0.0;
    /// A group that need not be found, and within which nothing is a false alarm.
    bool crowd = false;
};

struct Dataset {
    /// By ascending id, as are categories.
    std::vector<DatasetImage> images;
    std::vector<Category> categories;
    /// In the order of the file.
    std::vector<Annotation> annotations;
    /// Of images or categories that the file does not list, which pycocotools leaves out, too.
    std::size_t annotations_left_out = 0;
    /// What a user has to know of the file, a sentence each.
    std::vector<std::string> remarks = {};
};

/// Something that a detector reports. `image` and `category` are positions in the Dataset's lists.
struct DetectedBox {
    std::size_t image = 0;
    std::size_t category = 0;
    CocoBox box;
    double score = 0.0;
};

/// Reads ground truth: `images` (id, file_name), `categories` (id, name), `annotations` (id, image_id, category_id,
/// bbox; area, if it is missing that of the box; iscrowd, if it is missing 0). As in pycocotools,
/// only iscrowd makes an object one that is ignored, and annotations of images or categories that are not in the file
/// are left out; both are told in `remarks`. `unreadable_input` names the file, the place in it and what has to be
/// mended: missing fields, wrong types, negative sizes, ids that occur twice, no annotation of what the file lists.
[[nodiscard]] Result<Dataset> read_ground_truth(const std::filesystem::path& file, const JsonLimits& limits = {});

/// The same of a file's text; `file` names it in errors.
[[nodiscard]] Result<Dataset> parse_ground_truth(std::string_view text, const std::filesystem::path& file,
                                                 const JsonLimits& limits = {});

struct ReadDetections {
    std::vector<DetectedBox> detections;
    /// Of categories that the ground truth does not have; they are left out, as pycocotools does.
    std::size_t of_unknown_categories = 0;
    /// Images of the ground truth without a detection: the format cannot say whether they were looked at.
    std::size_t images_without = 0;
    /// Those of them in which there is something to be found.
    std::size_t images_without_but_objects = 0;
};

/// Reads COCO results: a list of image_id, category_id, bbox and score. Same errors; and one if any is of an image that
/// the ground truth does not have, or all are of such categories.
[[nodiscard]] Result<ReadDetections> read_detections(const std::filesystem::path& file, const Dataset& dataset,
                                                     const JsonLimits& limits = {});

/// The same of a file's text; `file` names it in errors.
[[nodiscard]] Result<ReadDetections> parse_detections(std::string_view text, const std::filesystem::path& file,
                                                      const Dataset& dataset, const JsonLimits& limits = {});

/// Writes such a list. Numbers read back to the same bits.
[[nodiscard]] std::string to_coco_results(std::span<const DetectedBox> detections, const Dataset& dataset);

/// The dataset and the detections without some images (their positions in `dataset.images`, ascending).
struct Selection {
    Dataset dataset;
    std::vector<DetectedBox> detections;
};
[[nodiscard]] Selection without_images(const Dataset& dataset, std::span<const DetectedBox> detections,
                                       std::span<const std::size_t> left_out);

} // namespace detect::evaluation
