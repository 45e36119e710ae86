// SPDX-License-Identifier: Apache-2.0
// How ranges become scales and zero points, and which ranges there are to choose from.

#include "export/precision/value_range.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

TEST(Quantization, AsymmetricBytesReachBothEndsAndHoldZeroExactly) {
    // 255 steps over 25.5: 0.1 each; -0.4 lies 4 steps below 0.
    const Quantization q = quantization_of_range(-0.4, 25.1, ActivationType::asymmetric_uint8);
    EXPECT_FLOAT_EQ(q.scale, 0.1F);
    EXPECT_EQ(q.zero_point, 4);
    EXPECT_EQ(q.least, 0);
    EXPECT_EQ(q.most, 255);
    EXPECT_EQ(q.round_trip(0.0F), 0.0F);
    EXPECT_FLOAT_EQ(q.round_trip(25.1F), 25.1F);
    EXPECT_FLOAT_EQ(q.round_trip(-0.4F), -0.4F);
    EXPECT_FLOAT_EQ(q.round_trip(0.16F), 0.2F);
    EXPECT_FLOAT_EQ(q.round_trip(100.0F), 25.1F);
    EXPECT_FLOAT_EQ(q.round_trip(-100.0F), -0.4F);
}

TEST(Quantization, HardSwishKeepsItsMinimumWhereSymmetricBytesWasteHalf) {
    const Quantization bytes = quantization_of_range(-0.375, 12.0, ActivationType::asymmetric_uint8);
    const Quantization symmetric = quantization_of_range(-0.375, 12.0, ActivationType::symmetric_int8);
    EXPECT_NEAR(bytes.round_trip(-0.375F), -0.375F, bytes.scale / 2);
    EXPECT_LT(bytes.scale, 0.53F * symmetric.scale);
}

TEST(Quantization, ZeroBelongsToEveryRange) {
    const Quantization above = quantization_of_range(5.0, 51.0, ActivationType::asymmetric_uint8);
    EXPECT_FLOAT_EQ(above.scale, 0.2F);
    EXPECT_EQ(above.zero_point, 0);
    const Quantization below = quantization_of_range(-51.0, -5.0, ActivationType::asymmetric_uint8);
    EXPECT_FLOAT_EQ(below.scale, 0.2F);
    EXPECT_EQ(below.zero_point, 255);
    const Quantization nothing = quantization_of_range(0.0, 0.0, ActivationType::asymmetric_uint8);
    EXPECT_GT(nothing.scale, 0.0F);
    EXPECT_EQ(nothing.round_trip(0.0F), 0.0F);
}

TEST(Quantization, SymmetricBytesHaveZeroPointZero) {
    const Quantization q = quantization_of_range(-12.7, 3.0, ActivationType::symmetric_int8);
    EXPECT_FLOAT_EQ(q.scale, 0.1F);
    EXPECT_EQ(q.zero_point, 0);
    EXPECT_EQ(q.least, -128);
    EXPECT_EQ(q.most, 127);
    EXPECT_FLOAT_EQ(q.round_trip(-12.7F), -12.7F);
    EXPECT_FLOAT_EQ(q.round_trip(50.0F), 12.7F);
}

/// 50 000 numbers from 0 to 1, and a few of 40.
TensorStatistics with_outliers(int outliers) {
    std::vector<float> values;
    for (int i = 0; i < 50'000; ++i) values.push_back(static_cast<float>(i) / 50'000.0F);
    values.insert(values.end(), static_cast<std::size_t>(outliers), 40.0F);
    TensorStatistics statistics;
    EXPECT_TRUE(statistics.add(values));
    return statistics;
}

double reach(const RangeCandidate& candidate) { return 255.0 * static_cast<double>(candidate.quantization.scale); }

TEST(CandidateRanges, ThePercentileCutsOneInTenThousand) {
    const auto few = candidate_ranges(with_outliers(3), ActivationType::asymmetric_uint8);
    ASSERT_EQ(few.size(), 3U);
    EXPECT_EQ(few[0].method, "min-max");
    EXPECT_NEAR(reach(few[0]), 40.0, 1e-4);
    EXPECT_EQ(few[1].method, "99.99 %");
    EXPECT_NEAR(reach(few[1]), 1.0, 0.01);
    const auto many = candidate_ranges(with_outliers(8), ActivationType::asymmetric_uint8);
    EXPECT_NEAR(reach(many[1]), 40.0, 0.01);
}

TEST(CandidateRanges, LeastSquaresWeighsWhatIsCutAgainstWhatIsCoarse) {
    std::vector<float> values;
    for (std::uint64_t i = 0; i < 60'000; ++i) {
        // A bell: the mean of twelve evenly spread numbers, as sums of a linear congruence.
        double sum = 0.0;
        for (std::uint64_t k = 0; k < 12; ++k) sum += static_cast<double>((i * 12 + k) * 7919 % 65'537) / 65'537.0;
        values.push_back(static_cast<float>(sum - 6.0));
    }
    values.push_back(30.0F);
    TensorStatistics statistics;
    ASSERT_TRUE(statistics.add(values));
    const auto candidates = candidate_ranges(statistics, ActivationType::asymmetric_uint8);
    const auto error = [&](const Quantization& q) {
        double sum = 0.0;
        for (const float x : values) sum += std::pow(static_cast<double>(x - q.round_trip(x)), 2.0);
        return sum;
    };
    const double least = error(candidates[2].quantization);
    EXPECT_EQ(candidates[2].method, "least squares");
    EXPECT_LE(least, 1.001 * error(candidates[0].quantization));
    // Not far from the best of all upper ends.
    double best = least;
    for (double high = 2.0; high <= 30.0; high += 0.25) {
        const double low = static_cast<double>(statistics.low());
        best = std::min(best, error(quantization_of_range(low, high, ActivationType::asymmetric_uint8)));
    }
    EXPECT_LE(least, 1.1 * best);
}

TEST(CandidateRanges, SymmetricOnesStaySymmetric) {
    for (const RangeCandidate& candidate : candidate_ranges(with_outliers(20), ActivationType::symmetric_int8)) {
        EXPECT_EQ(candidate.quantization.zero_point, 0) << candidate.method;
        EXPECT_EQ(candidate.quantization.least, -128) << candidate.method;
    }
}

} // namespace
} // namespace detect::test
