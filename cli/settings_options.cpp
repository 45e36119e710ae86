// SPDX-License-Identifier: Apache-2.0
#include "cli/settings_options.h"

#include "base/try.h"
#include "check/settings_file.h"
#include "checkpoint/class_names.h"
#include "checkpoint/setting_table.h"
#include "cli/exit_code.h"

#include <algorithm>
#include <type_traits>

namespace detect::cli {

namespace {

constexpr const char* group = "Settings that a checkpoint lacks (default: its metadata, else torchvision's)";
constexpr const char* file_flag = "--settings-from";
constexpr const char* preset_flag = "--preset";
/// For two settings that have flags of their own as well.
constexpr const char* both_counts_flag = "--rpn-top-n";
constexpr std::string_view first_count = "rpn_pre_nms_top_n";

/// The command line's own parser reads single numbers; lists and names wait for `read_settings`.
template <class T>
CLI::Option* add_option(CLI::App& command, const Setting& setting, const SettingPlace<T>& place, SettingsArguments& a) {
    const std::string flag(setting.flag);
    const std::string help(setting.help);
    if constexpr (std::is_arithmetic_v<T>) {
        const auto take = [&a, to = place.in_overrides](const T& value) { a.numbers.*to = value; };
        return command.add_option_function<T>(flag, take, help);
    } else {
        return command.add_option(flag, a.texts[setting.key], help);
    }
}

Result<void> read_names(const std::string& text, SettingsOverrides& overrides) {
    if (text == "coco") {
        overrides.labels = coco_labels();
    } else {
        DETECT_TRY_ASSIGN(overrides.labels, read_labels(text));
    }
    return {};
}

void add_both_counts_option(CLI::App& command, SettingsArguments& a) {
    command
        .add_option_function<std::int64_t>(
            both_counts_flag, [&a](const std::int64_t& value) { a.numbers.rpn_top_n = value; },
            "Keep this many proposals before and after the RPN's non-maximum suppression: sets the next two")
        ->group(group);
}

} // namespace

void add_settings_options(CLI::App& command, SettingsArguments& a) {
    command
        .add_option(
            file_flag, a.settings_file,
            "Take them from this file, where they are not given here: an exported ONNX file of any exporter, or "
            "export's .report.json")
        ->type_name("FILE")
        ->group(group);
    command
        .add_option_function<std::string>(
            preset_flag, [&a](const std::string& name) { a.numbers.preset = name; },
            "Start from the settings of fasterrcnn_mobilenet_v3_large_fpn (800) or …_320_fpn (320)")
        ->check(CLI::IsMember({"800", "320"}))
        ->group(group);
    for (const Setting& setting : setting_table()) {
        if (setting.flag.empty()) continue;
        if (setting.key == first_count) add_both_counts_option(command, a);
        auto* const option =
            std::visit([&](const auto& place) { return add_option(command, setting, place, a); }, setting.place);
        if (!setting.metavar.empty()) option->type_name(std::string(setting.metavar));
        option->group(group);
    }
}

std::vector<std::string> settings_flags() {
    std::vector<std::string> flags{file_flag, preset_flag};
    for (const Setting& setting : setting_table()) {
        if (setting.key == first_count) flags.emplace_back(both_counts_flag);
        if (!setting.flag.empty()) flags.emplace_back(setting.flag);
    }
    return flags;
}

Result<GivenSettings> read_settings(const CLI::App& command, const SettingsArguments& a) {
    GivenSettings given{.overrides = a.numbers, .file = {}, .first_option = {}};
    for (const std::string& flag : settings_flags()) {
        const bool is_a_filter = a.max_detections_is_a_filter && flag == "--max-detections";
        if (command.count(flag) > 0 && given.first_option.empty() && !is_a_filter) given.first_option = flag;
    }
    for (const Setting& setting : setting_table()) {
        const std::string flag(setting.flag);
        const auto text = a.texts.find(setting.key);
        if (text == a.texts.end() || command.count(flag) == 0) continue;
        if (holds_names(setting)) {
            DETECT_TRY(read_names(text->second, given.overrides));
        } else if (auto read = read_override(setting, text->second, given.overrides); !read) {
            return Error{read.error().code, flag + ": " + read.error().message};
        }
    }
    if (command.count(file_flag) > 0) {
        DETECT_TRY_ASSIGN(given.file, checking::read_settings_file(a.settings_file));
    }
    return given;
}

void note_unread(const SettingsArguments& arguments, const GivenSettings& given) {
    std::string flags;
    for (const Setting& setting : setting_table()) {
        const bool unread = std::ranges::find(given.file.unread, setting.key) != given.file.unread.end();
        if (!unread || holds_names(setting) || override_text(setting, given.overrides)) continue;
        flags += (flags.empty() ? "" : ", ") + flag_of(setting.key);
    }
    if (flags.empty()) return;
    note(arguments.settings_file + " does not tell " + flags +
         "; they are the checkpoint's own or torchvision's, unless you give them");
}

std::string flag_of(std::string_view key) {
    const auto setting = std::ranges::find(setting_table(), key, &Setting::key);
    const bool has_flag = setting != setting_table().end() && !setting->flag.empty();
    return std::string(has_flag ? setting->flag : key);
}

} // namespace detect::cli
