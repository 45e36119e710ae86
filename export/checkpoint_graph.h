// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/setting_sources.h"
#include "checkpoint/settings_overrides.h"
#include "export/network.h"
#include "export/precision/training_statistics.h"

#include <filesystem>
#include <optional>

namespace detect {

/// A network read from a checkpoint, ready to be run or written.
struct CheckpointGraph {
    /// Simplified, in the opset asked for, with metadata.
    Graph graph;
    NetworkSettings settings;
    /// Who said so.
    SettingSources sources;
    /// Background included.
    std::int64_t classes = 0;
    std::size_t nodes_before = 0;
    std::size_t nodes_after = 0;
    /// Of the constants and the nodes' own description.
    std::size_t bytes_before = 0;
    std::size_t bytes_after = 0;
    /// Tensors of the checkpoint that the network has no place for.
    std::vector<std::string> unexpected;
    std::string checkpoint_format;
    /// What the checkpoint tells of the pictures it was trained on.
    std::optional<TrainingStatistics> training;
};

/// Reads a checkpoint (.pth or .safetensors, told apart by content) and writes the network down as a graph.
/// Settings come from the checkpoint's metadata, then `settings_file`, then `overrides`; the file's metadata lists
/// those that nobody said. `unreadable_input` or `bad_model`, naming the file and the cause.
[[nodiscard]] Result<CheckpointGraph> graph_from_checkpoint(const std::filesystem::path& path,
                                                            const SettingsOverrides& overrides, OutputLayout layout,
                                                            int opset, const SettingsFile& settings_file = {});

} // namespace detect
