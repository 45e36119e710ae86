// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compare.h"
#include "tests/support/npy.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

namespace detect::test {
namespace {

using Boxes = std::vector<Found>;

TEST(Npy, ComesBackAsItWasWritten) {
    const TempDir folder;
    const std::vector<Tensor> tensors = {
        Tensor::of<float>({2, 3}, {1.5F, -2, 0, 1e-40F, 3, std::numeric_limits<float>::infinity()}),
        Tensor::of<std::int64_t>({3}, {-1, 0, std::numeric_limits<std::int64_t>::max()}),
        Tensor::of<std::int32_t>({1, 1, 2}, {7, -7}),
        Tensor::of<bool>({2}, {true, false}),
        Tensor::of<std::uint8_t>({}, {255}),
        Tensor::of<float>({0, 4}, {}),
    };
    for (const Tensor& tensor : tensors) {
        ASSERT_TRUE(write_npy(folder / "t.npy", tensor).ok());
        const auto read = read_npy(folder / "t.npy");
        ASSERT_TRUE(read.ok()) << read.error().message;
        EXPECT_TRUE(same_bits(*read, tensor)) << to_string(tensor.dims());
    }
}

TEST(Npy, RefusesWhatIsCutOffOrSomethingElse) {
    const TempDir folder;
    ASSERT_TRUE(write_npy(folder / "t.npy", Tensor::of<float>({3}, {1, 2, 3})).ok());
    std::filesystem::resize_file(folder / "t.npy", std::filesystem::file_size(folder / "t.npy") - 1);
    EXPECT_FALSE(read_npy(folder / "t.npy").ok());
    std::ofstream(folder / "t.npy") << "hello, world";
    EXPECT_FALSE(read_npy(folder / "t.npy").ok());
    EXPECT_FALSE(read_npy(folder / "missing.npy").ok());
}

TEST(TempDir, IsGoneAfterItsScope) {
    std::filesystem::path path;
    {
        const TempDir folder;
        path = folder.path();
        std::ofstream(folder / "file") << "x";
        std::filesystem::create_directory(folder / "locked");
        std::filesystem::permissions(folder / "locked", std::filesystem::perms::none);
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Process, GivesOutputErrorsAndExitCode) {
    const ProcessResult result = run_process({"sh", "-c", "cat; echo oops >&2; echo $WORD; exit 3"},
                                             {.environment = {{"WORD", "wide"}}, .input = "in\n"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.signal, 0);
    EXPECT_EQ(result.output, "in\nwide\n");
    EXPECT_EQ(result.errors, "oops\n");
}

TEST(Process, CarriesMoreThanAPipeHolds) {
    const std::string large(3'000'000, 'x');
    const ProcessResult result = run_process({"cat"}, {.input = large});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.output, large);
}

TEST(Process, TellsSignalsTimeoutsAndMissingProgramsApart) {
    EXPECT_EQ(run_process({"sh", "-c", "kill -SEGV $$"}).signal, SIGSEGV);
    const ProcessResult slow =
        run_process({"sh", "-c", "sleep 30 & sleep 30"}, {.timeout = std::chrono::milliseconds(200)});
    EXPECT_TRUE(slow.timed_out);
    EXPECT_EQ(slow.signal, SIGKILL);
    EXPECT_EQ(run_process({"/no/such/program"}).exit_code, 127);
}

TEST(CompareClose, AllowsRelativePlusAbsolute) {
    // 100 may be off by 1e-5 + 1e-4 · 100 = 0.01001.
    const Tensor expected = Tensor::of<float>({1, 2}, {0, 100});
    EXPECT_TRUE(compare_close(Tensor::of<float>({1, 2}, {0.9e-5F, 100.009F}), expected, 1e-4F, 1e-5F).close);
    const Closeness off = compare_close(Tensor::of<float>({1, 2}, {0.9e-5F, 100.02F}), expected, 1e-4F, 1e-5F);
    EXPECT_FALSE(off.close);
    EXPECT_EQ(off.outside, 1U);
    EXPECT_NEAR(off.worst_share, 2, 0.01);
    EXPECT_NE(off.report.find("worst at [0, 1]"), std::string::npos) << off.report;
}

TEST(CompareClose, FailsForNotANumberAndOtherSizes) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Tensor one = Tensor::of<float>({1}, {1});
    EXPECT_FALSE(compare_close(Tensor::of<float>({1}, {nan}), one, 1, 1).close);
    EXPECT_FALSE(compare_close(one, Tensor::of<float>({1}, {nan}), 1, 1).close);
    EXPECT_FALSE(compare_close(Tensor::of<float>({1}, {std::numeric_limits<float>::infinity()}), one, 1, 1).close);
    EXPECT_FALSE(compare_close(one, Tensor::of<float>({1, 1}, {1}), 1, 1).close);
    EXPECT_FALSE(compare_close(one, Tensor::of<std::int64_t>({1}, {1}), 1, 1).close);
}

TEST(IntersectionOverUnion, IsSharedAreaOverTotal) {
    // 10×10 each, shifted by 5: 50 shared of 150.
    EXPECT_DOUBLE_EQ(intersection_over_union({0, 0, 10, 10}, {5, 0, 15, 10}), 50.0 / 150.0);
    EXPECT_EQ(intersection_over_union({0, 0, 1, 1}, {2, 2, 3, 3}), 0);
    EXPECT_EQ(intersection_over_union({5, 5, 5, 9}, {5, 5, 5, 9}), 1);
}

TEST(MatchDetections, FindsEveryPairWhateverTheOrder) {
    const Boxes a = {{{0, 0, 10, 10}, 1, 0.9F}, {{20, 0, 30, 10}, 2, 0.5F}};
    const Boxes b = {{{20, 0, 30, 10.01F}, 2, 0.5005F}, {{0, 0, 10, 10}, 1, 0.9F}};
    const Match match = match_detections(a, b);
    EXPECT_TRUE(match.matched) << match.report;
    EXPECT_EQ(match.pairs, 2U);
    EXPECT_NEAR(match.worst_score_difference, 5e-4, 1e-6);
    EXPECT_NEAR(match.worst_iou, 0.999, 1e-5);
}

TEST(MatchDetections, FailsForLabelBoxScoreOrALonelyOneOnEitherSide) {
    const Boxes a = {{{0, 0, 10, 10}, 1, 0.9F}};
    EXPECT_FALSE(match_detections(a, Boxes{{{0, 0, 10, 10}, 2, 0.9F}}).matched);
    EXPECT_FALSE(match_detections(a, Boxes{{{0, 0, 10, 10.2F}, 1, 0.9F}}).matched);
    EXPECT_FALSE(match_detections(a, Boxes{{{0, 0, 10, 10}, 1, 0.902F}}).matched);
    EXPECT_FALSE(match_detections(a, Boxes{}).matched);
    EXPECT_FALSE(match_detections(Boxes{}, a).matched);
    EXPECT_TRUE(match_detections(Boxes{}, Boxes{}).matched);
    // Two equal ones need two partners.
    EXPECT_FALSE(match_detections(Boxes{a[0], a[0]}, a).matched);
    EXPECT_FALSE(match_detections(a, Boxes{a[0], a[0]}).matched);
}

TEST(MatchDetections, LeavesOutWhatIsBelowTheScoreOnBothSides) {
    const Boxes faint = {{{0, 0, 10, 10}, 1, 0.0999F}};
    EXPECT_TRUE(match_detections(faint, Boxes{}).matched);
    EXPECT_EQ(match_detections(faint, faint).pairs, 0U);
    // 0.1001 against 0.0999: the fainter one is a partner.
    const Match match = match_detections(Boxes{{{0, 0, 10, 10}, 1, 0.1001F}}, faint);
    EXPECT_TRUE(match.matched) << match.report;
    EXPECT_EQ(match.pairs, 1U);
}

TEST(MatchDetections, ReassignsPartnersSoThatAllWhoNeedOneHaveOne) {
    // a0 may go with b0 or b1, a1 only with b0: taking b0 for a0 first must not leave a1 alone.
    const Boxes a = {{{0, 0, 10, 10}, 1, 0.5F}, {{0, 0, 10, 10}, 1, 0.4991F}};
    const Boxes b = {{{0, 0, 10, 10}, 1, 0.4999F}, {{0, 0, 10, 10}, 1, 0.5008F}};
    EXPECT_TRUE(match_detections(a, b).matched);
    EXPECT_TRUE(match_detections(b, a).matched);
    // b1 must have a partner, b0 need not: both could take a0.
    const Boxes one = {{{0, 0, 10, 10}, 1, 0.1F}};
    const Boxes two = {{{0, 0, 10, 10}, 1, 0.0999F}, {{0, 0, 10, 10}, 1, 0.1001F}};
    EXPECT_TRUE(match_detections(one, two).matched);
    EXPECT_TRUE(match_detections(two, one).matched);
}

TEST(ToFound, TakesTheValidRowsOfOneImage) {
    const Tensor boxes = Tensor::of<float>({2, 2, 4}, {1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12});
    const Tensor labels = Tensor::of<std::int64_t>({2, 2}, {3, 0, 4, 5});
    const Tensor scores = Tensor::of<float>({2, 2}, {0.9F, 0, 0.8F, 0.7F});
    const Tensor valid = Tensor::of<std::int64_t>({2}, {1, 2});
    EXPECT_EQ(to_found(boxes, labels, scores, valid, 0), (Boxes{{{1, 2, 3, 4}, 3, 0.9F}}));
    EXPECT_EQ(to_found(boxes, labels, scores, valid, 1), (Boxes{{{5, 6, 7, 8}, 4, 0.8F}, {{9, 10, 11, 12}, 5, 0.7F}}));
}

} // namespace
} // namespace detect::test
