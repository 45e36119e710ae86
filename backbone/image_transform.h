// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/builder.h"

#include <vector>

namespace detect {

/// torchvision's GeneralizedRCNNTransform: how an input picture is scaled before the network sees it.
struct ImageTransformSettings {
    /// The shorter side becomes this long …
    std::int64_t min_size = 800;
    /// … unless the longer side would pass this.
    std::int64_t max_size = 1333;
    /// Of the red, green and blue values (0–1) of the pictures it was trained on: each is (value − mean) / deviation to
    /// the network. ImageNet's, unless somebody says otherwise.
    std::vector<float> mean{0.485F, 0.456F, 0.406F};
    std::vector<float> deviation{0.229F, 0.224F, 0.225F};
};

/// A batch of pictures as the backbone wants it, and the sizes that lead back to the input's pixels.
struct TransformedImages {
    /// float32 [batch, 3, padded height, padded width], normalised, resized, zero-padded to multiples of 32.
    ValueId images;
    /// float32 [4]: (width, height, width, height) of the resized, unpadded pictures: what boxes are clipped to.
    ValueId resized_limits;
    /// float32 [4]: multiply resized boxes (x1, y1, x2, y2) by this to get input pixels.
    ValueId to_input_scale;
};

/// Adds normalisation, resize and padding. `input`: float32 [batch, 3, height, width], RGB, 0–1. The settings' mean and
/// deviation have three numbers each.
TransformedImages add_image_transform(GraphBuilder& builder, ValueId input, const ImageTransformSettings& settings);

} // namespace detect
