// SPDX-License-Identifier: Apache-2.0
#include "evaluation/dataset.h"
#include "fuzz/targets.h"

/// Detections of a data set with two images and two categories.
void detect::fuzz::coco_detections(Bytes input) {
    evaluation::Dataset dataset;
    dataset.images = {{1, "a.png"}, {7, "b.png"}};
    dataset.categories = {{1, "short"}, {3, "open"}};
    const auto read = evaluation::parse_detections(as_text(input), "detections.json", dataset);
    if (value_of(read) == nullptr) return;
    for (const auto& detection : read->detections) {
        require(detection.image < 2 && detection.category < 2, "a detection is of what there is");
    }
}
