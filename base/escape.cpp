// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace detect {

namespace {

std::string in_hex(const char* format, std::uint32_t value) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

/// What HTML and XML share: the characters that are markup.
std::string_view markup_reference(char letter) {
    switch (letter) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
    }
}

std::string without_markup(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        const std::string_view reference = markup_reference(letter);
        result += reference.empty() ? std::string_view(&letter, 1) : reference;
    }
    return result;
}

/// \uXXXX, twice where it takes a surrogate pair.
std::string json_escape(char32_t point) {
    if (point < 0x10000) return in_hex("\\u%04x", point);
    const std::uint32_t rest = point - 0x10000;
    return in_hex("\\u%04x", 0xD800U + (rest >> 10U)) + in_hex("\\u%04x", 0xDC00U + (rest & 0x3FFU));
}

/// Whether a spreadsheet computes a cell that begins like this. Some take the wide forms of a Japanese keyboard, too.
bool begins_formula(std::string_view text) {
    constexpr std::array<std::string_view, 8> starts{"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

/// -12 or -1.5: the same in a spreadsheet and in a program.
bool is_plain_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
    const bool has_digits = !text.empty() && is_digit(text.front()) && is_digit(text.back());
    return has_digits && std::ranges::count(text, '.') <= 1 &&
           std::ranges::all_of(text, [&](char letter) { return letter == '.' || is_digit(letter); });
}

/// Whether an apostrophe is put in front. Text that has such apostrophes already gets one more, so that it reads back.
bool takes_apostrophe(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
    return begins_formula(text) && !is_plain_number(text);
}

constexpr std::string_view code_start = "\\u{";

} // namespace

std::string html_text(std::string_view text) { return without_markup(without_controls(valid_utf8(text), ' ')); }

std::string xml_text(std::string_view text) {
    std::string result;
    const std::string valid = valid_utf8(text);
    for (std::string_view rest = valid; !rest.empty();) {
        const CodePoint point = *first_code_point(rest);
        const std::string_view letter = rest.substr(0, point.length);
        if (is_control(point.value) || point.value == 0xFFFE || point.value == 0xFFFF) {
            result += ' ';
        } else {
            result += steers_text(point.value) ? in_hex("&#x%X;", point.value) : without_markup(letter);
        }
        rest.remove_prefix(point.length);
    }
    return result;
}

std::string json_text(std::string json) {
    // Whoever wrote the text has escaped the control characters below U+0020; line breaks between values stay.
    const auto steers = [](char32_t point) { return point >= 0x20 && steers_text(point); };
    // All of these but U+007F begin with a byte of several.
    if (std::ranges::none_of(json, [](char letter) { return static_cast<unsigned char>(letter) >= 0x7F; })) return json;
    std::string result;
    result.reserve(json.size());
    for (std::string_view rest = json; !rest.empty();) {
        const auto point = first_code_point(rest);
        const std::size_t length = point ? point->length : 1;
        if (point && steers(point->value)) {
            result += json_escape(point->value);
        } else {
            result += rest.substr(0, length);
        }
        rest.remove_prefix(length);
    }
    return result;
}

std::string csv_cell(std::string_view text) {
    std::string cell = takes_apostrophe(text) ? "'" : "";
    for (std::string_view rest = text; !rest.empty();) {
        const auto point = first_code_point(rest);
        // A text that looks like such a code reads back as itself: its backslash is written as one.
        const bool is_code = (point && steers_text(point->value)) || rest.starts_with(code_start);
        const std::size_t length = point ? point->length : 1;
        if (is_code) {
            cell += in_hex("\\u{%X}", point->value);
        } else {
            cell += rest.substr(0, length);
        }
        rest.remove_prefix(length);
    }
    if (cell.find_first_of(",;\"") == std::string::npos) return cell;
    std::string quoted = "\"";
    for (const char letter : cell) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
    return quoted + "\"";
}

std::string text_of_csv_cell(std::string_view cell) {
    if (cell.starts_with('\'') && takes_apostrophe(cell)) cell.remove_prefix(1);
    std::string text;
    while (!cell.empty()) {
        std::uint32_t value = 0;
        if (cell.starts_with(code_start)) {
            const char* const end = cell.data() + cell.size();
            const auto [behind, code] = std::from_chars(cell.data() + code_start.size(), end, value, 16);
            if (code == std::errc() && behind != end && *behind == '}' && value <= 0x10FFFF) {
                text += in_utf8(value);
                cell.remove_prefix(static_cast<std::size_t>(behind - cell.data()) + 1);
                continue;
            }
        }
        text += cell.front();
        cell.remove_prefix(1);
    }
    return text;
}

Error one_line(Error error) {
    error.message = without_controls(error.message, '?');
    return error;
}

std::string path_component(std::string_view text) {
    std::string name = without_controls(text, '_');
    std::ranges::replace(name, '/', '_');
    return name == "." || name == ".." ? "_" : name;
}

} // namespace detect
