// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/lowering/program_builder.h"
#include "roi_heads/roi_align_kernel.h"

#include <array>
#include <optional>

namespace detect {

/// A RoiAlign that averages floats, as steps compute it: channels last.
struct RegionPooling {
    std::size_t node = 0;
    /// Map, RoIs, pictures.
    std::array<ValueId, 3> inputs;
    RoiAlignParameters parameters;
};
[[nodiscard]] std::optional<RegionPooling> region_pooling(const GraphView& graph, std::size_t node);

/// The slots of a pooling's inputs.
[[nodiscard]] std::vector<std::int32_t> region_inputs(ProgramBuilder& program, const RegionPooling& pooling);

/// Rows that a Flatten makes of what a RoiAlign pooled to a size that is known. In a channels-last map they have
/// another order: pixels first.
struct FlattenedRegions {
    std::size_t roi_align = 0;
    std::size_t flatten = 0;
    /// What is flattened: [RoIs, channels, pixels].
    ValueId map;
    std::size_t channels = 0;
    std::size_t pixels = 0;
};
[[nodiscard]] std::optional<FlattenedRegions> flattened_regions(const GraphView& graph, ValueId rows);

} // namespace detect
