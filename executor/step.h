// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/picture_rows.h"
#include "executor/memory.h"
#include "executor/reference/run_control.h"
#include "graph/graph.h"

#include <memory>
#include <span>

namespace detect {

/// How a value's numbers lie in memory. The graph speaks of [N, C, H, W] throughout; a channels-last tensor's own
/// sizes are [N, H, W, C].
enum class Layout : std::uint8_t { plain, channels_last };

/// What a step of a plan works with.
struct StepContext {
    std::span<const Tensor> inputs;
    std::span<Tensor> outputs;
    BufferPool& memory;
    ThreadPool& threads;
    /// What the model's input holds, if it is a tensor without memory.
    const PictureRows* pictures = nullptr;
    /// The run's; null: nothing stops it.
    RunControl* control = nullptr;
};

/// One kernel call with everything that does not depend on the input's size prepared: packed weights, fused
/// activations. Immutable: many runs may share it.
class Step {
public:
    Step() = default;
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    virtual ~Step() = default;
    virtual Result<void> run(StepContext& context) const = 0;
    /// Whether this input may be a tensor without memory: what it holds is then read from `pictures`.
    [[nodiscard]] virtual bool reads_pictures([[maybe_unused]] std::size_t input) const { return false; }
    /// For tables of times: "Conv 3×3 256→256 relu".
    [[nodiscard]] virtual std::string label() const = 0;
    /// About how many operations it takes with these inputs (RunControl), if that may be out of proportion to their
    /// sizes.
    [[nodiscard]] virtual double work([[maybe_unused]] std::span<const Tensor> inputs) const { return 0.0; }
    /// Bytes of the weights that were prepared for it.
    [[nodiscard]] virtual std::size_t weight_bytes() const { return 0; }
};

/// A step and the edges it connects.
struct PlannedStep {
    std::shared_ptr<const Step> step;
    std::string name;
    std::vector<std::int32_t> inputs;  // slots; -1: left out
    std::vector<std::int32_t> outputs; // slots; -1: not wanted
};

} // namespace detect
