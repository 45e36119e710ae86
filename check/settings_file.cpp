// SPDX-License-Identifier: Apache-2.0
#include "check/settings_file.h"

#include "base/input_file.h"
#include "base/json_tree.h"
#include "base/regular_file.h"
#include "base/try.h"
#include "check/exported_settings.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/setting_table.h"
#include "onnx/reader.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace detect::checking {

namespace {

/// A report of an int8 export lists ranges of all its layers.
constexpr std::uintmax_t largest_report = std::uintmax_t{64} << 20;

Error about(const std::filesystem::path& path, ErrorCode code, const std::string& what) {
    return {code, path.string() + ": " + what};
}

/// Whether it begins as JSON does; no ONNX file begins with a brace or a space.
bool looks_like_json(const std::filesystem::path& path) {
    const std::string text = beginning_of_file(path, std::uint64_t{1} << 16);
    const std::size_t first = text.find_first_not_of(" \n\r\t");
    return first != std::string::npos && text[first] == '{';
}

Result<SettingsFile> from_metadata(const std::filesystem::path& path,
                                   const std::map<std::string, std::string>& metadata) {
    NetworkSettings settings;
    if (auto read = apply_metadata(settings, metadata); !read)
        return about(path, ErrorCode::bad_model, read.error().message);
    if (auto sound = check(settings); !sound)
        return about(path, ErrorCode::bad_model, "metadata: " + sound.error().message);
    SettingsFile file;
    for (const Setting& setting : setting_table()) {
        const auto entry = metadata.find(std::string(setting.key));
        // No class names are none to take over, rather than an empty list of them.
        const bool nothing = holds_names(setting) && settings.labels.empty();
        if (entry == metadata.end()) file.unread.emplace_back(setting.key);
        if (entry == metadata.end() || nothing) continue;
        DETECT_TRY(read_override(setting, entry->second, file.values));
    }
    if (const auto assumed = metadata.find(std::string(assumed_settings_key)); assumed != metadata.end())
        file.assumed = read_assumed_settings(assumed->second);
    return file;
}

bool has_settings(const std::map<std::string, std::string>& metadata) {
    return std::ranges::any_of(setting_table(), [&](const Setting& setting) {
        return !holds_names(setting) && metadata.contains(std::string(setting.key));
    });
}

Result<SettingsFile> from_report(const std::filesystem::path& path) {
    DETECT_TRY_ASSIGN(const InputFile input, InputFile::open(path));
    if (input.size() > largest_report)
        return about(path, ErrorCode::unreadable_input, "is too large for a report of an export");
    DETECT_TRY_ASSIGN(const FileBytes bytes, input.read_all(largest_report));
    const auto tree = parse_json_text<nlohmann::json>(bytes.text());
    const nlohmann::json& json = *tree;
    std::map<std::string, std::string> metadata;
    if (json.is_object() && json.contains("metadata") && json["metadata"].is_object()) {
        for (const auto& [key, value] : json["metadata"].items()) {
            if (value.is_string()) metadata.emplace(key, value.get<std::string>());
        }
    }
    if (!has_settings(metadata)) {
        return about(path, ErrorCode::unreadable_input,
                     "holds no settings; give an exported ONNX file, or the .report.json that was written beside it");
    }
    return from_metadata(path, metadata);
}

Result<SettingsFile> from_constants(const std::filesystem::path& path, const Graph& graph) {
    SettingsFile file{.values = exported_settings(GraphQueries(graph))};
    bool any = false;
    for (const Setting& setting : setting_table()) {
        if (override_text(setting, file.values))
            any = true;
        else
            file.unread.emplace_back(setting.key);
    }
    if (any) return file;
    return about(path, ErrorCode::unreadable_input,
                 "holds no settings: neither metadata of an export nor constants of torchvision's Faster R-CNN; give "
                 "another exported file, or the settings themselves");
}

/// `otherwise`: what is wrong with the file if it is no checkpoint either.
Result<SettingsFile> from_checkpoint(const std::filesystem::path& path, const Error& otherwise) {
    const auto checkpoint = Checkpoint::open(path);
    if (!checkpoint) return otherwise;
    if (has_settings(checkpoint->metadata())) return from_metadata(path, checkpoint->metadata());
    return about(
        path, ErrorCode::unreadable_input,
        "is a checkpoint that does not say how it was trained; give an exported ONNX file, or the .report.json "
        "that was written beside it");
}

} // namespace

Result<SettingsFile> read_settings_file(const std::filesystem::path& path) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code)) {
        return about(path, ErrorCode::unreadable_input,
                     std::filesystem::exists(path, code) ? "is not a file" : "does not exist");
    }
    if (looks_like_json(path)) return from_report(path);
    const auto graph = read_onnx(path);
    if (!graph) return from_checkpoint(path, graph.error());
    if (has_settings(graph->metadata)) return from_metadata(path, graph->metadata);
    return from_constants(path, *graph);
}

} // namespace detect::checking
