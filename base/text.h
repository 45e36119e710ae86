// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Text from outside: UTF-8, and what may stand in a message or on a terminal.
namespace detect {

struct CodePoint {
    char32_t value = 0;
    /// Bytes of it in UTF-8, 1 to 4.
    std::size_t length = 0;
};

/// The code point that `text` begins with; nullopt if it begins with none (RFC 3629: no overlong forms, no surrogates,
/// nothing beyond U+10FFFF) or is empty.
[[nodiscard]] std::optional<CodePoint> first_code_point(std::string_view text);

/// Bytes at the start of `text`, which is not empty, that stand for one letter: a code point, or what is one U+FFFD
/// when it is read: a code point that is cut off, or a byte that begins none (Unicode 15, 3.9, "maximal subparts").
[[nodiscard]] std::size_t first_letter_length(std::string_view text);

/// Bytes that are not UTF-8 become U+FFFD, as nlohmann's JSON writer replaces them.
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// Columns that a terminal shows: those of each letter, as first_letter_length counts them, by letter_width; what is no
/// code point has one.
[[nodiscard]] std::size_t columns(std::string_view text);

/// `text` and the blanks that fill it up to so many columns; as it is if it has more.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width);

/// The shortest text that reads back to the same number, whatever the locale.
[[nodiscard]] std::string shortest_text(float value);
[[nodiscard]] std::string shortest_text(double value);

/// At most so many letters from the start of `text`.
[[nodiscard]] std::string_view first_letters(std::string_view text, std::size_t most);
/// At most so many bytes from the start of `text`, and no part of a letter.
[[nodiscard]] std::string_view first_bytes(std::string_view text, std::size_t most);

/// The UTF-8 of a code point up to U+10FFFF; U+FFFD for a surrogate or what lies beyond.
[[nodiscard]] std::string in_utf8(char32_t point);

/// U+0000 to U+001F and U+007F to U+009F.
[[nodiscard]] bool is_control(char32_t point);

/// Whether a character does something to the text around it instead of being a part of it: control characters, marks
/// that turn the direction of writing (Unicode's bidirectional controls, which can show a name backwards), separators
/// of lines, and what takes no width. The joiners U+200C and U+200D are letters' business: Persian words and emoji need
/// them.
[[nodiscard]] bool steers_text(char32_t point);

/// One line without what steers a terminal: each character of which steers_text is true becomes `instead`. All else
/// stays, bytes that are not UTF-8 included: names of files may be in any encoding. Of these, 0x80 to 0x9F go too: a
/// terminal for 8-bit text takes them for control characters.
[[nodiscard]] std::string without_controls(std::string_view text, char instead);

/// Text from a file as it may stand in a one-line message: whatever is not printable ASCII becomes '?', long text is
/// cut.
[[nodiscard]] std::string printable(std::string_view text);
/// A path as it may stand in a one-line message: only what steers a terminal becomes '?'.
[[nodiscard]] std::string printable_path(const std::filesystem::path& path);

/// "1 picture", "2 pictures".
[[nodiscard]] std::string counted(std::size_t number, std::string_view noun);

struct ListForm {
    std::string_view separator = ", ";
    /// Before the last of several, where nothing is left out; empty: the separator.
    std::string_view before_last = {};
    /// More than these are counted: "a, b and 3 more".
    std::size_t most = std::numeric_limits<std::size_t>::max();
    std::string_view before_rest = " and ";
};

/// "a, b, c", as it may stand in a sentence.
[[nodiscard]] std::string listed(std::span<const std::string> items, const ListForm& form = {});

/// The same of whatever a text can be made of.
template <class Items>
[[nodiscard]] std::string listed(const Items& items, const ListForm& form = {}) {
    std::vector<std::string> texts;
    texts.reserve(std::size(items));
    for (const auto& item : items) texts.emplace_back(item);
    return listed(std::span<const std::string>(texts), form);
}

} // namespace detect
