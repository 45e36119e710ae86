// SPDX-License-Identifier: Apache-2.0
#include "results/picture_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;

// Expected values: Python's unicodedata.normalize("NFD", …).
TEST(Decomposed, IsTheFormThatMacOsStores) {
    EXPECT_EQ(decomposed("Pr\u00FCfling.jpg"), "Pru\u0308fling.jpg");
    EXPECT_EQ(decomposed("\u1EC7"), "e\u0323\u0302") << "in steps";
    EXPECT_EQ(decomposed("\u0439\u0451"), "\u0438\u0306\u0435\u0308") << "Cyrillic";
    EXPECT_EQ(decomposed("\u1F82"), "\u03B1\u0313\u0300\u0345") << "Greek";
    EXPECT_EQ(decomposed("\u30AC\u3071"), "\u30AB\u3099\u306F\u309A") << "kana";
    EXPECT_EQ(decomposed("\uD55C\uAE00\uAC00"), "\u1112\u1161\u11AB\u1100\u1173\u11AF\u1100\u1161") << "Hangul";
    EXPECT_EQ(decomposed("\u0344"), "\u0308\u0301");
    EXPECT_EQ(decomposed("\u1F71"), "\u03B1\u0301") << "another way to write a letter that is composed itself";
}

TEST(Decomposed, LeavesAllElse) {
    for (const char* text :
         {"", "a.png", "\u6F22\u5B57", "\U0001F600", "caf\xE9", "\xC3", "\u2126", "\uAC00\xED\xA0\x80"}) {
        EXPECT_EQ(decomposed(decomposed(text)), decomposed(text)) << text;
    }
    EXPECT_EQ(decomposed("caf\xE9\xC3"), "caf\xE9\xC3") << "not UTF-8";
    EXPECT_EQ(decomposed("\u2126\U0001F600"), "\u2126\U0001F600") << "OHM SIGN, which Apple leaves, too";
}

TEST(PartsFromTheEnd, WhateverTheMachine) {
    EXPECT_THAT(parts_from_the_end("a/b.png"), ElementsAre("b.png", "a"));
    EXPECT_THAT(parts_from_the_end("C:\\data\\b.png"), ElementsAre("b.png", "data", "C:"));
    EXPECT_THAT(parts_from_the_end("//server/./a//x/../b.png"), ElementsAre("b.png", "a", "server"));
    EXPECT_THAT(parts_from_the_end("..\\..\\b.png"), ElementsAre("b.png", "..", ".."));
    EXPECT_THAT(parts_from_the_end("/"), ElementsAre());
}

PictureNames::Match find(std::vector<std::string> names, const char* name) { return PictureNames(names).find(name); }

TEST(PictureNames, SharesTheMostParts) {
    const std::vector<std::string> names{"x/a.png", "y/a.png", "y/b.png"};
    const auto match = find(names, "C:\\data\\y\\a.png");
    EXPECT_EQ(match.count, 1U);
    EXPECT_EQ(match.first, 1U);
    EXPECT_EQ(match.shared, 2U);
    EXPECT_EQ(find(names, "z/b.png").first, 2U);
    EXPECT_EQ(find(names, "c.png").count, 0U);
    EXPECT_EQ(find(names, "").count, 0U);
    EXPECT_EQ(find({}, "a.png").count, 0U);
}

TEST(PictureNames, AmbiguousNamesGiveTwo) {
    const auto match = find({"x/a.png", "y/a.png", "y/b.png"}, "z/a.png");
    EXPECT_EQ(match.count, 2U);
    EXPECT_EQ(match.first, 0U);
    EXPECT_EQ(match.second, 1U);
    EXPECT_FALSE(match.unambiguous());
}

TEST(PictureNames, AWholeNameAtTheEndIsMeant) {
    const auto match = find({"x/a.png", "a.png"}, "/photos/a.png");
    EXPECT_EQ(match.count, 2U);
    EXPECT_EQ(match.first, 1U);
    EXPECT_TRUE(match.unambiguous());
    EXPECT_FALSE(find({"x/a.png", "a.png", "./a.png"}, "/photos/a.png").unambiguous()) << "there are two";
}

TEST(PictureNames, OfEveryPairOfNamesThoseAreFoundThatACountFinds) {
    const std::vector<std::string> parts{"a", "b", "e\u0301"};
    std::vector<std::string> names;
    for (const auto& one : parts) {
        names.push_back(one);
        for (const auto& two : parts) {
            names.push_back(one + "/" + two);
            for (const auto& three : parts) names.push_back(one + "\\" + two + "/" + three);
        }
    }
    const PictureNames choice(names);
    for (const std::string& name : names) {
        std::size_t most = 0;
        std::size_t count = 0;
        const auto wanted = parts_from_the_end("z/" + name);
        for (const std::string& other : names) {
            const auto found = parts_from_the_end(other);
            const auto shared = static_cast<std::size_t>(
                std::mismatch(wanted.begin(), wanted.end(), found.begin(), found.end()).first - wanted.begin());
            if (shared > most) count = 0;
            most = std::max(most, shared);
            if (shared == most) ++count;
        }
        EXPECT_EQ(choice.find("z/" + name).count, count) << name;
        EXPECT_EQ(choice.find("z/" + name).shared, most) << name;
    }
}

} // namespace
} // namespace detect
