// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/feature_map.h"
#include "base/thread_pool.h"

#include <cstdint>
#include <span>

namespace detect {

/// How a RoI's bins lie in the output.
enum class RoiLayout {
    /// [R, pooled_h, pooled_w, C]
    channels_last,
    /// [R, C, pooled_h, pooled_w], as torchvision and ONNX have it.
    channels_first,
};

struct RoiAlignParameters {
    std::size_t pooled_h = 7;
    std::size_t pooled_w = 7;
    /// Samples along each side of a bin; 0 takes as many as the bin has pixels.
    std::size_t sampling_ratio = 2;
    /// Feature map pixels per pixel of the RoIs' frame.
    float spatial_scale = 1.F;
    /// Subtract half a pixel from RoI corners (torchvision's `aligned`, ONNX's "half_pixel"); otherwise RoIs are at
    /// least one pixel wide and high ("output_half_pixel").
    bool aligned = false;
    RoiLayout layout = RoiLayout::channels_last;
};

/// Average-pools regions of a feature map with bilinear sampling (Mask R-CNN, He et al. 2017;
/// torchvision.ops.roi_align). x [N, H, W, C]; rois [R, 4] as x1, y1, x2, y2; pictures [R], each the index of a RoI's
/// picture in x; y has R·pooled_h·pooled_w·C floats. A RoI's result depends on that RoI and its picture only. A sample
/// that is NaN, or more than a pixel outside the map, counts as 0; so does everything of a RoI whose picture does not
/// exist. Samples that read the same pixel are merged, which changes no more than the last bits. An adaptive bin has at
/// most 2^20 samples a side. `weighted_sum` is that of an instruction set.
void roi_align(WeightedSum weighted_sum, const RoiAlignParameters& parameters, const float* x, const MapSize& size,
               std::size_t channels, std::span<const float> rois, std::span<const std::int64_t> pictures, float* y,
               ThreadPool& pool);

} // namespace detect
