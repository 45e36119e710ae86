// SPDX-License-Identifier: Apache-2.0
#include "results/json_file.h"

#include "base/input_file.h"
#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>

namespace detect {

using nlohmann::json;

namespace {

/// Whole numbers that a double holds exactly.
constexpr double largest_exact_integer = 9007199254740992.0;

/// Beyond the side of any picture; products of such numbers are still finite.
constexpr double largest_position = 1e9;

/// Python's json writes these, and no other reader takes them.
std::string_view not_a_number(std::string_view text, std::size_t offset) {
    const std::size_t start = offset < 12 ? 0 : offset - 12;
    const std::string_view around = text.substr(start, 24);
    for (const std::string_view word : {"-Infinity", "Infinity", "NaN"}) {
        if (around.find(word) != std::string_view::npos) return word;
    }
    return {};
}

/// With a byte order mark, or without: JSON begins with an ASCII letter, which then has a zero beside it.
bool is_utf16(std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return true;
    return text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0');
}

std::optional<std::size_t> first_that_is_not_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto point = first_code_point(text.substr(at));
        if (!point) return at;
        at += point->length;
    }
    return std::nullopt;
}

std::string what_is_wrong(std::string_view text, const JsonFlaw& flaw, const JsonLimits& limits) {
    if (text.starts_with("\x1F\x8B")) return "is compressed (gzip), not JSON; unpack it first, with gunzip";
    if (is_utf16(text)) return "is text in UTF-16; save it as UTF-8";
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "is empty, not a JSON file";
    if (const auto other = first_that_is_not_utf8(text)) {
        return line_and_column(text, *other) +
               ": is not UTF-8 from here on, but text in another encoding; save the file as UTF-8";
    }
    if (flaw.kind != JsonFlaw::Kind::syntax) return describe(flaw, text, limits);
    if (flaw.offset >= text.size()) return line_and_column(text, text.size()) + ": ends too early; the file is cut off";
    const std::string_view word = not_a_number(text, flaw.offset);
    if (word.empty()) return describe(flaw, text);
    return line_and_column(text, flaw.offset) + ": " + std::string(word) + " is not a number; remove that entry";
}

Result<FileBytes> read_bytes(const std::filesystem::path& file) {
    std::error_code code;
    const auto status = std::filesystem::status(file, code);
    const auto cannot = [&](const std::string& why) {
        return Error{ErrorCode::unreadable_input, file.string() + ": cannot be read: " + why};
    };
    if (!std::filesystem::exists(status)) return cannot("no such file");
    if (!std::filesystem::is_regular_file(status)) return cannot("is not a regular file");
    const auto input = InputFile::open(file);
    if (!input) return cannot("check its permissions");
    return input->read_all(most_json_bytes);
}

const char* type_name(const json& value) { return value.is_number() ? "a number" : value.type_name(); }

} // namespace

Result<JsonTree<json>> parse_json_file(std::string_view text, const std::filesystem::path& file,
                                       const JsonLimits& limits) {
    std::optional<JsonFlaw> flaw;
    auto document = parse_json_text<json>(text, flaw, limits);
    if (!flaw) return document;
    const auto code = flaw->kind == JsonFlaw::Kind::memory ? ErrorCode::resource_limit : ErrorCode::unreadable_input;
    return Error{code, file.string() + ": " + what_is_wrong(text, *flaw, limits)};
}

Result<JsonTree<json>> read_json(const std::filesystem::path& file, const JsonLimits& limits) {
    DETECT_TRY_ASSIGN(const FileBytes bytes, read_bytes(file));
    return parse_json_file(bytes.text(), file, limits);
}

Error wrong(const std::filesystem::path& file, const std::string& place, const std::string& what) {
    return {ErrorCode::unreadable_input, file.string() + ": " + place + ": " + what};
}

Result<void> JsonEntry::check_object() const {
    if (value_->is_object()) return {};
    return error(std::string("is ") + type_name(*value_) + ", expected an object in braces");
}

Result<const json*> JsonEntry::get(const char* field) const {
    const auto found = value_->find(field);
    if (found == value_->end()) return error(std::string("has no \"") + field + "\"; add it");
    return &*found;
}

Result<std::int64_t> JsonEntry::integer(const char* field) const {
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX))
        return value->get<std::int64_t>();
    if (value->is_number_float()) {
        const double number = value->get<double>();
        if (std::trunc(number) == number && std::abs(number) <= largest_exact_integer)
            return static_cast<std::int64_t>(number);
    }
    return error(field, "is " + value->dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 40) +
                            ", expected a whole number");
}

Result<std::int64_t> JsonEntry::id(const char* field) const {
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (!value->is_string()) return integer(field);
    return error(field, "is the text " + value->dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 40) +
                            ", expected a whole number; number images, categories and annotations with whole numbers "
                            "without quotes, and the results alike");
}

Result<double> JsonEntry::number(const char* field) const {
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (!value->is_number()) return error(field, std::string("is ") + type_name(*value) + ", expected a number");
    return value->get<double>();
}

Result<std::string> JsonEntry::text(const char* field) const {
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (!value->is_string())
        return error(field, std::string("is ") + type_name(*value) + ", expected a text in quotes");
    return value->get<std::string>();
}

Result<std::array<double, 4>> JsonEntry::box(const char* field) const {
    constexpr const char* form = "expected [x, y, width, height] in pixels";
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (!value->is_array()) return error(field, std::string("is ") + type_name(*value) + ", " + form);
    if (value->empty()) return error(field, std::string("is empty, ") + form);
    if (value->size() != 4) return error(field, "has " + std::to_string(value->size()) + " numbers, " + form);
    for (const json& part : *value) {
        if (!part.is_number()) return error(field, std::string("holds ") + type_name(part) + ", " + form);
    }
    const auto far = [](const json& part) { return std::abs(part.get<double>()) > largest_position; };
    if (std::ranges::any_of(*value, far)) return error(field, std::string("lies outside of any picture, ") + form);
    const std::array<double, 4> box{value->at(0).get<double>(), value->at(1).get<double>(), value->at(2).get<double>(),
                                    value->at(3).get<double>()};
    if (box[2] < 0.0 || box[3] < 0.0)
        return error(field, std::string("has a negative width or height, ") + form + " (not two corners)");
    return box;
}

Result<bool> JsonEntry::flag(const char* field) const {
    DETECT_TRY_ASSIGN(const json* value, get(field));
    if (value->is_boolean()) return value->get<bool>();
    if (value->is_number() && (*value == 0 || *value == 1)) return *value == 1;
    return error(field, "expected 0 or 1");
}

Error JsonEntry::error(const std::string& what) const {
    return wrong(*file_, std::string(list_) + "[" + std::to_string(index_) + "]", what);
}

Error JsonEntry::error(const char* field, const std::string& what) const {
    return wrong(*file_, std::string(list_) + "[" + std::to_string(index_) + "]." + field, what);
}

Result<void> SeenIds::add(std::int64_t id, std::size_t index, const JsonEntry& entry) {
    const auto [first, is_new] = first_.emplace(id, index);
    if (is_new) return {};
    return entry.error("id", std::to_string(id) + " is also the id of entry " + std::to_string(first->second) +
                                 "; give each its own");
}

Result<const json*> annotation_list(const std::filesystem::path& file, const json& document, const char* name) {
    if (!document.is_object()) {
        return wrong(file, "top level",
                     document.is_array() ? "is a list, as results are; ground truth is an object with images, "
                                           "categories and annotations"
                                         : "expected an object with images, categories and annotations");
    }
    const auto list = document.find(name);
    if (list == document.end()) return wrong(file, "top level", std::string("has no \"") + name + "\"; add that list");
    if (!list->is_array()) return wrong(file, name, "expected a list in brackets");
    return &*list;
}

} // namespace detect
