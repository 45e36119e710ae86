// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <string>
#include <vector>

namespace detect::evaluation {

inline Annotation object(const CocoBox& box, std::size_t category = 0, std::size_t image = 0) {
    return {.image = image, .category = category, .box = box, .area = box.area()};
}

inline DetectedBox found(const CocoBox& box, double score, std::size_t category = 0, std::size_t image = 0) {
    return {.image = image, .category = category, .box = box, .score = score};
}

/// Images 1, 2, … and categories c1, c2, ….
inline Dataset images(std::size_t image_count, std::size_t categories, std::vector<Annotation> annotations) {
    Dataset dataset{.images = {}, .categories = {}, .annotations = std::move(annotations)};
    for (std::size_t i = 1; i <= image_count; ++i)
        dataset.images.push_back({static_cast<std::int64_t>(i), std::to_string(i) + ".png"});
    for (std::size_t i = 1; i <= categories; ++i)
        dataset.categories.push_back({static_cast<std::int64_t>(i), "c" + std::to_string(i)});
    return dataset;
}

inline Dataset one_image(std::size_t categories, std::vector<Annotation> annotations) {
    return images(1, categories, std::move(annotations));
}

} // namespace detect::evaluation
