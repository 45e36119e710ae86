// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d.h"

#include <memory>
#include <optional>
#include <utility>

namespace detect {

/// MobileNet's block, depth first: expand (pointwise) → depthwise → project (pointwise), a few rows and columns at a
/// time, so that the expanded map, six times as wide as the others, never leaves the caches (Sandler et al.,
/// MobileNetV2, 2018, section 5.1). Gives the bits that its three convolutions give one after the other.
class InvertedResidual {
public:
    /// The steps, prepared. `expand` or `project` may be null, not both: without `project` the depthwise convolution's
    /// output is the block's (a squeeze-excite gate must be known before projecting).
    struct Steps {
        std::shared_ptr<const Conv2d> expand;
        std::shared_ptr<const Conv2d> depthwise;
        std::shared_ptr<const Conv2d> project;
    };

    /// Nullopt if the steps do not fit together, or are not computed in a way that can be fused.
    static std::optional<InvertedResidual> make(Steps steps);

    [[nodiscard]] const Steps& steps() const { return steps_; }

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use for inputs of this size with a pool of so
    /// many threads.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size, std::size_t threads) const;

    /// x [N, H, W, input] → y [N, OH, OW, output]. `residual` is null or like y and added by `project`, before its
    /// activation: it may be x. `mean` is null or [N, depthwise channels], the average of the depthwise output. y
    /// overlaps nothing else.
    void run(const float* x, const MapSize& size, float* y, const float* residual, float* mean,
             std::span<std::byte> scratch, ThreadPool& pool) const;

private:
    struct Layout;
    struct Task;
    explicit InvertedResidual(Steps steps) : steps_(std::move(steps)) {}
    [[nodiscard]] Layout layout(const MapSize& size, std::size_t threads) const;
    static void choose_channels(const Layout& layout, Task& task, std::size_t group);
    void run_strip(const Layout& layout, const Task& task, std::size_t begin, std::size_t end) const;

    Steps steps_;
};

} // namespace detect
