// SPDX-License-Identifier: Apache-2.0
#include "base/class_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

std::string error_of(const char* text) {
    const auto scores = parse_class_scores(text);
    return scores ? "no error" : scores.error().message;
}

TEST(ClassScores, AreReadByClass) {
    EXPECT_EQ(*parse_class_scores("0.25"), (ClassScores{.others = 0.25F}));
    EXPECT_EQ(*parse_class_scores("short=0.72,0.5,copper=1"),
              (ClassScores{.others = 0.5F, .by_name = {{"short", 0.72F}, {"copper", 1.0F}}}));
    EXPECT_EQ(*parse_class_scores("a=b=0"), (ClassScores{.by_name = {{"a=b", 0.0F}}})) << "the last = counts";
    EXPECT_EQ(*parse_class_scores("a\\,b\\\\=0.5"), (ClassScores{.by_name = {{"a,b\\", 0.5F}}}));
}

TEST(ClassScores, ReadBackTheSame) {
    const ClassScores scores{
        .others = 0.1F, .by_name = {{"a,b", 1.0F / 3.0F}, {"a=b", 0.0F}, {"back\\slash", 1e-7F}, {"\xC3\xA9 ", 1.0F}}};
    EXPECT_EQ(*parse_class_scores(to_text(scores)), scores) << to_text(scores);
    EXPECT_EQ(to_text({.others = std::nullopt, .by_name = {{"short", 0.72F}, {"copper", 0.88F}}}),
              "copper=0.88,short=0.72");
    EXPECT_EQ(to_text({}), "");
}

TEST(ClassScores, ThatMakeNoSenseAreNamed) {
    const std::string number = "a score is a number from 0 to 1; write 0.5 for all classes, or NAME=0.5 for one";
    for (const char* item :
         {"", "short", "nan", "-0.1", "1.01", "short=", "short=high", "short=1e9", "a=0.5x", "a=inf"})
        EXPECT_EQ(error_of(item), "'" + std::string(item) + "': " + number);
    EXPECT_EQ(error_of("0.5,"), "'': " + number);
    EXPECT_EQ(error_of("0.5,0.6"), "'0.6': there is a score for all other classes already; give one");
    EXPECT_EQ(error_of("a=0.5,a=0.6"), "'a=0.6': this class has a score already; give one");
    EXPECT_EQ(error_of("=0.5"), "'=0.5': there is no name before the =");
}

} // namespace
} // namespace detect
