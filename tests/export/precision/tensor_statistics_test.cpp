// SPDX-License-Identifier: Apache-2.0
// What calibration keeps of a tensor's numbers.

#include "export/precision/tensor_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

std::uint64_t count(const std::vector<TensorStatistics::Bin>& histogram) {
    return std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& bin) { return sum + bin.count; });
}

TEST(TensorStatistics, KnowsTheRangeAndPutsEveryNumberNearItsBin) {
    TensorStatistics statistics;
    EXPECT_TRUE(statistics.empty());
    ASSERT_TRUE(statistics.add(std::vector<float>{-1.5F, 0.0F, 0.0F, 2.0F, 7.25F}));
    EXPECT_FALSE(statistics.empty());
    EXPECT_EQ(statistics.low(), -1.5F);
    EXPECT_EQ(statistics.high(), 7.25F);
    const auto histogram = statistics.histogram();
    ASSERT_EQ(histogram.size(), 4U);
    // 7.25 lies below 2^-10 · 8192 = 8: bins are 2^-10 wide at most.
    EXPECT_NEAR(histogram[0].value, -1.5, 0x1p-10);
    EXPECT_EQ(histogram[1].value, 0.0);
    EXPECT_EQ(histogram[1].count, 2U);
    EXPECT_NEAR(histogram[2].value, 2.0, 0x1p-10);
    EXPECT_NEAR(histogram[3].value, 7.25, 0x1p-10);
}

TEST(TensorStatistics, BinsGrowWithTheNumbersAndLoseNone) {
    TensorStatistics statistics;
    for (const float size : {1.0F, 30.0F, 1000.0F}) {
        std::vector<float> values;
        for (int i = -50; i <= 50; ++i) values.push_back(static_cast<float>(i) / 50.0F * size);
        ASSERT_TRUE(statistics.add(values));
    }
    EXPECT_EQ(statistics.low(), -1000.0F);
    EXPECT_EQ(statistics.high(), 1000.0F);
    const auto histogram = statistics.histogram();
    EXPECT_EQ(count(histogram), 303U);
    EXPECT_TRUE(std::ranges::is_sorted(histogram, {}, &TensorStatistics::Bin::value));
    // As many on each side, and within [-1, 1] those of the first call and the few of the others that lie there.
    const auto below = [&](double limit) {
        std::uint64_t sum = 0;
        for (const auto& bin : histogram) sum += bin.value < limit ? bin.count : 0;
        return sum;
    };
    EXPECT_EQ(below(0.0), 150U);
    EXPECT_EQ(below(-31.0), 49U); // -1000, -980 … -40
}

TEST(TensorStatistics, TakesEveryNumberIntoTheRangeAndAPartIntoTheHistogram) {
    std::vector<float> values(500'000, 1.0F);
    values[123'457] = -9.0F;
    TensorStatistics statistics;
    ASSERT_TRUE(statistics.add(values));
    EXPECT_EQ(statistics.low(), -9.0F);
    const auto sampled = count(statistics.histogram());
    EXPECT_GT(sampled, 50'000U);
    EXPECT_LT(sampled, 80'000U);
}

TEST(TensorStatistics, RefusesWhatIsNotFinite) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        for (const std::size_t at : {std::size_t{0}, std::size_t{17}, std::size_t{39}}) {
            std::vector<float> values(40, 1.0F);
            values[at] = bad;
            TensorStatistics statistics;
            EXPECT_FALSE(statistics.add(values)) << bad << " at " << at;
            EXPECT_TRUE(statistics.empty());
        }
    }
}

} // namespace
} // namespace detect::test
