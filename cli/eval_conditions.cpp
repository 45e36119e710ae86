// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_conditions.h"

#include "base/thread_pool.h"
#include "base/try.h"
#include "base/utc_time.h"
#include "checkpoint/setting_table.h"
#include "cli/region_option.h"
#include "executor/kernels/isa.h"

#include <charconv>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace detect::cli {

namespace {

/// The last second of the year 9999: beyond, a date has another form.
constexpr std::time_t last_second = 253402300799;

Result<std::string> date() {
    std::time_t seconds = std::time(nullptr);
    if (const char* const fixed = std::getenv("SOURCE_DATE_EPOCH"); fixed != nullptr && *fixed != '\0') {
        const std::string_view text(fixed);
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (code != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > last_second) {
            return Error{ErrorCode::invalid_argument, "SOURCE_DATE_EPOCH=" + std::string(text) +
                                                          ": must be seconds since 1970, such as 1700000000; set it "
                                                          "so, or unset it"};
        }
    }
    return utc_time(seconds) + "Z";
}

} // namespace

Result<evaluation::Conditions> conditions(const EvalArguments& arguments) {
    evaluation::Conditions conditions{.version = DETECT_VERSION};
    DETECT_TRY_ASSIGN(conditions.date, date());
    DETECT_TRY_ASSIGN(conditions.regions, read_regions(arguments.regions));
    return conditions;
}

evaluation::RunConditions run_conditions(const EvalArguments& arguments) {
    // What the executor goes by, too; a name that is none has been refused when the model was loaded.
    const char* const chosen = std::getenv("DETECT_ISA");
    const auto isa = chosen == nullptr ? std::nullopt : parse_isa(chosen);
    return {.instruction_set = std::string(to_string(isa.value_or(detect_isa()))),
            .threads = ThreadPool(arguments.threads).threads(),
            .tiling = plan_tiling(arguments.tiles),
            .bits = arguments.bits};
}

std::vector<evaluation::ModelSetting> settings_of(const ChosenModel& model,
                                                  const std::map<std::string, std::string>& metadata) {
    std::vector<evaluation::ModelSetting> settings;
    const auto entry = metadata.find(std::string(assumed_settings_key));
    const bool any_assumed = !assumed_settings(model, metadata).empty();
    const auto assumed = read_assumed_settings(any_assumed ? entry->second : "");
    for (const Setting& setting : setting_table()) {
        const auto value = metadata.find(std::string(setting.key));
        if (holds_names(setting) || value == metadata.end()) continue;
        settings.push_back({std::string(setting.key), value->second, assumed.contains(setting.key)});
    }
    return settings;
}

} // namespace detect::cli
