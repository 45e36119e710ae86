// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/packed_matrix.h"

namespace detect {

/// A convolution of stride 1, channels last, as direct sums on tiles of bfloat16 (SplitProduct says how exactly): a tap
/// after the other, each in equal blocks of at most 128 channels. An output that is not finite is NaN.
class SplitConv {
public:
    /// True if `prepare` takes it and it is likely to be faster than the other ways.
    [[nodiscard]] static bool supports(const KernelTable& kernels, const Conv2dParameters& parameters);

    /// `weights` [output, input, kernel_h, kernel_w], `bias` [output] or empty. Errors as `check_conv2d`, or
    /// `resource_limit`.
    static Result<SplitConv> prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                                     std::span<const float> weights, std::span<const float> bias);

    [[nodiscard]] std::size_t weight_bytes() const { return weights_.bytes() + zeros_.bytes(); }

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use for inputs of this size.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size, std::size_t threads) const;

    /// x [N, H, W, input] → y [N, OH, OW, output]; `residual` null or like y, added before the activation.
    void run(const float* x, const MapSize& size, float* y, const float* residual, std::span<std::byte> scratch,
             ThreadPool& pool) const;

private:
    struct Layout;
    struct Band;
    [[nodiscard]] Layout layout(const MapSize& size, std::size_t threads) const;
    void split_band(const Layout& layout, const Band& band) const;
    void run_band(const Layout& layout, const Band& band) const;

    Conv2dParameters parameters_;
    /// [kernel_h · kernel_w · input, output]
    PackedMatrix weights_;
    AlignedBuffer zeros_;
};

} // namespace detect
