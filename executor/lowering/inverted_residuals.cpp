// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/patterns.h"
#include "executor/steps/convolution_step.h"
#include "executor/steps/int8_layer_steps.h"
#include "executor/steps/inverted_residual_step.h"

#include <algorithm>

/// Expand → depthwise → project, as far as nothing else reads what is between them. Squeeze-excite needs the whole
/// depthwise output before it projects: there the first two are fused.
namespace detect {

namespace {

/// What a block is made of, for floats and for bytes.
struct FloatBlock {
    using Parts = InvertedResidual::Steps;
    static std::shared_ptr<const Conv2d> convolution(const Step& step) { return ungated_convolution(step); }
    static bool is_depthwise(const Conv2d& convolution) { return convolution.depthwise() != nullptr; }
    static bool is_pointwise(const Conv2d& convolution) { return convolution.pointwise() != nullptr; }
    static std::shared_ptr<const Step> make(const Parts& parts, bool residual) {
        return make_inverted_residual_step(parts, residual);
    }
};

struct ByteBlock {
    using Parts = Int8InvertedResidual::Steps;
    static std::shared_ptr<const Int8Conv> convolution(const Step& step) { return ungated_int8_convolution(step); }
    static bool is_depthwise(const Int8Conv& convolution) { return convolution.depthwise() != nullptr; }
    static bool is_pointwise(const Int8Conv& convolution) { return convolution.matrix() != nullptr; }
    static std::shared_ptr<const Step> make(const Parts& parts, bool residual) {
        return make_int8_inverted_residual_step(parts, residual);
    }
};

/// Who writes and who reads a slot.
struct SlotUses {
    std::optional<std::size_t> writer;
    /// Steps, and whoever wants the program's outputs.
    int readers = 0;
    /// The last step that reads it.
    std::optional<std::size_t> reader;
};

std::map<std::int32_t, SlotUses> slot_uses(std::span<const PlannedStep> steps, std::span<const std::int32_t> outputs) {
    std::map<std::int32_t, SlotUses> uses;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        for (const std::int32_t slot : steps[i].inputs) {
            ++uses[slot].readers;
            uses[slot].reader = i;
        }
        for (const std::int32_t slot : steps[i].outputs) uses[slot].writer = i;
    }
    for (const std::int32_t slot : outputs) ++uses[slot].readers;
    return uses;
}

/// Which steps a block consists of.
template <class Block>
struct FoundBlock {
    std::optional<std::size_t> expand;
    std::size_t depthwise = 0;
    std::optional<std::size_t> project;
    typename Block::Parts parts;
};

template <class Block>
std::optional<FoundBlock<Block>> find_block(std::span<const PlannedStep> steps, std::size_t index,
                                            const std::map<std::int32_t, SlotUses>& uses) {
    const auto depthwise = Block::convolution(*steps[index].step);
    if (depthwise == nullptr || !Block::is_depthwise(*depthwise)) return std::nullopt;
    FoundBlock<Block> found{.expand = {}, .depthwise = index, .project = {}, .parts = {nullptr, depthwise, nullptr}};

    const SlotUses& before = uses.at(steps[index].inputs[0]);
    if (before.writer && before.readers == 1 && steps[*before.writer].inputs.size() == 1) {
        const auto expand = Block::convolution(*steps[*before.writer].step);
        if (expand != nullptr && Block::is_pointwise(*expand)) {
            found.expand = before.writer;
            found.parts.expand = expand;
        }
    }
    const std::int32_t output = steps[index].outputs[0];
    const SlotUses& behind = uses.at(output);
    if (behind.reader && behind.readers == 1 && steps[*behind.reader].inputs[0] == output) {
        const auto project = Block::convolution(*steps[*behind.reader].step);
        if (project != nullptr && Block::is_pointwise(*project)) {
            found.project = behind.reader;
            found.parts.project = project;
        }
    }
    return found.expand || found.project ? std::optional(std::move(found)) : std::nullopt;
}

template <class Block>
void fuse_blocks(std::vector<PlannedStep>& steps, std::span<const std::int32_t> outputs) {
    const auto uses = slot_uses(steps, outputs);
    std::vector<bool> absorbed(steps.size(), false);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto found = find_block<Block>(steps, i, uses);
        if (!found) continue;
        const std::size_t last = found->project.value_or(i);
        PlannedStep fused = steps[last];
        fused.step = Block::make(found->parts, found->project && fused.inputs.size() > 1);
        if (fused.step == nullptr) continue;
        fused.inputs[0] = steps[found->expand.value_or(i)].inputs[0];
        // The depthwise convolution's mean stays an output of the block.
        const auto& means = steps[i].outputs;
        if (found->project) fused.outputs.insert(fused.outputs.end(), means.begin() + 1, means.end());
        steps[last] = std::move(fused);
        if (found->expand) absorbed[*found->expand] = true;
        if (found->project) absorbed[i] = true;
    }
    std::vector<PlannedStep> kept;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (!absorbed[i]) kept.push_back(std::move(steps[i]));
    }
    steps = std::move(kept);
}

} // namespace

void fuse_inverted_residuals(std::vector<PlannedStep>& steps, std::span<const std::int32_t> outputs) {
    fuse_blocks<FloatBlock>(steps, outputs);
}

void fuse_int8_inverted_residuals(std::vector<PlannedStep>& steps, std::span<const std::int32_t> outputs) {
    fuse_blocks<ByteBlock>(steps, outputs);
}

} // namespace detect
