// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"
#include "tests/roi_heads/plain_roi_align.h"

namespace detect::test {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

class RoiAlignTest : public IsaTest {
protected:
    std::vector<float> align(const RoiAlignParameters& p, std::span<const float> x, const MapSize& size,
                             std::size_t channels, std::span<const float> rois, std::span<const std::int64_t> pictures,
                             int threads = 2) {
        ThreadPool pool(threads);
        const GuardedFloats map(x);
        const GuardedFloats y(pictures.size() * p.pooled_h * p.pooled_w * channels, 123.F);
        roi_align(kernels().weighted_sum, p, map.data(), size, channels, rois, pictures, y.data(), pool);
        EXPECT_TRUE(y.intact());
        return {y.span().begin(), y.span().end()};
    }
};

/// RoIs inside, across each edge, far outside, of no size, upside down, and larger than the map.
const std::vector<float> rois{40,  40, 200, 120, -30,  10,  50,   60, 100,  -50,  130, 40,  300,   200,  700,   500,
                              0,   0,  0,   0,   100,  100, 50,   50, -900, -900, 900, 900, 17.3F, 5.9F, 19.1F, 6.2F,
                              320, 96, 320, 96,  -500, 0,   -400, 9,  288,  64,   352, 128, 0,     0,    319,   223};

TEST_P(RoiAlignTest, AgreesWithTorchvisionsDefinition) {
    const MapSize size{2, 7, 10};
    std::vector<std::int64_t> pictures(rois.size() / 4);
    for (std::size_t r = 0; r < pictures.size(); ++r) pictures[r] = static_cast<std::int64_t>(r % 2);
    for (const std::size_t channels : {1UL, 16UL, 19UL, 130UL}) {
        const auto x = random_floats(2 * 70 * channels, 1);
        for (const bool aligned : {false, true}) {
            for (const std::size_t ratio : {0UL, 1UL, 2UL, 3UL, 9UL}) {
                for (const std::size_t pooled : {7UL, 2UL, 17UL}) {
                    if (pooled != 7 && channels > 19) continue;
                    const RoiAlignParameters p{pooled, 7, ratio, 1.F / 32.F, aligned, RoiLayout::channels_last};
                    const auto y = align(p, x, size, channels, rois, pictures);
                    for (std::size_t r = 0; r < pictures.size(); ++r) {
                        const auto expected =
                            plain_roi_align(p, x.data() + r % 2 * 70 * channels, size, channels, rois.data() + r * 4);
                        for (std::size_t i = 0; i < expected.size(); ++i) {
                            ASSERT_NEAR(y[r * expected.size() + i], expected[i], 3e-6)
                                << "RoI " << r << " ratio " << ratio << " aligned " << aligned << " at " << i;
                        }
                    }
                }
            }
        }
    }
}

TEST_P(RoiAlignTest, AConstantMapGivesTheConstant) {
    const std::vector<float> x(30 * 40 * 3, 2.5F);
    const std::vector<float> inside{3, 4, 35, 26};
    const std::vector<std::int64_t> pictures{0};
    for (const float value :
         align({7, 7, 2, 1.F, false, RoiLayout::channels_last}, x, {1, 30, 40}, 3, inside, pictures)) {
        EXPECT_NEAR(value, 2.5F, 1e-6F);
    }
}

TEST_P(RoiAlignTest, ChannelsFirstIsATranspose) {
    const MapSize size{1, 7, 10};
    const std::vector<std::int64_t> pictures(rois.size() / 4, 0);
    for (const std::size_t channels : {5UL, 64UL, 100UL}) {
        for (const std::size_t ratio : {2UL, 0UL}) {
            const auto x = random_floats(70 * channels, 2);
            RoiAlignParameters p{7, 7, ratio, 1.F / 8.F, false, RoiLayout::channels_last};
            const auto last = align(p, x, size, channels, rois, pictures);
            p.layout = RoiLayout::channels_first;
            const auto first = align(p, x, size, channels, rois, pictures);
            for (std::size_t i = 0; i < last.size(); ++i) {
                const std::size_t c = i % channels;
                const std::size_t bin = i / channels % 49;
                EXPECT_TRUE(same_bits(first[(i / channels / 49 * channels + c) * 49 + bin], last[i]));
            }
        }
    }
}

TEST_P(RoiAlignTest, AnyFourNumbersAreARoi) {
    const std::vector<float> values{4.F, -1e30F, 1e30F, 3e38F, nan, infinity, -infinity};
    std::vector<float> wild;
    for (std::size_t i = 0; i < 7 * 7 * 7 * 7; ++i) {
        for (const std::size_t place : {1UL, 7UL, 49UL, 343UL}) wild.push_back(values[i / place % 7]);
    }
    const std::vector<std::int64_t> pictures(wild.size() / 4, 0);
    const auto x = random_floats(6 * 5 * 4, 3);
    for (const std::size_t ratio : {0UL, 2UL}) {
        for (const bool aligned : {false, true}) {
            const auto y =
                align({3, 3, ratio, 0.5F, aligned, RoiLayout::channels_last}, x, {1, 6, 5}, 4, wild, pictures);
            EXPECT_TRUE(std::all_of(y.begin(), y.end(), [](float v) { return std::abs(v) <= 1.00001F; }));
        }
    }
}

TEST_P(RoiAlignTest, NanRoisAndMissingPicturesGiveZeros) {
    const auto x = random_floats(2 * 6 * 5 * 4, 4);
    const std::vector<float> corners{nan, 0, 3, 3, 0, 0, 3, nan, 0, 0, 3, 3, 0, 0, 3, 3};
    const std::vector<std::int64_t> pictures{0, 0, -1, 2};
    const auto y = align({}, x, {2, 6, 5}, 4, corners, pictures);
    EXPECT_TRUE(std::all_of(y.begin(), y.end(), [](float v) { return v == 0.F; }));
    const auto empty = align({}, {}, {2, 0, 5}, 4, corners, pictures);
    EXPECT_TRUE(std::all_of(empty.begin(), empty.end(), [](float v) { return v == 0.F; }));
    EXPECT_TRUE(align({}, x, {2, 6, 5}, 4, {}, {}).empty());
}

TEST_P(RoiAlignTest, ARoiGivesTheSameBitsInAnyCompany) {
    const MapSize size{1, 7, 10};
    const auto x = random_floats(70 * 40, 5);
    const std::vector<std::int64_t> pictures(rois.size() / 4, 0);
    const RoiAlignParameters p{7, 7, 2, 1.F / 32.F, false, RoiLayout::channels_last};
    const auto together = align(p, x, size, 40, rois, pictures, 4);
    for (std::size_t r = 0; r < pictures.size(); ++r) {
        const auto alone = align(p, x, size, 40, std::span(rois).subspan(r * 4, 4), std::span(pictures).first(1), 1);
        EXPECT_SAME_BITS(together.data() + r * alone.size(), alone.data(), alone.size());
    }
}

INSTANTIATE_FOR_ISAS(RoiAlignTest);

} // namespace
} // namespace detect::test
