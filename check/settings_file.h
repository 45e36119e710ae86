// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/setting_sources.h"

#include <filesystem>

namespace detect::checking {

/// The settings that a file holds: an ONNX file that `detect export` made, by its metadata; the report that it wrote
/// beside it (….report.json); a checkpoint that says how it was trained, by its metadata; or another exporter's ONNX
/// file, by its constants, as far as they can be read off. Errors: `unreadable_input` if the file is none of these or
/// holds no settings, `bad_model` naming a setting whose value makes no sense.
[[nodiscard]] Result<SettingsFile> read_settings_file(const std::filesystem::path& path);

} // namespace detect::checking
