// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings.h"
#include "detect/checkpoint_settings.h"

#include <span>
#include <string_view>
#include <variant>

/// The settings of a network, a row each. Metadata, checks of values, what a user overrides, the command's options, the
/// command line that `check` prints and what it reads off a file all follow from the rows. A new setting is: its member
/// in the network's settings (and its use there), its member in SettingsOverrides if users may say it, a row, a test.
/// What holds between several settings is in setting_rules.h.
namespace detect {

/// Pictures may not be scaled to less, for the feature maps, nor to more, for the exact integer arithmetic of the
/// resize.
inline constexpr std::int64_t smallest_side = 32;
inline constexpr std::int64_t largest_side = 1 << 16;

/// Both ends belong to it; NaN is in none.
template <class Number>
struct Range {
    Number least{};
    Number most{};
};

template <class T>
struct RangeOf {
    using type = Range<T>;
};
/// Of each number of a list.
template <class T>
struct RangeOf<std::vector<T>> {
    using type = Range<T>;
};
/// A name may be any.
template <>
struct RangeOf<std::vector<std::string>> {
    using type = std::monostate;
};

/// Where a value of type T lies, and what it may be.
template <class T>
struct SettingPlace {
    T& (*in_network)(NetworkSettings&);
    /// Null where users have no say.
    std::optional<T> SettingsOverrides::*in_overrides = nullptr;
    typename RangeOf<T>::type range = {};

    [[nodiscard]] const T& in(const NetworkSettings& settings) const {
        return in_network(const_cast<NetworkSettings&>(settings)); // which is only read
    }
};

struct Setting {
    /// In a checkpoint's metadata, in the ONNX file's, and the name of the graph's constant where there is one.
    std::string_view key;
    std::variant<SettingPlace<std::int64_t>, SettingPlace<float>, SettingPlace<std::vector<std::int64_t>>,
                 SettingPlace<std::vector<float>>, SettingPlace<std::vector<std::string>>>
        place;
    /// The command's option, with its help and what --help calls its value; without one, the command cannot set it.
    std::string_view flag = {};
    std::string_view help = {};
    std::string_view metavar = {}; // empty: after the type
    /// In messages about its values; empty: its key.
    std::string_view item = {};
    std::string_view unit = {};
    /// Of a list that has one number for each of these, and no others: "red, green, blue".
    std::string_view parts = {};
    /// A network trained with another value finds less, or nothing: what a user has to know of the training. The rest
    /// is a matter of taste.
    bool of_training = false;
};

/// All of them, in the order of the help page.
[[nodiscard]] std::span<const Setting> setting_table();

/// The value in `settings`, as metadata has it.
[[nodiscard]] std::string to_text(const Setting& setting, const NetworkSettings& settings);
/// `invalid_argument` if the text is none for a value of this type. Its range is left to `check_range`.
[[nodiscard]] Result<void> read_text(const Setting& setting, std::string_view text, NetworkSettings& settings);
/// `invalid_argument` naming the setting, its range and the value outside of it.
[[nodiscard]] Result<void> check_range(const Setting& setting, const NetworkSettings& settings);

/// What a user says about it, as text; nullopt: nothing.
[[nodiscard]] std::optional<std::string> override_text(const Setting& setting, const SettingsOverrides& overrides);
/// Does nothing where users have no say.
[[nodiscard]] Result<void> read_override(const Setting& setting, std::string_view text, SettingsOverrides& overrides);
/// Takes over what a user says about it, if anything.
void apply_override(const Setting& setting, const SettingsOverrides& overrides, NetworkSettings& settings);
/// Where `given` says nothing, what `found` says.
void fill_in_override(const Setting& setting, SettingsOverrides& given, const SettingsOverrides& found);

/// Names are no numbers: a command line gives them as a file.
[[nodiscard]] bool holds_names(const Setting& setting);

} // namespace detect
