#pragma once

#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/kernel_table.h"
#include "executor/picture_rows.h"
#include "executor/thread_pool.h"

#include <array>
#include <optional>
#include <vector>

namespace detect {

/// Bilinear resize of planar pictures (torch.nn.functional.interpolate with align_corners=False, no antialiasing; ONNX
/// Resize, linear, half_pixel), and torchvision's whole image transform. Prepared for one pair of sizes, then
/// immutable.
class BilinearResize {
public:
    struct Sizes {
        std::size_t input_height = 0;
        std::size_t input_width = 0;
        std::size_t output_height = 0;
        std::size_t output_width = 0;
    };

    /// Source pixels per output pixel are `input / output` in float32 unless given. Errors: `invalid_argument` if a
    /// size is 0 or too large for 32-bit positions or a ratio is not a positive number; `resource_limit`.
    static Result<BilinearResize> prepare(const KernelTable& kernels, const Sizes& sizes,
                                          std::optional<float> ratio_h = {}, std::optional<float> ratio_w = {});

    /// Bytes of scratch memory, on a 64-byte boundary, that `resize_planes` or `transform` may use.
    [[nodiscard]] std::size_t scratch_bytes() const;

    /// x [planes, input_height, input_width] → y [planes, output_height, output_width].
    void resize_planes(const float* x, std::size_t planes, float* y, std::span<std::byte> scratch,
                       ThreadPool& pool) const;

    struct Normalisation {
        std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
        std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};
    };

    /// torchvision's GeneralizedRCNNTransform: pictures [N, 3, input_height, input_width] are normalised, resized, and
    /// padded with zeros on the right and at the bottom: y [N, padded_height, padded_width, 3]. The padded size is not
    /// less than the output's. A picture's rows are read once for each piece of it that needs them, and never stand in
    /// memory all at once.
    void transform(const PictureRows& pictures, std::size_t batch, const Normalisation& normalisation,
                   std::size_t padded_height, std::size_t padded_width, float* y, std::span<std::byte> scratch,
                   ThreadPool& pool) const;

private:
    /// For each output position along one axis, the two source positions and their weights.
    struct Axis {
        std::vector<std::int32_t> first;
        std::vector<std::int32_t> second;
        std::vector<float> first_weight;
        std::vector<float> second_weight;
    };
    struct RowSource;
    class RowCache;

    static Axis make_axis(std::size_t input, std::size_t output, float ratio);
    static Axis interleave(const Axis& axis, std::size_t planes, std::size_t plane);

    const KernelTable* kernels_ = nullptr;
    Sizes sizes_;
    Axis down_;
    Axis across_;
    /// `across_` for three planes, laid out as the pixels of an interleaved row.
    Axis across_pixels_;
};

} // namespace detect
