// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json_tree.h"
#include "detect/error.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include <nlohmann/json.hpp>

/// Reading JSON that a user wrote, with errors that say where it is wrong.
namespace detect {

/// Reads a whole file. `unreadable_input` says the line and column where it stops being JSON; `resource_limit` if it
/// goes beyond the limits.
[[nodiscard]] Result<JsonTree<nlohmann::json>> read_json(const std::filesystem::path& file,
                                                         const JsonLimits& limits = {});

/// The same of a file's text; `file` names it in errors.
[[nodiscard]] Result<JsonTree<nlohmann::json>> parse_json_file(std::string_view text, const std::filesystem::path& file,
                                                               const JsonLimits& limits = {});

/// `unreadable_input` as "FILE: PLACE: WHAT".
[[nodiscard]] Error wrong(const std::filesystem::path& file, const std::string& place, const std::string& what);

/// One entry of a list in a file, such as `annotations[12]`. Lives no longer than what it points to.
class JsonEntry {
public:
    JsonEntry(const std::filesystem::path& file, const char* list, std::size_t index, const nlohmann::json& value)
        : file_(&file), list_(list), index_(index), value_(&value) {}

    /// `unreadable_input` unless it is an object with fields.
    [[nodiscard]] Result<void> check_object() const;
    [[nodiscard]] bool has(const char* field) const { return value_->contains(field); }
    /// The value of a field; an error if it is missing or of another type.
    [[nodiscard]] Result<std::int64_t> integer(const char* field) const;
    [[nodiscard]] Result<double> number(const char* field) const;
    [[nodiscard]] Result<std::string> text(const char* field) const;
    /// Of an image, a category or an annotation: a whole number. Of a text it is said how to mend it.
    [[nodiscard]] Result<std::int64_t> id(const char* field) const;
    /// [x, y, width, height] in pixels, neither size negative.
    [[nodiscard]] Result<std::array<double, 4>> box(const char* field) const;
    /// 0 or 1, false or true.
    [[nodiscard]] Result<bool> flag(const char* field) const;

    /// An error about this entry, or about one of its fields.
    [[nodiscard]] Error error(const std::string& what) const;
    [[nodiscard]] Error error(const char* field, const std::string& what) const;

private:
    [[nodiscard]] Result<const nlohmann::json*> get(const char* field) const;

    const std::filesystem::path* file_;
    const char* list_;
    std::size_t index_;
    const nlohmann::json* value_;
};

/// Where each id of a list was first seen.
class SeenIds {
public:
    /// An error about the field "id" if it was seen before.
    [[nodiscard]] Result<void> add(std::int64_t id, std::size_t index, const JsonEntry& entry);

private:
    std::unordered_map<std::int64_t, std::size_t> first_;
};

/// A list of an annotation file: `images`, `categories` or `annotations`. An error if there is none.
[[nodiscard]] Result<const nlohmann::json*> annotation_list(const std::filesystem::path& file,
                                                            const nlohmann::json& document, const char* name);

} // namespace detect
