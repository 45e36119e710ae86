// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/lowering.h"
#include "executor/steps/inverted_residual_step.h"

#include <algorithm>

namespace detect {

Lowering::SlotUses Lowering::slot_uses() const {
    SlotUses uses{.writer = std::vector<std::int32_t>(program_.slots_.size(), -1),
                  .readers = std::vector<int>(program_.slots_.size(), 0)};
    for (std::size_t i = 0; i < program_.steps_.size(); ++i) {
        for (const std::int32_t slot : program_.steps_[i].inputs) {
            if (slot >= 0) ++uses.readers[static_cast<std::size_t>(slot)];
        }
        for (const std::int32_t slot : program_.steps_[i].outputs) {
            if (slot >= 0) uses.writer[static_cast<std::size_t>(slot)] = static_cast<std::int32_t>(i);
        }
    }
    for (const ValueId output : program_.graph_.outputs) {
        const std::int32_t slot = program_.find_slot(output, Layout::plain);
        if (slot >= 0) ++uses.readers[static_cast<std::size_t>(slot)];
    }
    return uses;
}

/// Expand → depthwise → project, as far as nothing else reads what is between them. Squeeze-excite needs the whole
/// depthwise output before it projects: there the first two are fused.
void Lowering::fuse_inverted_residuals() {
    const SlotUses uses = slot_uses();
    // The convolution whose output nobody but the reader of `slot` sees; it must take nothing but x.
    const auto plain_convolution_before = [&](std::int32_t slot) -> std::optional<std::size_t> {
        const std::int32_t writer = uses.writer[static_cast<std::size_t>(slot)];
        if (writer < 0 || uses.readers[static_cast<std::size_t>(slot)] != 1) return std::nullopt;
        const auto index = static_cast<std::size_t>(writer);
        const bool plain = convolutions_.contains(index) && program_.steps_[index].inputs.size() == 1;
        return plain ? std::optional(index) : std::nullopt;
    };
    std::vector<bool> absorbed(program_.steps_.size(), false);
    const auto fuse = [&](std::optional<std::size_t> expand, std::size_t depthwise,
                          std::optional<std::size_t> project) {
        InvertedResidual::Steps parts{.expand = expand ? convolutions_.at(*expand) : nullptr,
                                      .depthwise = convolutions_.at(depthwise),
                                      .project = project ? convolutions_.at(*project) : nullptr};
        PlannedStep fused = program_.steps_[project.value_or(depthwise)];
        fused.step = make_inverted_residual_step(parts, fused.inputs.size() > 1 && project);
        if (!fused.step) return;
        fused.inputs[0] = program_.steps_[expand.value_or(depthwise)].inputs[0];
        // The mean stays an output of the block.
        const auto& depthwise_outputs = program_.steps_[depthwise].outputs;
        if (project) fused.outputs.insert(fused.outputs.end(), depthwise_outputs.begin() + 1, depthwise_outputs.end());
        program_.steps_[project.value_or(depthwise)] = std::move(fused);
        if (expand) absorbed[*expand] = true;
        if (project) absorbed[depthwise] = true;
    };

    for (const auto& [index, convolution] : convolutions_) {
        if (!convolution->gives_mean()) continue; // not depthwise
        const std::optional<std::size_t> expand = plain_convolution_before(program_.steps_[index].inputs[0]);
        const bool expand_fits = expand && convolutions_.at(*expand)->pointwise() != nullptr;
        // The one step that reads the depthwise output, if it is a pointwise convolution without a gate.
        std::optional<std::size_t> project;
        const std::int32_t output = program_.steps_[index].outputs[0];
        for (const auto& [reader, candidate] : convolutions_) {
            if (program_.steps_[reader].inputs[0] != output || candidate->pointwise() == nullptr) continue;
            if (uses.readers[static_cast<std::size_t>(output)] == 1 && !gated_.contains(reader)) project = reader;
        }
        if (expand_fits || project) fuse(expand_fits ? expand : std::nullopt, index, project);
    }
    std::vector<PlannedStep> kept;
    for (std::size_t i = 0; i < program_.steps_.size(); ++i) {
        if (!absorbed[i] && program_.steps_[i].step) kept.push_back(std::move(program_.steps_[i]));
    }
    program_.steps_ = std::move(kept);
}

} // namespace detect
