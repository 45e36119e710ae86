// SPDX-License-Identifier: Apache-2.0
#include "base/text_table.h"

#include "base/text.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

TEST(CutTo, KeepsTheStartOrTheEnd) {
    EXPECT_EQ(cut_to("board.png", 9), "board.png");
    EXPECT_EQ(cut_to("board.png", 6), "board…");
    EXPECT_EQ(cut_to("line1/board.png", 10, Keep::end), "…board.png");
    EXPECT_EQ(cut_to("Lötstelle", 4, Keep::end), "…lle");
    EXPECT_EQ(cut_to("Lötstelle", 3), "Lö…") << "letters, not bytes";
    EXPECT_EQ(cut_to("短路短路", 6), "短路…") << "wide letters take two columns";
    EXPECT_EQ(cut_to("短路短路", 6, Keep::end), "…短路");
}

TEST(CutTo, TakesTimeInProportionToTheText) {
    // Names of files come from outside. By the square of the length, this would take hours.
    const std::string name(8 << 20, 'a');
    EXPECT_EQ(cut_to(name, 4), "aaa…");
    EXPECT_EQ(cut_to(name, 4, Keep::end), "…aaa");
    EXPECT_EQ(cut_to(name, name.size() - 1, Keep::end).size(), name.size() - 2 + std::string("…").size());
    EXPECT_EQ(cut_to(name, name.size() - 1).size(), name.size() - 2 + std::string("…").size());
}

TEST(Wrapped, BreaksBetweenWords) {
    EXPECT_EQ(wrapped("a bc def", 4), "a bc\ndef\n");
    EXPECT_EQ(wrapped("", 4), "\n");
    EXPECT_EQ(wrapped("a verylongname b", 6), "a\n…gname\nb\n") << "of a long word the end stays";
}

TEST(TextTableTest, ContinuesBelowWhatHasNoRoom) {
    TextTable table;
    table.add({"class", "one", "two", "three"});
    table.add({"a", "1", "22", "333"});
    EXPECT_EQ(table.text(80), "class  one  two  three\n"
                              "a        1   22    333\n");
    EXPECT_EQ(table.text(16), "class  one  two\n"
                              "a        1   22\n"
                              "\n"
                              "class  three\n"
                              "a        333\n");
}

TEST(TextTableTest, NeverIsWider) {
    TextTable table(Keep::end);
    std::vector<std::string> head{std::string(200, 'p')};
    for (int i = 0; i < 40; ++i) head.push_back(std::string(static_cast<std::size_t>(i), 'x'));
    table.add(head);
    table.add(head);
    std::istringstream lines(table.text(80));
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) widest = std::max(widest, columns(line));
    EXPECT_LE(widest, 80U);
    EXPECT_GT(widest, 60U);
}

} // namespace
} // namespace detect
