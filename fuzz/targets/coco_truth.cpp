// SPDX-License-Identifier: Apache-2.0
#include "evaluation/dataset.h"
#include "fuzz/targets.h"

void detect::fuzz::coco_truth(Bytes input) {
    const auto dataset = evaluation::parse_ground_truth(as_text(input), "annotations.json");
    if (value_of(dataset) == nullptr) return;
    for (const auto& annotation : dataset->annotations) {
        require(annotation.image < dataset->images.size(), "an annotation has an image");
        require(annotation.category < dataset->categories.size(), "an annotation has a category");
        require(annotation.box.width >= 0 && annotation.box.height >= 0, "a box has a size");
    }
}
