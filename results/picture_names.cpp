// SPDX-License-Identifier: Apache-2.0
#include "results/picture_names.h"

#include "base/text.h"
#include "results/composed_letters.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

void append_utf8(char32_t letter, std::string& text) {
    const auto byte = [&](char32_t bits) { text += static_cast<char>(static_cast<unsigned char>(bits)); };
    const auto rest = [&](int shift) { byte(0x80U | ((letter >> shift) & 0x3FU)); };
    if (letter < 0x80U) {
        byte(letter);
    } else if (letter < 0x800U) {
        byte(0xC0U | (letter >> 6U));
        rest(0);
    } else {
        byte(0xE0U | (letter >> 12U));
        rest(6);
        rest(0);
    }
}

/// The Unicode Standard 14, 3.12: a syllable is a leading consonant, a vowel and perhaps a trailing consonant.
bool append_hangul(char32_t letter, std::string& text) {
    constexpr char32_t first_syllable = 0xAC00;
    constexpr char32_t syllables = 11172;
    constexpr char32_t vowels = 21;
    constexpr char32_t trailing = 28;
    if (letter < first_syllable || letter >= first_syllable + syllables) return false;
    const char32_t number = letter - first_syllable;
    append_utf8(0x1100 + number / (vowels * trailing), text);
    append_utf8(0x1161 + number % (vowels * trailing) / trailing, text);
    if (number % trailing != 0) append_utf8(0x11A7 + number % trailing, text);
    return true;
}

/// Only what is composed is written anew, and nothing beyond U+FFFF is.
bool append_parts(char32_t letter, std::string& text) {
    if (append_hangul(letter, text)) return true;
    const ComposedLetter parts = parts_of_letter(letter);
    if (parts.first == 0) return false;
    if (!append_parts(parts.first, text)) append_utf8(parts.first, text);
    if (parts.second != 0 && !append_parts(parts.second, text)) append_utf8(parts.second, text);
    return true;
}

std::size_t shared_parts(std::span<const std::string> a, std::span<const std::string> b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

} // namespace

std::string decomposed(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto point = first_code_point(text);
        const std::size_t length = point ? point->length : 1;
        if (!point || !append_parts(point->value, result)) result += text.substr(0, length);
        text.remove_prefix(length);
    }
    return result;
}

std::vector<std::string> parts_from_the_end(std::string_view path) {
    std::vector<std::string> parts;
    const auto add = [&](std::string_view part) {
        if (part.empty() || part == ".") return;
        if (part == ".." && !parts.empty() && parts.back() != "..") {
            parts.pop_back();
        } else {
            parts.push_back(decomposed(part));
        }
    };
    for (std::size_t end = path.find_first_of("/\\"); end != std::string_view::npos; end = path.find_first_of("/\\")) {
        add(path.substr(0, end));
        path.remove_prefix(end + 1);
    }
    add(path);
    std::ranges::reverse(parts);
    return parts;
}

PictureNames::PictureNames(std::span<const std::string> names) {
    for (std::size_t i = 0; i < names.size(); ++i) entries_.push_back({parts_from_the_end(names[i]), i});
    std::ranges::stable_sort(entries_, {}, &Entry::parts);
}

PictureNames::Match PictureNames::find(std::string_view name) const {
    std::vector<std::string> parts = parts_from_the_end(name);
    const auto place = std::ranges::lower_bound(entries_, parts, {}, &Entry::parts);
    Match match;
    if (place != entries_.end()) match.shared = shared_parts(parts, place->parts);
    if (place != entries_.begin()) match.shared = std::max(match.shared, shared_parts(parts, (place - 1)->parts));
    if (match.shared == 0) return match;
    parts.resize(match.shared);
    const auto starts = [&](const Entry& entry) { return shared_parts(parts, entry.parts) == parts.size(); };
    const auto begin = std::ranges::lower_bound(entries_, parts, {}, &Entry::parts);
    const auto end = std::partition_point(begin, entries_.end(), starts);
    match.count = static_cast<std::size_t>(end - begin);
    match.first = begin->index;
    match.second = match.count > 1 ? (begin + 1)->index : match.first;
    match.whole = begin->parts.size() == match.shared && (match.count == 1 || (begin + 1)->parts.size() > match.shared);
    return match;
}

} // namespace detect
