// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/setting_sources.h"

#include "base/try.h"
#include "checkpoint/setting_rules.h"

namespace detect {

namespace {

/// Settings, and who said each. Later layers win.
class SettingLayers {
public:
    SettingLayers() {
        for (const Setting& setting : setting_table()) resolved_.sources.emplace(setting.key, SettingSource::standard);
    }

    /// Takes over what a layer says: `source_of` tells where each setting in it is from.
    template <class SourceOf>
    void apply(const SettingsOverrides& overrides, SourceOf source_of) {
        const NetworkSettings before = resolved_.settings;
        let_sizes_follow(resolved_.settings, overrides);
        for (const Setting& setting : setting_table()) {
            apply_override(setting, overrides, resolved_.settings);
            const bool said = override_text(setting, overrides).has_value();
            const bool followed = to_text(setting, before) != to_text(setting, resolved_.settings);
            if (said || followed) resolved_.sources[setting.key] = source_of(setting);
        }
    }

    Result<void> apply_checkpoint(const std::map<std::string, std::string>& metadata) {
        DETECT_TRY(apply_metadata(resolved_.settings, metadata));
        if (auto sound = check(resolved_.settings); !sound)
            return Error{ErrorCode::bad_model, "metadata: " + sound.error().message};
        for (const Setting& setting : setting_table()) {
            if (metadata.contains(std::string(setting.key))) resolved_.sources[setting.key] = SettingSource::checkpoint;
        }
        return {};
    }

    Result<void> apply_preset(const std::string& name) {
        DETECT_TRY_ASSIGN(resolved_.settings, preset_of(name, resolved_.settings));
        for (const Setting& setting : setting_table()) {
            if (holds_names(setting)) continue;
            resolved_.sources[setting.key] = belongs_to_preset(setting) ? SettingSource::flag : SettingSource::standard;
        }
        return {};
    }

    [[nodiscard]] ResolvedSettings take() { return std::move(resolved_); }

private:
    ResolvedSettings resolved_;
};

/// Without what the preset stands for.
SettingsOverrides beside_preset(const SettingsOverrides& values) {
    SettingsOverrides rest;
    for (const Setting& setting : setting_table()) {
        if (!belongs_to_preset(setting)) fill_in_override(setting, rest, values);
    }
    return rest;
}

} // namespace

std::string_view to_string(SettingSource source) {
    switch (source) {
    case SettingSource::flag: return "flag";
    case SettingSource::settings_file: return "settings file";
    case SettingSource::assumed_in_settings_file: return "settings file (assumed)";
    case SettingSource::checkpoint: return "checkpoint";
    case SettingSource::standard: return "default (torchvision's)";
    }
    return "";
}

bool is_assumed(SettingSource source) {
    return source == SettingSource::standard || source == SettingSource::assumed_in_settings_file;
}

Result<ResolvedSettings> resolve_with_sources(const std::map<std::string, std::string>& metadata,
                                              const SettingsOverrides& overrides, const SettingsFile& file) {
    SettingLayers layers;
    DETECT_TRY(layers.apply_checkpoint(metadata));
    if (overrides.preset) DETECT_TRY(layers.apply_preset(*overrides.preset));
    const SettingsOverrides of_file = with_both_counts(file.values);
    layers.apply(overrides.preset ? beside_preset(of_file) : of_file, [&](const Setting& setting) {
        return file.assumed.contains(setting.key) ? SettingSource::assumed_in_settings_file
                                                  : SettingSource::settings_file;
    });
    layers.apply(with_both_counts(overrides), [](const Setting&) { return SettingSource::flag; });
    ResolvedSettings resolved = layers.take();
    DETECT_TRY(check(resolved.settings));
    return resolved;
}

std::string assumed_settings_text(const SettingSources& sources) {
    std::string text;
    for (const Setting& setting : setting_table()) {
        // Class names that nobody gave are not assumed: there are none.
        if (holds_names(setting) || !is_assumed(sources.at(setting.key))) continue;
        text += (text.empty() ? "" : ",") + std::string(setting.key);
    }
    return text.empty() ? "none" : text;
}

std::set<std::string, std::less<>> read_assumed_settings(std::string_view text) {
    std::set<std::string, std::less<>> keys;
    for (const Setting& setting : setting_table()) {
        const std::string padded = "," + std::string(text) + ",";
        if (padded.find("," + std::string(setting.key) + ",") != std::string::npos) keys.emplace(setting.key);
    }
    return keys;
}

} // namespace detect
