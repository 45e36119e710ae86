// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings_overrides.h"
#include "detect/detector.h"

#include <filesystem>
#include <string>

namespace detect::cli {

/// The checkpoint that comes with the program; empty if it is not where it was installed.
[[nodiscard]] std::filesystem::path bundled_checkpoint();

/// Whether the file is a checkpoint rather than an ONNX file, by its first bytes.
[[nodiscard]] bool looks_like_checkpoint(const std::filesystem::path& path);

/// Whether the file is a model of either kind: by its first bytes, or by the ending .onnx.
[[nodiscard]] bool looks_like_model(const std::filesystem::path& path);

/// `path` if it is not empty; else model.onnx in the current folder if there is one; else the bundled checkpoint.
[[nodiscard]] Result<std::filesystem::path> resolve_model_path(const std::string& path);

} // namespace detect::cli
