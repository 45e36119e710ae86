// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/conv.h"

#include <memory>
#include <utility>

namespace detect {

/// InvertedResidual (inverted_residual.h) of bytes: expand → depthwise → project, a few rows at a time. Also the way to
/// run a depthwise convolution alone. Gives the bits that its convolutions give one after the other.
class Int8InvertedResidual {
public:
    /// `expand` and `project` may be null. All but the last one give bytes, and none but `project` takes a residual.
    struct Steps {
        std::shared_ptr<const Int8Conv> expand;
        std::shared_ptr<const Int8Conv> depthwise;
        std::shared_ptr<const Int8Conv> project;
    };

    /// Nullopt if the steps do not fit together.
    static std::optional<Int8InvertedResidual> make(Steps steps);

    [[nodiscard]] const Steps& steps() const { return steps_; }
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size, std::size_t threads) const;

    /// `data` without a gate. `mean`: null, or [N, depthwise channels], the average of the depthwise output.
    void run(const Int8ConvData& data, const MapSize& size, float* mean, std::span<std::byte> scratch,
             ThreadPool& pool) const;

private:
    struct Layout;
    struct Task;
    explicit Int8InvertedResidual(Steps steps) : steps_(std::move(steps)) {}
    [[nodiscard]] Layout layout(const MapSize& size, std::size_t threads) const;
    void fill_rows(const Layout& layout, const Task& task, std::size_t begin, std::size_t end) const;
    void run_depthwise(const Layout& layout, const Task& task, std::size_t row) const;
    void run_band(const Layout& layout, const Task& task) const;

    Steps steps_;
};

} // namespace detect
