// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <set>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

using namespace std::string_literals;

struct Sequence {
    const char* name;
    std::string bytes;
    /// What it begins with; a length of 0: with none.
    char32_t value;
    std::size_t length;
    /// The whole of it with what is not UTF-8 replaced.
    std::string replaced;
};

class Utf8 : public testing::TestWithParam<Sequence> {};

TEST_P(Utf8, IsReadAsRfc3629Says) {
    const auto point = first_code_point(GetParam().bytes);
    ASSERT_EQ(point.has_value(), GetParam().length > 0);
    if (point) {
        EXPECT_EQ(point->value, GetParam().value);
        EXPECT_EQ(point->length, GetParam().length);
    }
    EXPECT_EQ(valid_utf8(GetParam().bytes), GetParam().replaced);
    // Every replacement is one letter wide, as every code point is.
    EXPECT_EQ(columns(GetParam().bytes), columns(GetParam().replaced));
}

// A code point of two bytes is 110xxxxx 10xxxxxx, of three 1110xxxx 10xxxxxx 10xxxxxx, of four 11110xxx and three more.
INSTANTIATE_TEST_SUITE_P(
    , Utf8,
    testing::Values(
        // Byte by byte: 0x41; C3 A9 = 00011 101001; E2 82 AC = 0010 000010 101100; F0 9F 94 A7 = 000 011111 010100
        // 100111.
        Sequence{"Ascii", "Az", 0x41, 1, "Az"}, Sequence{"Nul", "\0z"s, 0, 1, "\0z"s},
        Sequence{"Delete", "\x7F", 0x7F, 1, "\x7F"}, Sequence{"TwoBytes", "\xC3\xA9z", 0xE9, 2, "\xC3\xA9z"},
        Sequence{"ThreeBytes", "\xE2\x82\xAC", 0x20AC, 3, "\xE2\x82\xAC"},
        Sequence{"FourBytes", "\xF0\x9F\x94\xA7", 0x1F527, 4, "\xF0\x9F\x94\xA7"},
        // The first and last of each length.
        Sequence{"FirstOfTwo", "\xC2\x80", 0x80, 2, "\xC2\x80"},
        Sequence{"LastOfTwo", "\xDF\xBF", 0x7FF, 2, "\xDF\xBF"},
        Sequence{"FirstOfThree", "\xE0\xA0\x80", 0x800, 3, "\xE0\xA0\x80"},
        Sequence{"LastOfThree", "\xEF\xBF\xBF", 0xFFFF, 3, "\xEF\xBF\xBF"},
        Sequence{"FirstOfFour", "\xF0\x90\x80\x80", 0x10000, 4, "\xF0\x90\x80\x80"},
        Sequence{"Last", "\xF4\x8F\xBF\xBF", 0x10FFFF, 4, "\xF4\x8F\xBF\xBF"},
        // U+110000 would be F4 90 80 80: none of its bytes begins a code point.
        Sequence{"PastTheLast", "\xF4\x90\x80\x80", 0, 0, "\uFFFD\uFFFD\uFFFD\uFFFD"},
        Sequence{"BeyondInFour", "\xF5\x80\x80\x80", 0, 0, "\uFFFD\uFFFD\uFFFD\uFFFD"},
        Sequence{"FiveBytes", "\xF8\x88\x80\x80\x80", 0, 0, "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
        // '/' (0x2F = 101111) in two, three and four bytes.
        Sequence{"OverlongTwo", "\xC0\xAF", 0, 0, "\uFFFD\uFFFD"},
        Sequence{"OverlongThree", "\xE0\x80\xAF", 0, 0, "\uFFFD\uFFFD\uFFFD"},
        Sequence{"OverlongFour", "\xF0\x80\x80\xAF", 0, 0, "\uFFFD\uFFFD\uFFFD\uFFFD"},
        // U+D7FF and U+E000 are characters, U+D800 to U+DFFF between them are halves of UTF-16.
        Sequence{"BeforeSurrogates", "\xED\x9F\xBF", 0xD7FF, 3, "\xED\x9F\xBF"},
        Sequence{"FirstSurrogate", "\xED\xA0\x80", 0, 0, "\uFFFD\uFFFD\uFFFD"},
        Sequence{"LastSurrogate", "\xED\xBF\xBF", 0, 0, "\uFFFD\uFFFD\uFFFD"},
        Sequence{"AfterSurrogates", "\xEE\x80\x80", 0xE000, 3, "\xEE\x80\x80"},
        // What begins well and is cut off is one replacement, at the end and before another letter.
        Sequence{"CutOffAtTheEnd", "\xF0\x9F\x94", 0, 0, "\uFFFD"},
        Sequence{"CutOffByALetter", "\xE2\x82z", 0, 0, "\uFFFDz"},
        Sequence{"CutOffByAnother", "\xE2\x82\xC3\xA9", 0, 0, "\uFFFD\xC3\xA9"},
        Sequence{"ContinuationAlone", "\x80z", 0, 0, "\uFFFDz"}, Sequence{"Latin1", "\xE9tat", 0, 0, "\uFFFDtat"},
        Sequence{"Empty", "", 0, 0, ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Columns, AreThoseOfATerminal) {
    EXPECT_EQ(columns(""), 0U);
    EXPECT_EQ(columns("Größe, µm"), 9U);
    EXPECT_EQ(columns("дефект"), 6U);
    EXPECT_EQ(columns("短路"), 4U);
    EXPECT_EQ(columns("Ａ，"), 4U) << "full-width forms";
    EXPECT_EQ(columns("ｱ"), 1U) << "half-width";
    EXPECT_EQ(columns("한글"), 4U);
    EXPECT_EQ(columns("\u1112\u1161\u11AB"), 2U) << "one syllable of three parts";
    EXPECT_EQ(columns("e\u0301"), 1U) << "a combining accent";
    EXPECT_EQ(columns("दिल"), 3U) << "a vowel sign that takes a place of its own";
    EXPECT_EQ(columns("नु"), 1U) << "and one that takes none";
    EXPECT_EQ(columns("a\u00ADb"), 3U) << "a soft hyphen is shown";
    EXPECT_EQ(columns("\u200D"), 0U);
    EXPECT_EQ(columns("🔥"), 2U);
    EXPECT_EQ(columns("\U00020000"), 2U);
    EXPECT_EQ(columns("a\xFF\xFE"), 3U) << "each is one U+FFFD";
}

TEST(Padded, FillsColumnsNotBytes) {
    EXPECT_EQ(padded("短路", 6), "短路  ");
    EXPECT_EQ(padded("öffnung", 8), "öffnung ");
    EXPECT_EQ(padded("e\u0301", 2), "e\u0301 ");
    EXPECT_EQ(padded("短路", 3), "短路") << "nothing is cut";
}

TEST(FirstLetters, NeverEndInsideOne) {
    EXPECT_EQ(first_letters("Größe", 3), "Grö");
    EXPECT_EQ(first_letters("Größe", 5), "Größe");
    EXPECT_EQ(first_letters("Größe", 9), "Größe");
    EXPECT_EQ(first_letters("\xE2\x82z", 1), "\xE2\x82");
    // G r ö(2) ß(2) e: three bytes end inside of ö.
    EXPECT_EQ(first_bytes("Größe", 3), "Gr");
    EXPECT_EQ(first_bytes("Größe", 4), "Grö");
    EXPECT_EQ(first_bytes("Größe", 7), "Größe");
    EXPECT_EQ(first_bytes("ö", 1), "");
}

TEST(WithoutControls, LeavesNothingThatSteersATerminal) {
    EXPECT_EQ(without_controls("two\nlines\r\x1b[31m\x7F", ' '), "two lines  [31m ");
    EXPECT_EQ(without_controls("\0a\x1F"s, '?'), "?a?");
    // U+009B is a terminal's CSI in one character, U+0085 a line break; U+00A0 is a blank.
    EXPECT_EQ(without_controls("a\u009B31m\u0085\u00A0", '?'), "a?31m?\u00A0");
    // Direction, separators, what has no width.
    EXPECT_EQ(without_controls("\u202E\u2066\u200F\u061C|\u2028\u2029|\u200B\uFEFF\u2060|\U000E0041", '?'),
              "????|??|???|?");
    EXPECT_EQ(without_controls("\u200C\u200D\u05D0\u0627", '?'), "\u200C\u200D\u05D0\u0627") << "letters' business";
    EXPECT_EQ(without_controls("Größe \xE9 \xFF", '?'), "Größe \xE9 \xFF") << "no character: nothing is replaced";
    EXPECT_EQ(without_controls("\x9B\xE9\x9B", '?'), "?\xE9?") << "U+009B for a terminal of 8 bits";
}

TEST(Printable, IsShortAsciiOnOneLine) {
    EXPECT_EQ(printable("conv.weight"), "conv.weight");
    EXPECT_EQ(printable("a\nb\x7F\xC3\xA9~"), "a?b???~");
    EXPECT_EQ(printable(std::string(120, 'a')), std::string(120, 'a'));
    EXPECT_EQ(printable(std::string(121, 'a')), std::string(120, 'a') + "...");
    EXPECT_EQ(printable_path("Größe/two\nlines.png"), "Größe/two?lines.png");
}

TEST(Listed, NamesAllOrCountsTheRest) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(listed(Names{}), "");
    EXPECT_EQ(listed(Names{"a"}), "a");
    EXPECT_EQ(listed(Names{"a", "b", "c"}), "a, b, c");
    EXPECT_EQ(listed(Names{"a", "b", "c"}, {.before_last = " and "}), "a, b and c");
    EXPECT_EQ(listed(Names{"a"}, {.before_last = " and "}), "a");
    EXPECT_EQ(listed(Names{"a", "b", "c", "d"}, {.most = 4}), "a, b, c, d");
    EXPECT_EQ(listed(Names{"a", "b", "c", "d", "e"}, {.most = 2}), "a, b and 3 more");
    EXPECT_EQ(listed(Names{"a", "b", "c"}, {.before_last = " or ", .most = 2}), "a, b and 1 more");
    EXPECT_EQ(listed(Names{"a", "b", "c"}, {.separator = "; ", .most = 2, .before_rest = "; and "}),
              "a; b; and 1 more");
    EXPECT_EQ(listed(std::set<std::string_view>{"b", "a"}, {.separator = "|"}), "a|b");
}

TEST(Counted, OneAndSeveral) {
    EXPECT_EQ(counted(0, "picture"), "0 pictures");
    EXPECT_EQ(counted(1, "picture"), "1 picture");
    EXPECT_EQ(counted(2, "picture"), "2 pictures");
}

} // namespace
} // namespace detect::test
