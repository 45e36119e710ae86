// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"

#include "base/text.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

using namespace std::string_literals;

TEST(Escape, MarkupIsText) {
    EXPECT_EQ(html_text("<a href=\"x\">&'\n\u009B\u202E"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;   ");
    EXPECT_EQ(xml_text("<a b=\"x\">&'\n\u009B\u202E"), "&lt;a b=&quot;x&quot;&gt;&amp;&#39;  &#x202E;");
    EXPECT_EQ(xml_text("\xFF\uFFFE\U000E0041"), "\uFFFD &#xE0041;") << "XML has no place for U+FFFE";
}

TEST(Escape, JsonSaysBySteeringCharactersNumbers) {
    EXPECT_EQ(json_text("{\"a\": \"Größe\"}\n"), "{\"a\": \"Größe\"}\n");
    EXPECT_EQ(json_text("[\"\x7F\u009B\u202E\u2028\U000E0041\"]"), R"(["\u007f\u009b\u202e\u2028\udb40\udc41"])");
}

TEST(Escape, CellsAreNoFormulas) {
    EXPECT_EQ(csv_cell("short"), "short");
    EXPECT_EQ(csv_cell("a, \"b\""), "\"a, \"\"b\"\"\"");
    for (const char* const start : {"=", "+", "-", "@", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"})
        EXPECT_EQ(csv_cell(start + "1"s + "+1"), "'"s + start + "1+1");
    EXPECT_EQ(csv_cell("\t=1"), "\\u{9}=1");
    EXPECT_EQ(csv_cell("-1.5"), "-1.5") << "a number stays one";
    EXPECT_EQ(csv_cell("-1.5.2"), "'-1.5.2");
    EXPECT_EQ(csv_cell("a\r\nb\u202E"), "a\\u{D}\\u{A}b\\u{202E}") << "a row is a line";
}

/// The cell without the quotes that a reader takes away.
std::string unquoted(const std::string& cell) {
    if (!cell.starts_with('"')) return cell;
    std::string text;
    for (std::size_t i = 1; i + 1 < cell.size(); ++i) {
        text += cell[i];
        if (cell[i] == '"') ++i;
    }
    return text;
}

TEST(Escape, CellsReadBackAsTheyWere) {
    const std::vector<std::string> pieces{"=",      "'", "''", "-",      "1",      ".",    "\\",     "\\u{",
                                          "\\u{A}", "}", "\n", "\"",     "\u202E", "\xFF", "\u009B", "\x9B",
                                          ",",      ";", "a",  "\uFF1D", "@",      "\0"s};
    std::mt19937 random(1);
    for (int trial = 0; trial < 20000; ++trial) {
        std::string text;
        for (std::size_t count = random() % 6; count > 0; --count) text += pieces[random() % pieces.size()];
        const std::string cell = csv_cell(text);
        ASSERT_EQ(text_of_csv_cell(unquoted(cell)), text) << cell;
        ASSERT_EQ(cell.find('\n'), std::string::npos);
    }
    // What others wrote, or this program before it knew apostrophes.
    EXPECT_EQ(text_of_csv_cell("'a.png"), "'a.png");
    EXPECT_EQ(text_of_csv_cell("\\u{110000}\\u{}\\u{1"), "\\u{110000}\\u{}\\u{1");
}

TEST(Escape, APathComponentIsOneName) {
    EXPECT_EQ(path_component("a/b\n\x1b\u202E"), "a_b___");
    EXPECT_EQ(path_component(".."), "_");
    EXPECT_EQ(path_component("."), "_");
    EXPECT_EQ(path_component("..."), "...");
}

TEST(Escape, AnErrorIsOneLine) {
    EXPECT_EQ(one_line({ErrorCode::bad_model, "node a\n\u009B\u202E: no"}).message, "node a???: no");
}

TEST(Escape, Utf8IsWrittenAsItIsRead) {
    for (const char32_t point : {U'\0', U'a', U'\x7F', U'\x80', U'\u07FF', U'\u0800', U'\uD7FF', U'\uE000', U'\uFFFF',
                                 U'\U00010000', U'\U0010FFFF'}) {
        const auto read = first_code_point(in_utf8(point));
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->value, point);
        EXPECT_EQ(read->length, in_utf8(point).size());
    }
    EXPECT_EQ(in_utf8(0xD800), "\uFFFD");
    EXPECT_EQ(in_utf8(0x110000), "\uFFFD");
}

} // namespace
} // namespace detect::test
