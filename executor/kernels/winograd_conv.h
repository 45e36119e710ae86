// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/packed_matrix.h"

#include <vector>

namespace detect {

/// A 3×3 convolution of stride 1, channels last, by Winograd's F(2×2, 3×3): 16 products for 4 outputs in place of 36.
/// It rounds differently from the direct sum (a few 1e-6 of the largest term), and a value that is not finite makes NaN
/// of its neighbours in a 2×2 tile of outputs.
class WinogradConv {
public:
    /// True if `prepare` takes it and it is likely to be faster than the direct sum.
    [[nodiscard]] static bool supports(const Conv2dParameters& parameters);

    /// `weights` [output, input, 3, 3], `bias` [output] or empty. Errors as `check_conv2d`, or `resource_limit`.
    static Result<WinogradConv> prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                                        std::span<const float> weights, std::span<const float> bias);

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use for inputs of this size.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size) const;

    /// x [N, H, W, input] → y [N, OH, OW, output]; `residual` null or like y, added before the activation.
    void run(const float* x, const MapSize& size, float* y, const float* residual, std::span<std::byte> scratch,
             ThreadPool& pool) const;

    [[nodiscard]] std::size_t weight_bytes() const;

private:
    struct Map;
    struct Tile;
    void transform_inputs(const Map& map, std::size_t first, std::size_t last, float* v) const;
    void transform_outputs(const Map& map, std::size_t first, std::size_t last, std::size_t channel,
                           std::size_t channels, const float* m) const;
    void run_tiles(const Map& map, std::size_t first, std::size_t last, float* scratch) const;

    const KernelTable* kernels_ = nullptr;
    Conv2dParameters parameters_;
    /// One [input, output] matrix for each of the 16 products.
    std::vector<PackedMatrix> weights_;
    AlignedBuffer bias_;
};

} // namespace detect
