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
/// picture in x; y has R·pooled_h·pooled_w·C floats. A RoI's result depends on that RoI and its picture only.
/// `weighted_sum` is that of an instruction set.
///
/// Any four numbers are a RoI. Where a sample lies is computed in single precision, as torchvision does.
/// - A RoI that ends before it starts is one pixel wide (high); if `aligned`, its bins run backwards, and those that
///   take as many samples as they have pixels take none: 0.
/// - A sample that is NaN or more than a pixel outside the map counts as 0. So does all of a RoI whose start or length
///   along an axis is NaN or infinite, and of one whose picture does not exist.
/// - Of a pixel that is not finite, every bin that reads it is not finite, however small its weight.
/// - A bin that takes as many samples as it has pixels takes at most 2^20 along a side.
/// Samples that read the same pixel are merged, which changes no more than the last bits. The work for a RoI grows with
/// its bins and the pixels of the map that it covers (at most four samples each), not with its size; with a
/// `sampling_ratio`, with the samples inside the map: the operator's rule allows 2^24 for a RoI.
void roi_align(WeightedSum weighted_sum, const RoiAlignParameters& parameters, const float* x, const MapSize& size,
               std::size_t channels, std::span<const float> rois, std::span<const std::int64_t> pictures, float* y,
               ThreadPool& pool);

} // namespace detect
