// SPDX-License-Identifier: Apache-2.0
#include "cli/measurement.h"

#include "base/percentile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::cli {
namespace {

TEST(Percentile, InterpolatesBetweenNeighbours) {
    const std::vector<double> sorted{10.0, 20.0, 30.0, 50.0};
    EXPECT_DOUBLE_EQ(percentile(sorted, 0.0), 10.0);
    EXPECT_DOUBLE_EQ(percentile(sorted, 0.5), 25.0); // position 1.5
    EXPECT_DOUBLE_EQ(percentile(sorted, 0.9), 44.0); // position 2.7: 30 + 0.7 · 20
    EXPECT_DOUBLE_EQ(percentile(sorted, 1.0), 50.0);
    EXPECT_DOUBLE_EQ(percentile({7.0}, 0.99), 7.0);
}

TEST(Latency, DoesNotDependOnTheOrderOfRuns) {
    const Latency latency = summarise(std::vector<double>{30.0, 10.0, 50.0, 20.0});
    EXPECT_DOUBLE_EQ(latency.min, 10.0);
    EXPECT_DOUBLE_EQ(latency.p50, 25.0);
    EXPECT_DOUBLE_EQ(latency.p90, 44.0);
    EXPECT_DOUBLE_EQ(latency.mean, 27.5);
}

TEST(Profile, AddsUpMediansByPartAndLabel) {
    // Two convolutions of the backbone with one label, one of the RPN with the same, and a slow first run.
    const auto run = [](double a, double b, double c) {
        return std::vector<StepTime>{
            {"backbone/0/Conv", "conv", a}, {"backbone/1/Conv", "conv", b}, {"rpn/Conv", "conv", c}};
    };
    const auto rows = summarise({run(100.0, 100.0, 100.0), run(1.0, 2.0, 9.0), run(1.0, 2.0, 9.0)});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].part, "rpn");
    EXPECT_DOUBLE_EQ(rows[0].milliseconds, 9.0);
    EXPECT_DOUBLE_EQ(rows[0].share, 0.75);
    EXPECT_EQ(rows[1].part, "backbone");
    EXPECT_EQ(rows[1].step, "conv");
    EXPECT_EQ(rows[1].count, 2);
    EXPECT_DOUBLE_EQ(rows[1].milliseconds, 3.0);
    EXPECT_DOUBLE_EQ(rows[1].share, 0.25);
}

TEST(PeakMemory, GrowsByWhatIsTouched) {
    const double before = peak_memory_mb();
    const std::vector<char> touched(100'000'000, 1);
    EXPECT_GT(touched[before > 0.0 ? 1 : 0], 0);
    EXPECT_GT(peak_memory_mb(), before + 50.0);
}

} // namespace
} // namespace detect::cli
