// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "base/letter_width.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace detect {

namespace {

constexpr std::string_view replacement = "\uFFFD";

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

/// Bytes of the code point that begins with this byte; 0 if none does. 0xC0 and 0xC1 would be overlong forms of ASCII,
/// what follows 0xF4 is beyond U+10FFFF.
std::size_t declared_length(unsigned first) {
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return 0;
    return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
}

/// Whether the second byte of a code point may follow the first: 10xxxxxx, and of these no overlong form (0xE0, 0xF0),
/// no surrogate (0xED) and nothing beyond U+10FFFF (0xF4).
bool may_follow(unsigned first, unsigned second) {
    const unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= least && second <= most;
}

/// Bytes at the start of `text` that are a code point or the beginning of one; 0 if there is none.
std::size_t sound_length(std::string_view text) {
    const std::size_t declared = declared_length(byte_at(text, 0));
    if (declared < 2) return declared;
    std::size_t length = 1;
    if (text.size() > 1 && may_follow(byte_at(text, 0), byte_at(text, 1))) ++length;
    while (length > 1 && length < declared && length < text.size() && (byte_at(text, length) & 0xC0U) == 0x80U)
        ++length;
    return length;
}

/// Calls `take` with each letter of `text` and its code point, if it is one.
template <class Take>
void for_each_letter(std::string_view text, Take take) {
    while (!text.empty()) {
        const auto point = first_code_point(text);
        const std::size_t length = point ? point->length : first_letter_length(text);
        take(text.substr(0, length), point);
        text.remove_prefix(length);
    }
}

template <class Number>
std::string shortest(Number value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

} // namespace

std::optional<CodePoint> first_code_point(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const unsigned first = byte_at(text, 0);
    const std::size_t length = declared_length(first);
    if (length == 0 || sound_length(text) != length) return std::nullopt;
    // The first byte of several has as many ones in front as there are bytes, then a zero; the others have six bits
    // each.
    char32_t value = length == 1 ? first : first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) value = value << 6U | (byte_at(text, i) & 0x3FU);
    return CodePoint{value, length};
}

std::size_t first_letter_length(std::string_view text) { return std::max<std::size_t>(sound_length(text), 1); }

std::string valid_utf8(std::string_view text) {
    std::string result;
    for_each_letter(text, [&](std::string_view letter, const auto& point) { result += point ? letter : replacement; });
    return result;
}

std::size_t columns(std::string_view text) {
    std::size_t count = 0;
    for_each_letter(text,
                    [&](std::string_view, const auto& point) { count += point ? letter_width(point->value) : 1; });
    return count;
}

std::string padded(std::string_view text, std::size_t width) {
    const std::size_t taken = columns(text);
    return std::string(text) + std::string(width > taken ? width - taken : 0, ' ');
}

std::string shortest_text(float value) { return shortest(value); }
std::string shortest_text(double value) { return shortest(value); }

std::string_view first_letters(std::string_view text, std::size_t most) {
    std::size_t end = 0;
    for (std::size_t letters = 0; end < text.size() && letters < most; ++letters)
        end += first_letter_length(text.substr(end));
    return text.substr(0, end);
}

std::string_view first_bytes(std::string_view text, std::size_t most) {
    std::size_t end = 0;
    while (end < text.size()) {
        const std::size_t next = end + first_letter_length(text.substr(end));
        if (next > most) break;
        end = next;
    }
    return text.substr(0, end);
}

std::string in_utf8(char32_t point) {
    const auto byte = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
    const auto follower = [&](char32_t bits) { return byte(0x80U | (bits & 0x3FU)); };
    if (point < 0x80) return {byte(point)};
    if (point < 0x800) return {byte(0xC0U | point >> 6U), follower(point)};
    if ((point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) return std::string(replacement);
    if (point < 0x10000) return {byte(0xE0U | point >> 12U), follower(point >> 6U), follower(point)};
    return {byte(0xF0U | point >> 18U), follower(point >> 12U), follower(point >> 6U), follower(point)};
}

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

bool steers_text(char32_t point) {
    struct Range {
        char32_t first, last;
    };
    constexpr std::array<Range, 9> others{{
        {0x061C, 0x061C},   // Arabic letter mark
        {0x180E, 0x180E},   // Mongolian vowel separator
        {0x200B, 0x200B},   // zero-width space
        {0x200E, 0x200F},   // marks of direction
        {0x2028, 0x202E},   // separators of lines and paragraphs; embeddings and overrides of direction
        {0x2060, 0x206F},   // word joiner, invisible operators, isolates of direction, deprecated ones
        {0xFEFF, 0xFEFF},   // byte order mark
        {0xFFF9, 0xFFFB},   // interlinear annotations
        {0xE0000, 0xE007F}, // tags
    }};
    return is_control(point) ||
           std::ranges::any_of(others, [&](const Range& range) { return point >= range.first && point <= range.last; });
}

std::string without_controls(std::string_view text, char instead) {
    const auto is_high_control = [](char letter) {
        const auto byte = static_cast<unsigned char>(letter);
        return byte >= 0x80 && byte < 0xA0;
    };
    std::string result;
    for_each_letter(text, [&](std::string_view letter, const auto& point) {
        if (!point) {
            std::ranges::replace_copy_if(letter, std::back_inserter(result), is_high_control, instead);
        } else if (steers_text(point->value)) {
            result += instead;
        } else {
            result += letter;
        }
    });
    return result;
}

std::string printable(std::string_view text) {
    constexpr std::size_t longest = 120;
    std::string result(text.substr(0, longest));
    for (char& character : result) {
        if (character < ' ' || character > '~') character = '?';
    }
    if (text.size() > longest) result += "...";
    return result;
}

std::string printable_path(const std::filesystem::path& path) { return without_controls(path.string(), '?'); }

std::string counted(std::size_t number, std::string_view noun) {
    return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string listed(std::span<const std::string> items, const ListForm& form) {
    const bool cut = items.size() > form.most;
    const std::size_t shown = cut ? form.most : items.size();
    const std::string_view before_last = form.before_last.empty() ? form.separator : form.before_last;
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) text += i + 1 == shown && !cut ? before_last : form.separator;
        text += items[i];
    }
    if (cut) text += std::string(form.before_rest) + std::to_string(items.size() - shown) + " more";
    return text;
}

} // namespace detect
