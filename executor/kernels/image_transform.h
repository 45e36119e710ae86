// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "executor/kernels/kernel_table.h"
#include "executor/kernels/picture_rows.h"
#include "executor/kernels/row_chain.h"

#include <array>
#include <cstdint>
#include <vector>

namespace detect {

/// torchvision's GeneralizedRCNNTransform: pictures [N, 3, input height, input width] are normalised, resized
/// (torch.nn.functional.interpolate, bilinear, align_corners=False, no antialiasing), and padded with zeros on the
/// right and at the bottom: [N, padded height, padded width, 3]. Prepared for pictures of one size, then immutable.
class ImageTransform {
public:
    struct Sizes {
        std::size_t input_height = 0;
        std::size_t input_width = 0;
        std::size_t output_height = 0;
        std::size_t output_width = 0;
        /// Not less than the output's.
        std::size_t padded_height = 0;
        std::size_t padded_width = 0;
    };
    /// (x - mean) / deviation for each channel.
    struct Normalisation {
        std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
        std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};
    };

    /// Errors: `invalid_argument` if a size is 0 or too large for 32-bit positions; `resource_limit`.
    static Result<ImageTransform> prepare(const KernelTable& kernels, const Sizes& sizes,
                                          const Normalisation& normalisation);

    /// A picture's rows are read once for each band of it that needs them, and never stand in memory all at once. The
    /// transform and the pictures must outlive the layers.
    [[nodiscard]] RowLayers layers(const PictureRows& pictures) const;

private:
    /// For each output position along one axis, the two source positions and their weights.
    struct Axis {
        std::vector<std::int32_t> first;
        std::vector<std::int32_t> second;
        std::vector<float> first_weight;
        std::vector<float> second_weight;
    };
    class Across;
    class Down;

    static Axis make_axis(std::size_t input, std::size_t output);

    const KernelTable* kernels_ = nullptr;
    Sizes sizes_;
    Normalisation normalisation_;
    Axis down_;
    Axis across_;
};

} // namespace detect
