#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

class ResizeTest : public IsaTest {
protected:
    BilinearResize prepare(const BilinearResize::Sizes& sizes) {
        auto resize = BilinearResize::prepare(kernels(), sizes);
        EXPECT_TRUE(resize.ok());
        return *std::move(resize);
    }
    ThreadPool pool_{2};
};

/// One output of torch's upsample_bilinear2d: the ratio in float32, the rest in double.
double plain_bilinear(const float* plane, const BilinearResize::Sizes& s, std::size_t row, std::size_t column) {
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

constexpr BilinearResize::Sizes sizes[] = {{5, 7, 5, 7},     {5, 7, 10, 14},  {40, 50, 13, 9},  {1, 1, 6, 5},
                                           {3, 100, 99, 33}, {64, 48, 21, 1}, {30, 40, 37, 49}, {7, 5, 1, 1}};

TEST_P(ResizeTest, PlanesAgreeWithTheDefinition) {
    for (const auto& s : sizes) {
        const BilinearResize resize = prepare(s);
        constexpr std::size_t planes = 3;
        const GuardedFloats x(random_floats(planes * s.input_height * s.input_width, 1));
        const GuardedFloats y(planes * s.output_height * s.output_width);
        const GuardedFloats scratch(resize.scratch_bytes() / sizeof(float));
        resize.resize_planes(x.data(), planes, y.data(), std::as_writable_bytes(scratch.span()), pool_);
        for (std::size_t i = 0; i < y.size(); ++i) {
            const std::size_t plane = i / s.output_width / s.output_height;
            const double expected = plain_bilinear(x.data() + plane * s.input_height * s.input_width, s,
                                                   i / s.output_width % s.output_height, i % s.output_width);
            ASSERT_NEAR(y[i], expected, 4e-7) << s.output_height << "×" << s.output_width << " at " << i;
        }
        EXPECT_TRUE(y.intact() && scratch.intact());
    }
}

TEST_P(ResizeTest, TheSameSizeCopies) {
    const BilinearResize resize = prepare({9, 21, 9, 21});
    const GuardedFloats x(random_floats(9 * 21, 2));
    const GuardedFloats y(x.size());
    const GuardedFloats scratch(resize.scratch_bytes() / sizeof(float));
    resize.resize_planes(x.data(), 1, y.data(), std::as_writable_bytes(scratch.span()), pool_);
    EXPECT_SAME_BITS(y.data(), x.data(), x.size());
}

TEST_P(ResizeTest, TheTransformNormalisesResizesAndPads) {
    for (const auto& s : sizes) {
        const BilinearResize resize = prepare(s);
        const BilinearResize::Normalisation normalisation;
        constexpr std::size_t batch = 2;
        const std::size_t plane = s.input_height * s.input_width;
        const GuardedFloats x(random_floats(batch * 3 * plane, 3));
        std::vector<float> normalised(x.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t c = i / plane % 3;
            normalised[i] = (x[i] - normalisation.mean[c]) / normalisation.deviation[c];
        }
        const std::size_t height = s.output_height + 2;
        const std::size_t width = s.output_width + 5;
        const GuardedFloats y(batch * height * width * 3, 123.F);
        const GuardedFloats scratch(resize.scratch_bytes() / sizeof(float));
        resize.transform(PlanarRows(x.data(), s.input_height, s.input_width), batch, normalisation, height, width,
                         y.data(), std::as_writable_bytes(scratch.span()), pool_);
        for (std::size_t i = 0; i < y.size(); ++i) {
            const std::size_t column = i / 3 % width;
            const std::size_t row = i / 3 / width % height;
            const std::size_t n = i / 3 / width / height;
            const bool padding = row >= s.output_height || column >= s.output_width;
            const double expected =
                padding ? 0. : plain_bilinear(normalised.data() + (n * 3 + i % 3) * plane, s, row, column);
            ASSERT_NEAR(y[i], expected, 4e-6) << s.output_height << "×" << s.output_width << " at " << i;
        }
        EXPECT_TRUE(y.intact() && scratch.intact());
    }
}

TEST_P(ResizeTest, ThreadsAndCompanyChangeNothing) {
    const BilinearResize resize = prepare({31, 45, 50, 70});
    const auto x = random_floats(3 * 3 * 31 * 45, 4);
    std::vector<float> scratch(resize.scratch_bytes() / sizeof(float));
    const std::size_t outputs = 64 * 96 * 3;
    std::vector<float> together(3 * outputs);
    ThreadPool four(4);
    resize.transform(PlanarRows(x.data(), 31, 45), 3, {}, 64, 96, together.data(),
                     std::as_writable_bytes(std::span(scratch)), four);
    ThreadPool one(1);
    std::vector<float> alone(outputs);
    for (std::size_t n = 0; n < 3; ++n) {
        resize.transform(PlanarRows(x.data() + n * 3 * 31 * 45, 31, 45), 1, {}, 64, 96, alone.data(),
                         std::as_writable_bytes(std::span(scratch)), one);
        EXPECT_SAME_BITS(together.data() + n * outputs, alone.data(), outputs);
    }
}

TEST_P(ResizeTest, ARatioOfItsOwn) {
    // 4 outputs at a ratio of 0.5 from 3 sources: positions -0.25 (held at 0), 0.25, 0.75 and 1.25.
    auto resize = BilinearResize::prepare(kernels(), {1, 3, 1, 4}, 1.F, 0.5F);
    ASSERT_TRUE(resize.ok());
    const std::vector<float> x{0.F, 4.F, 8.F};
    std::vector<float> y(4);
    std::vector<float> scratch(resize->scratch_bytes() / sizeof(float));
    resize->resize_planes(x.data(), 1, y.data(), std::as_writable_bytes(std::span(scratch)), pool_);
    EXPECT_EQ(y, (std::vector<float>{0.F, 1.F, 3.F, 5.F}));
}

TEST_P(ResizeTest, NonsenseIsRefused) {
    const auto refused = [&](const BilinearResize::Sizes& s, std::optional<float> ratio = {}) {
        const auto resize = BilinearResize::prepare(kernels(), s, ratio);
        return !resize.ok() && resize.error().code == ErrorCode::invalid_argument;
    };
    EXPECT_TRUE(refused({0, 4, 4, 4}));
    EXPECT_TRUE(refused({4, 4, 4, std::size_t{1} << 25U}));
    EXPECT_TRUE(refused({4, 4, 4, 4}, 0.F));
    EXPECT_TRUE(refused({4, 4, 4, 4}, std::numeric_limits<float>::quiet_NaN()));
    EXPECT_TRUE(refused({4, 4, 4, 4}, std::numeric_limits<float>::infinity()));
}

INSTANTIATE_FOR_ISAS(ResizeTest);

} // namespace
} // namespace detect::test
