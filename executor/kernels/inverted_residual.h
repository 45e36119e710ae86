#pragma once

#include "executor/kernels/conv2d.h"

#include <optional>

namespace detect {

/// MobileNet's block, depth first: expand (pointwise) → depthwise → project (pointwise), a few rows and columns at a
/// time, so that the expanded map, six times as wide as the others, never leaves the caches (Sandler et al.,
/// MobileNetV2, 2018, section 5.1). Gives the bits that its three convolutions give one after the other.
class InvertedResidual {
public:
    /// The steps, prepared; they are kept by pointer and must outlive the block. `expand` or `project` may be null, not
    /// both: without `project` the depthwise convolution's output is the block's (a squeeze-excite gate must be known
    /// before projecting).
    struct Steps {
        const Conv2d* expand = nullptr;
        const Conv2d* depthwise = nullptr;
        const Conv2d* project = nullptr;
    };

    /// Nullopt if the steps do not fit together, or are not computed in a way that can be fused.
    static std::optional<InvertedResidual> make(const Steps& steps);

    /// Bytes of scratch memory, on a 64-byte boundary, that `run` may use for inputs of this size.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size) const;

    /// x [N, H, W, input] → y [N, OH, OW, output]. `residual` is null or like y and added by `project`, before its
    /// activation: it may be x. `mean` is null or [N, depthwise channels], the average of the depthwise output. y
    /// overlaps nothing else.
    void run(const float* x, const MapSize& size, float* y, const float* residual, float* mean,
             std::span<std::byte> scratch, ThreadPool& pool) const;

private:
    struct Call;
    struct Layout;
    explicit InvertedResidual(const Steps& steps) : steps_(steps) {}
    [[nodiscard]] Layout layout(const MapSize& size) const;
    void run_band(const Call& call, std::size_t band) const;

    Steps steps_;
};

} // namespace detect
