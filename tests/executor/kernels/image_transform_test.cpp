// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

using Sizes = ImageTransform::Sizes;

/// One output of torch's upsample_bilinear2d: the ratio in float32, the rest in double.
double plain_bilinear(const float* plane, const Sizes& s, std::size_t row, std::size_t column) {
    const auto source = [](std::size_t in, std::size_t out, std::size_t i) {
        const float ratio = static_cast<float>(in) / static_cast<float>(out);
        return std::max(static_cast<double>(ratio) * (static_cast<double>(i) + 0.5) - 0.5, 0.0);
    };
    const double y = source(s.input_height, s.output_height, row);
    const double x = source(s.input_width, s.output_width, column);
    const std::size_t top = std::min(static_cast<std::size_t>(y), s.input_height - 1);
    const std::size_t left = std::min(static_cast<std::size_t>(x), s.input_width - 1);
    const std::size_t bottom = std::min(top + 1, s.input_height - 1);
    const std::size_t right = std::min(left + 1, s.input_width - 1);
    const double down = std::min(y - static_cast<double>(top), 1.);
    const double across = std::min(x - static_cast<double>(left), 1.);
    const auto at = [&](std::size_t r, std::size_t c) { return static_cast<double>(plane[r * s.input_width + c]); };
    return (1. - down) * ((1. - across) * at(top, left) + across * at(top, right)) +
           down * ((1. - across) * at(bottom, left) + across * at(bottom, right));
}

constexpr Sizes sizes[] = {{5, 7, 5, 7, 7, 12},      {5, 7, 10, 14, 12, 19},   {40, 50, 13, 9, 13, 9},
                           {1, 1, 6, 5, 32, 32},     {3, 100, 99, 33, 99, 34}, {64, 48, 21, 1, 21, 1},
                           {30, 40, 37, 49, 37, 64}, {7, 5, 1, 1, 2, 2},       {60, 200, 37, 71, 64, 96},
                           {20, 90, 21, 43, 32, 43}, {50, 33, 70, 33, 70, 33}};

class ImageTransformTest : public IsaTest {
protected:
    /// The transform of pictures x [N, 3, …].
    std::vector<float> run(const Sizes& s, std::span<const float> x, std::size_t batch,
                           const ImageTransform::Normalisation& normalisation, int threads = 2) {
        const auto transform = ImageTransform::prepare(kernels(), s, normalisation);
        if (!transform.ok()) return {};
        const GuardedFloats guarded(x);
        const PlanarRows rows(guarded.data(), s.input_height, s.input_width);
        const RowLayers layers = transform->layers(rows);
        const RowChain chain(layers);
        ThreadPool pool(threads);
        const GuardedFloats scratch(chain.scratch_bytes(static_cast<std::size_t>(pool.threads())) / sizeof(float),
                                    321.F);
        const GuardedFloats y(batch * s.padded_height * s.padded_width * 3, 123.F);
        chain.run(batch, std::as_writable_bytes(y.span()).data(), std::as_writable_bytes(scratch.span()), pool);
        EXPECT_TRUE(y.intact() && scratch.intact());
        return {y.data(), y.data() + y.size()};
    }
};

TEST_P(ImageTransformTest, NormalisesResizesAndPads) {
    for (const Sizes& s : sizes) {
        const ImageTransform::Normalisation normalisation;
        constexpr std::size_t batch = 2;
        const std::size_t plane = s.input_height * s.input_width;
        const std::vector<float> x = random_floats(batch * 3 * plane, 3);
        std::vector<float> normalised(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t c = i / plane % 3;
            normalised[i] = (x[i] - normalisation.mean[c]) / normalisation.deviation[c];
        }
        const std::vector<float> y = run(s, x, batch, normalisation);
        for (std::size_t i = 0; i < y.size(); ++i) {
            const std::size_t column = i / 3 % s.padded_width;
            const std::size_t row = i / 3 / s.padded_width % s.padded_height;
            const std::size_t n = i / 3 / s.padded_width / s.padded_height;
            const bool padding = row >= s.output_height || column >= s.output_width;
            const double expected =
                padding ? 0. : plain_bilinear(normalised.data() + (n * 3 + i % 3) * plane, s, row, column);
            ASSERT_NEAR(y[i], expected, 4e-6) << s.output_height << "×" << s.output_width << " at " << i;
        }
    }
}

TEST_P(ImageTransformTest, TheSameSizeCopies) {
    const Sizes s{9, 21, 9, 21, 9, 21};
    const std::vector<float> x = random_floats(3 * 9 * 21, 2);
    std::vector<float> interleaved;
    for (std::size_t i = 0; i < x.size(); ++i) interleaved.push_back(x[i % 3 * 9 * 21 + i / 3]);
    const std::vector<float> y = run(s, x, 1, {.mean = {0.F, 0.F, 0.F}, .deviation = {1.F, 1.F, 1.F}});
    EXPECT_SAME_BITS(y.data(), interleaved.data(), interleaved.size());
}

TEST_P(ImageTransformTest, ThreadsAndCompanyChangeNothing) {
    const Sizes s{31, 45, 50, 70, 64, 96};
    const std::size_t picture = 3 * s.input_height * s.input_width;
    const std::vector<float> x = random_floats(3 * picture, 4);
    const std::vector<float> together = run(s, x, 3, {}, 4);
    for (std::size_t n = 0; n < 3; ++n) {
        const std::vector<float> alone = run(s, std::span(x).subspan(n * picture, picture), 1, {}, 1);
        EXPECT_SAME_BITS(together.data() + n * alone.size(), alone.data(), alone.size());
    }
}

TEST_P(ImageTransformTest, NonsenseIsRefused) {
    for (const Sizes& s : {Sizes{0, 4, 4, 4, 4, 4}, Sizes{4, 4, 4, std::size_t{1} << 25U, 4, std::size_t{1} << 25U}}) {
        const auto transform = ImageTransform::prepare(kernels(), s, {});
        ASSERT_FALSE(transform.ok());
        EXPECT_EQ(transform.error().code, ErrorCode::invalid_argument);
    }
}

INSTANTIATE_FOR_ISAS(ImageTransformTest);

} // namespace
} // namespace detect::test
