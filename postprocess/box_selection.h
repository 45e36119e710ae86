// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <vector>

namespace detect {

struct BoxSelectionSettings {
    /// A detection's score is above this.
    float score_threshold = 0.05F;
    float nms_threshold = 0.5F;
    /// Per image.
    std::int64_t max_detections = 100;
    /// How strongly box deltas (dx, dy, dw, dh) were scaled up in training: torchvision's bbox_reg_weights, four
    /// numbers.
    std::vector<float> box_weights{10.0F, 10.0F, 5.0F, 5.0F};
};

/// The proposals and what the box head said about them, as far as the selection needs to know.
struct BoxSelectionInput {
    ValueId proposals;      // float32 [R, 4], resized pixels
    ValueId image_and_slot; // int64 [R, 2]
    ValueId slots;          // int64 [1]: places per image, at least 1
    ValueId scores;         // float32 [R, classes − 1]
    ValueId deltas;         // float32 [R, classes − 1, 4]
    ValueId images;         // [batch, …]: only its batch size is read
    ValueId limits;         // float32 [4]: (w, h, w, h) of the resized pictures
    ValueId to_input_scale; // float32 [4]
    std::int64_t classes;   // background included
};

struct DetectionOutputs {
    ValueId boxes;            // float32 [batch, num_detections, 4], input pixels, xyxy
    ValueId labels;           // int64 [batch, num_detections], 1 … classes − 1; 0 past an image's last detection
    ValueId scores;           // float32 [batch, num_detections], descending; 0 past an image's last detection
    ValueId valid_detections; // int64 [batch]
};

/// Final detections as in torchvision RoIHeads.postprocess_detections and GeneralizedRCNNTransform.postprocess, for
/// any batch and any number of proposals, none included.
DetectionOutputs add_box_selection(GraphBuilder& builder, const BoxSelectionInput& input,
                                   const BoxSelectionSettings& settings);

} // namespace detect
