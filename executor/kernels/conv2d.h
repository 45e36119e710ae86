// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/depthwise_conv.h"
#include "executor/kernels/gemm.h"
#include "executor/kernels/indirect_conv.h"
#include "executor/kernels/split_conv.h"
#include "executor/kernels/winograd_conv.h"

#include <variant>

namespace detect {

/// What goes into a convolution and comes out of it beside x, y.
struct Conv2dExtras {
    /// Null, or [N, OH, OW, output channels]: added before the activation. Not for depthwise convolutions.
    const float* residual = nullptr;
    /// Null, or [N, input channels]: x[n, :, :, c] is multiplied by gate[n, c] (squeeze-excite). Pointwise ones only.
    const float* gate = nullptr;
    /// Null, or [N, output channels]: gets the average of y over its pixels. Depthwise convolutions only.
    float* mean = nullptr;
};

/// A convolution prepared once and run many times, channels last. How it is computed depends on its parameters and the
/// picture's size only, never on the batch or the threads, and an output depends on its own inputs only.
class Conv2d {
public:
    /// `weights` [output, input / groups, kernel_h, kernel_w] (OIHW), `bias` [output] or empty. Errors:
    /// `invalid_argument` if sizes do not agree, `resource_limit` if memory is short.
    static Result<Conv2d> prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                                  std::span<const float> weights, std::span<const float> bias);

    [[nodiscard]] const Conv2dParameters& parameters() const { return parameters_; }
    [[nodiscard]] bool takes_gate() const { return std::holds_alternative<PackedMatrix>(path_); }
    [[nodiscard]] bool takes_residual() const { return !gives_mean(); }
    [[nodiscard]] bool gives_mean() const { return std::holds_alternative<DepthwiseConv>(path_); }

    /// Bytes of the prepared weights.
    [[nodiscard]] std::size_t weight_bytes() const;

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use for inputs of this size.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size, std::size_t threads) const;

    /// x [N, H, W, input] → y [N, OH, OW, output]. y overlaps nothing else. `extras` must be ones that this convolution
    /// takes. Allocates nothing.
    void run(const float* x, const MapSize& size, float* y, const Conv2dExtras& extras, std::span<std::byte> scratch,
             ThreadPool& pool) const;

    /// The parts that fused steps are made of; null if this convolution is computed another way.
    [[nodiscard]] const PackedMatrix* pointwise() const { return std::get_if<PackedMatrix>(&path_); }
    /// The weights of a pointwise convolution, as they are used on maps of this size.
    [[nodiscard]] PackedView pointwise_view(const MapSize& size) const;
    [[nodiscard]] const DepthwiseConv* depthwise() const { return std::get_if<DepthwiseConv>(&path_); }
    [[nodiscard]] const IndirectConv* indirect() const { return std::get_if<IndirectConv>(&path_); }

private:
    using Path = std::variant<PackedMatrix, DepthwiseConv, SplitConv, WinogradConv, IndirectConv>;

    void run_pointwise(const float* x, const MapSize& size, float* y, const Conv2dExtras& extras,
                       std::span<std::byte> scratch, ThreadPool& pool) const;

    Conv2dParameters parameters_;
    Path path_;
};

} // namespace detect
