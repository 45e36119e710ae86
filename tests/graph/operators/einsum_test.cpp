// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/einsum.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string failure(const std::string& equation, std::vector<std::size_t> ranks) {
    const auto labels = parse_einsum(equation, ranks);
    return labels.ok() ? "" : labels.error().message;
}

TEST(Einsum, LabelsAxesByLetter) {
    const auto labels = parse_einsum("bij, bjk -> bik", std::vector<std::size_t>{3, 3});
    ASSERT_TRUE(labels.ok()) << labels.error().message;
    // Lower-case letters come behind the 26 upper-case ones.
    EXPECT_THAT(labels->operands[0], ElementsAre(27, 34, 35));
    EXPECT_THAT(labels->operands[1], ElementsAre(27, 35, 36));
    EXPECT_THAT(labels->output, ElementsAre(27, 34, 36));
}

TEST(Einsum, WithoutAnArrowKeepsWhatStandsOnceInAlphabeticalOrder) {
    const auto labels = parse_einsum("cb,bA", std::vector<std::size_t>{2, 2});
    ASSERT_TRUE(labels.ok()) << labels.error().message;
    EXPECT_THAT(labels->output, ElementsAre(0, 28)); // A, c
    EXPECT_TRUE(parse_einsum("ii", std::vector<std::size_t>{2})->output.empty()) << "the trace";
}

TEST(Einsum, TheEllipsisCountsFromTheLastAxis) {
    const auto labels = parse_einsum("...i,...->...", std::vector<std::size_t>{3, 1});
    ASSERT_TRUE(labels.ok()) << labels.error().message;
    EXPECT_THAT(labels->operands[0], ElementsAre(53, 52, 34));
    EXPECT_THAT(labels->operands[1], ElementsAre(52));
    EXPECT_THAT(labels->output, ElementsAre(53, 52));
}

TEST(Einsum, RefusesWhatMakesNoSense) {
    EXPECT_THAT(failure("ij->ij", {2, 2}), HasSubstr("has 1 operands, the node 2"));
    EXPECT_THAT(failure("ij", {3}), HasSubstr("does not fit operand 0 of 3 dimensions"));
    EXPECT_THAT(failure("...ij", {1}), HasSubstr("does not fit operand 0"));
    EXPECT_THAT(failure("i1", {2}), HasSubstr("unexpected character '1'"));
    EXPECT_THAT(failure("i..j", {2}), HasSubstr("misplaced '.'"));
    EXPECT_THAT(failure("...i...", {2}), HasSubstr("misplaced '.'"));
    EXPECT_THAT(failure("ij->ii", {2}), HasSubstr("output axis twice"));
    EXPECT_THAT(failure("ij->k", {2}), HasSubstr("that no operand has"));
}

} // namespace

} // namespace detect::test
