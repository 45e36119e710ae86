// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/reference/run_node.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Attributes to(DataType type) { return {{"to", static_cast<std::int64_t>(type)}}; }

// What would be undefined in plain C++ has a defined result or is an error.

TEST(IntegerArithmetic, DivisionByZeroIsAnError) {
    for (const char* op : {"Div", "Mod"}) {
        const auto result = run_node(op, {ints({2}, {1, 2}), ints({2}, {1, 0})});
        ASSERT_FALSE(result.ok()) << op;
        EXPECT_EQ(result.error().code, ErrorCode::bad_model);
        EXPECT_THAT(result.error().message, HasSubstr("divides an integer by 0"));
    }
}

TEST(IntegerArithmetic, WrapsAround) {
    EXPECT_THAT(values<std::int64_t>(run("Div", {ints({2}, {lowest, -7}), ints({}, {-1})})), ElementsAre(lowest, 7));
    EXPECT_THAT(values<std::int64_t>(run("Mod", {ints({2}, {lowest, -7}), ints({}, {-1})})), ElementsAre(0, 0));
    EXPECT_THAT(values<std::int64_t>(run("Add", {ints({1}, {highest}), ints({}, {1})})), ElementsAre(lowest));
    EXPECT_THAT(values<std::int64_t>(run("Neg", {ints({1}, {lowest})})), ElementsAre(lowest));
    EXPECT_THAT(values<std::int64_t>(run("Abs", {ints({1}, {lowest})})), ElementsAre(lowest));
    const Tensor halves = run("Cast", {ints({1}, {65535})}, to(DataType::uint16));
    EXPECT_THAT(values<std::uint16_t>(run("Mul", {halves, halves})), ElementsAre(1));
}

TEST(IntegerArithmetic, DividesTowardsZeroAndModFollowsTheDivisor) {
    EXPECT_THAT(values<std::int64_t>(run("Div", {ints({4}, {7, -7, 7, -7}), ints({4}, {2, 2, -2, -2})})),
                ElementsAre(3, -3, -3, 3));
    EXPECT_THAT(values<std::int64_t>(run("Mod", {ints({4}, {7, -7, 7, -7}), ints({4}, {3, 3, -3, -3})})),
                ElementsAre(1, 2, -2, -1));
}

TEST(IntegerArithmetic, PowersOfIntegersAreExact) {
    EXPECT_THAT(values<std::int64_t>(run("Pow", {ints({4}, {3, -2, 2, 1}), ints({4}, {35, 3, -1, -5})})),
                ElementsAre(50031545098999707, -8, 0, 1));
}

TEST(BitShift, ShiftingEverythingOutLeavesZero) {
    const Tensor bytes = Tensor::of<std::uint8_t>({3}, {std::uint8_t{255}, std::uint8_t{255}, std::uint8_t{255}});
    const Tensor by = Tensor::of<std::uint8_t>({3}, {std::uint8_t{1}, std::uint8_t{8}, std::uint8_t{200}});
    EXPECT_THAT(values<std::uint8_t>(run("BitShift", {bytes, by}, {{"direction", "LEFT"}})), ElementsAre(254, 0, 0));
    EXPECT_THAT(values<std::uint8_t>(run("BitShift", {bytes, by}, {{"direction", "RIGHT"}})), ElementsAre(127, 0, 0));
}

TEST(Cast, FloatsSaturateAndNaNBecomesZero) {
    const Tensor input = floats({6}, {1e20F, -1e20F, nan, infinity, -1.9F, 2.9F});
    EXPECT_THAT(values<std::int64_t>(run("Cast", {input}, to(DataType::int64))),
                ElementsAre(highest, lowest, 0, highest, -1, 2));
    EXPECT_THAT(values<std::uint8_t>(run("Cast", {input}, to(DataType::uint8))), ElementsAre(255, 0, 0, 255, 0, 2));
    EXPECT_THAT(values<bool>(run("Cast", {input}, to(DataType::boolean))),
                ElementsAre(true, true, true, true, true, true));
}

TEST(Cast, HalfPrecisionRoundsToNearestEven) {
    // 65519 is the largest that rounds to 65504; 2049 lies between 2048 and 2050, the even mantissa is 2048's.
    const Tensor input = floats({7}, {1.0F, 65519.0F, 65520.0F, 2049.0F, 2051.0F, 5.9604645e-8F, -2.9e-8F});
    const Tensor back = run("Cast", {run("Cast", {input}, to(DataType::float16))}, to(DataType::float32));
    EXPECT_THAT(values<float>(back), ElementsAre(1.0F, 65504.0F, infinity, 2048.0F, 2052.0F, 5.9604645e-8F, -0.0F));
}

TEST(Cast, EveryHalfComesBackAsItWas) {
    auto halves = Tensor::create(DataType::float16, {65536});
    ASSERT_TRUE(halves.ok());
    for (std::size_t bits = 0; bits < 65536; ++bits) {
        halves->mutable_bytes()[2 * bits] = static_cast<std::byte>(bits & 0xFF);
        halves->mutable_bytes()[2 * bits + 1] = static_cast<std::byte>(bits >> 8);
    }
    const Tensor floats_of = run("Cast", {*halves}, to(DataType::float32));
    const Tensor back = run("Cast", {floats_of}, to(DataType::float16));
    for (std::size_t bits = 0; bits < 65536; ++bits) {
        if (std::isnan(floats_of.data<float>()[bits])) continue;
        ASSERT_EQ(back.bytes()[2 * bits], halves->bytes()[2 * bits]) << bits;
        ASSERT_EQ(back.bytes()[2 * bits + 1], halves->bytes()[2 * bits + 1]) << bits;
    }
}

TEST(Extremes, NaNIsHandedOn) {
    EXPECT_TRUE(std::isnan(values<float>(run("Max", {floats({1}, {nan}), floats({1}, {1})}))[0]));
    EXPECT_TRUE(std::isnan(values<float>(run("Min", {floats({1}, {1}), floats({1}, {nan})}))[0]));
    EXPECT_TRUE(std::isnan(values<float>(run("ReduceMax", {floats({3}, {1, nan, 2})}))[0]));
    EXPECT_TRUE(std::isnan(values<float>(run("Clip", {floats({1}, {nan}), floats({}, {0}), floats({}, {1})}))[0]));
    EXPECT_TRUE(std::isnan(values<float>(run("Relu", {floats({1}, {nan})}))[0]));
    EXPECT_TRUE(std::isnan(values<float>(run("HardSigmoid", {floats({1}, {nan})}))[0]));
}

TEST(Round, HalvesGoToTheEvenNeighbour) {
    EXPECT_THAT(values<float>(run("Round", {floats({6}, {0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 2.4F})})),
                ElementsAre(0, 2, 2, -0.0F, -2, 2));
}

TEST(Broadcasting, WorksUpToEightDimensions) {
    // a varies along every second axis, b along the others: every sum 10·i + j appears once.
    const Tensor a = floats({1, 2, 1, 1, 1, 2, 1, 1}, {0, 10, 20, 30});
    const Tensor b = floats({2, 1, 1, 1, 2, 1, 1, 1}, {0, 1, 2, 3});
    const Tensor sum = run("Add", {a, b});
    EXPECT_EQ(to_string(sum.dims()), "[2, 2, 1, 1, 2, 2, 1, 1]");
    // Index order: b's first axis, a's first, b's second, a's second.
    EXPECT_THAT(values<float>(sum), ElementsAre(0, 10, 1, 11, 20, 30, 21, 31, 2, 12, 3, 13, 22, 32, 23, 33));
}

TEST(Broadcasting, TakesScalarsRowsAndColumns) {
    const Tensor matrix = floats({2, 3}, {1, 2, 3, 4, 5, 6});
    EXPECT_THAT(values<float>(run("Sub", {matrix, floats({}, {1})})), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(values<float>(run("Sub", {floats({}, {10}), matrix})), ElementsAre(9, 8, 7, 6, 5, 4));
    EXPECT_THAT(values<float>(run("Mul", {matrix, floats({3}, {1, 0, 2})})), ElementsAre(1, 0, 6, 4, 0, 12));
    EXPECT_THAT(values<float>(run("Mul", {matrix, floats({2, 1}, {1, 10})})), ElementsAre(1, 2, 3, 40, 50, 60));
    EXPECT_FALSE(run_node("Add", {matrix, floats({2}, {1, 2})}).ok());
}

TEST(Slice, ClampsAndStepsBackwards) {
    const Tensor row = ints({5}, {0, 1, 2, 3, 4});
    const auto slice = [&](std::int64_t start, std::int64_t end, std::int64_t step) {
        return values<std::int64_t>(
            run("Slice", {row, ints({1}, {start}), ints({1}, {end}), ints({1}, {0}), ints({1}, {step})}));
    };
    EXPECT_THAT(slice(1, 4, 1), ElementsAre(1, 2, 3));
    EXPECT_THAT(slice(-2, highest, 1), ElementsAre(3, 4));
    EXPECT_THAT(slice(-100, 100, 2), ElementsAre(0, 2, 4));
    EXPECT_THAT(slice(-1, -100, -2), ElementsAre(4, 2, 0));
    EXPECT_THAT(slice(highest, lowest, -1), ElementsAre(4, 3, 2, 1, 0));
    EXPECT_THAT(slice(highest, lowest, lowest), ElementsAre(4));
    EXPECT_THAT(slice(0, highest, highest), ElementsAre(0));
    EXPECT_THAT(slice(3, 3, 1), IsEmpty());
    EXPECT_THAT(slice(4, 1, 1), IsEmpty());
    EXPECT_THAT(slice(-100, -200, -1), IsEmpty());
}

TEST(Indices, AreCheckedAndMayCountFromTheEnd) {
    const Tensor data = ints({3}, {10, 20, 30});
    EXPECT_THAT(values<std::int64_t>(run("Gather", {data, ints({2}, {-1, 0})})), ElementsAre(30, 10));
    EXPECT_THAT(values<std::int64_t>(run("GatherND", {data, ints({1, 1}, {-2})})), ElementsAre(20));
    EXPECT_THAT(values<std::int64_t>(run("ScatterND", {data, ints({1, 1}, {-3}), ints({1}, {7})})),
                ElementsAre(7, 20, 30));
    for (const std::int64_t index : {std::int64_t{3}, std::int64_t{-4}, highest, lowest}) {
        EXPECT_FALSE(run_node("Gather", {data, ints({1}, {index})}).ok()) << index;
        EXPECT_FALSE(run_node("GatherElements", {data, ints({1}, {index})}).ok()) << index;
        EXPECT_FALSE(run_node("GatherND", {data, ints({1, 1}, {index})}).ok()) << index;
        EXPECT_FALSE(run_node("ScatterElements", {data, ints({1}, {index}), ints({1}, {1})}).ok()) << index;
        EXPECT_FALSE(run_node("ScatterND", {data, ints({1, 1}, {index}), ints({1}, {1})}).ok()) << index;
    }
}

TEST(Indices, TheLastScatteredValueWins) {
    const Tensor data = ints({2}, {0, 0});
    EXPECT_THAT(values<std::int64_t>(run("ScatterND", {data, ints({3, 1}, {1, 1, 1}), ints({3}, {5, 6, 7})})),
                ElementsAre(0, 7));
    EXPECT_THAT(values<std::int64_t>(
                    run("ScatterND", {data, ints({3, 1}, {1, 1, 1}), ints({3}, {5, 6, 7})}, {{"reduction", "add"}})),
                ElementsAre(0, 18));
}

TEST(Convolution, GroupsAndDepthwiseAgreeWithDenseOnes) {
    // A depthwise convolution is a dense one whose weight is zero off the diagonal.
    const Tensor image = floats({1, 2, 2, 3}, {1, 2, 3, 4, 5, 6, -1, 0, 1, 2, -2, 3});
    const Tensor depthwise = floats({2, 1, 1, 2}, {1, 2, 3, -1});
    const Tensor dense = floats({2, 2, 1, 2}, {1, 2, 0, 0, 0, 0, 3, -1});
    const Tensor bias = floats({2}, {10, 20});
    const Attributes padded = {{"pads", std::vector<std::int64_t>{0, 1, 0, 0}}};
    Attributes grouped = padded;
    grouped["group"] = std::int64_t{2};
    const auto expected = values<float>(run("Conv", {image, dense, bias}, padded));
    // First row: 10 + 1·0 + 2·1, 10 + 1·1 + 2·2, 10 + 1·2 + 2·3.
    ASSERT_EQ(expected.size(), 12U);
    EXPECT_EQ(std::vector<float>(expected.begin(), expected.begin() + 3), (std::vector<float>{12, 15, 18}));
    EXPECT_EQ(values<float>(run("Conv", {image, depthwise, bias}, grouped)), expected);
}

TEST(Convolution, TilesDoNotShow) {
    // Wider than one tile of patches: the result is the same as for its crop.
    auto image = Tensor::create(DataType::float32, {1, 16, 130, 130});
    auto weight = Tensor::create(DataType::float32, {2, 16, 3, 3});
    ASSERT_TRUE(image.ok() && weight.ok());
    for (std::size_t i = 0; i < image->data<float>().size(); ++i)
        image->mutable_data<float>()[i] = static_cast<float>(i % 17) - 8;
    for (std::size_t i = 0; i < weight->data<float>().size(); ++i)
        weight->mutable_data<float>()[i] = static_cast<float>(i % 5) - 2;
    const Tensor whole = run("Conv", {*image, *weight});
    const Tensor crop = run("Slice", {*image, ints({1}, {100}), ints({1}, {130}), ints({1}, {2})});
    const Tensor part = run("Conv", {crop, *weight});
    const Tensor same = run("Slice", {whole, ints({1}, {100}), ints({1}, {128}), ints({1}, {2})});
    EXPECT_EQ(values<float>(part), values<float>(same));
}

TEST(Padding, ReflectsWithoutRepeatingTheEdge) {
    const Tensor row = floats({3}, {1, 2, 3});
    EXPECT_THAT(values<float>(run("Pad", {row, ints({2}, {2, 1})}, {{"mode", "reflect"}})),
                ElementsAre(3, 2, 1, 2, 3, 2));
    EXPECT_THAT(values<float>(run("Pad", {row, ints({2}, {1, 2})}, {{"mode", "edge"}})), ElementsAre(1, 1, 2, 3, 3, 3));
    EXPECT_THAT(values<float>(run("Pad", {row, ints({2}, {1, -1}), floats({}, {9})})), ElementsAre(9, 1, 2));
    EXPECT_FALSE(run_node("Pad", {row, ints({2}, {3, 0})}, {{"mode", "reflect"}}).ok());
    EXPECT_FALSE(run_node("Pad", {row, ints({2}, {-2, -2})}).ok());
}

// Tensors without elements.

TEST(NoElements, ReductionsGiveTheirNeutralElement) {
    const Tensor none = floats({0, 2}, {});
    const Attributes rows = {{"axes", std::vector<std::int64_t>{0}}, {"keepdims", std::int64_t{0}}};
    EXPECT_THAT(values<float>(run("ReduceMax", {none}, rows)), ElementsAre(-infinity, -infinity));
    EXPECT_THAT(values<float>(run("ReduceMin", {none}, rows)), ElementsAre(infinity, infinity));
    EXPECT_THAT(values<float>(run("ReduceProd", {none}, rows)), ElementsAre(1, 1));
    EXPECT_THAT(values<float>(run("ReduceSum", {none, ints({1}, {0})}, {{"keepdims", std::int64_t{0}}})),
                ElementsAre(0, 0));
    EXPECT_THAT(values<std::int64_t>(run("ReduceMax", {ints({0}, {})})), ElementsAre(lowest));
    EXPECT_THAT(values<std::int64_t>(run("ReduceMin", {ints({0}, {})})), ElementsAre(highest));
}

TEST(NoElements, EveryKindOfOperatorTakesThem) {
    const Tensor rows = floats({0, 4}, {});
    EXPECT_EQ(to_string(run("Softmax", {rows}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("Gemm", {rows, floats({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), floats({2}, {1, 2})}).dims()),
              "[0, 2]");
    EXPECT_EQ(to_string(run("MatMul", {rows, floats({4, 1}, {1, 2, 3, 4})}).dims()), "[0, 1]");
    EXPECT_EQ(to_string(run("Add", {rows, floats({4}, {1, 2, 3, 4})}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("Concat", {rows, floats({1, 4}, {1, 2, 3, 4})}, {{"axis", std::int64_t{0}}}).dims()),
              "[1, 4]");
    EXPECT_EQ(to_string(run("Transpose", {rows}).dims()), "[4, 0]");
    EXPECT_EQ(to_string(run("Gather", {rows, ints({0}, {})}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("GatherND", {floats({2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}), ints({0, 1}, {})}).dims()),
              "[0, 4]");
    EXPECT_EQ(to_string(run("ScatterND", {floats({1, 4}, {1, 2, 3, 4}), ints({0, 1}, {}), rows}).dims()), "[1, 4]");
    EXPECT_EQ(to_string(run("NonZero", {rows}).dims()), "[2, 0]");
    EXPECT_EQ(to_string(run("Expand", {floats({1, 4}, {1, 2, 3, 4}), ints({2}, {0, 4})}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("Tile", {floats({1, 4}, {1, 2, 3, 4}), ints({2}, {0, 1})}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("Conv", {floats({0, 1, 2, 2}, {}), floats({1, 1, 1, 1}, {1})}).dims()), "[0, 1, 2, 2]");
    EXPECT_EQ(to_string(run("Reshape",
                            {
                                rows,
                                ints({2}, {0, 2}),
                            },
                            {{"allowzero", std::int64_t{1}}})
                            .dims()),
              "[0, 2]");
    EXPECT_EQ(to_string(run("Range", {ints({}, {5}), ints({}, {5}), ints({}, {1})}).dims()), "[0]");
    EXPECT_EQ(to_string(run("CumSum", {rows, ints({}, {0})}).dims()), "[0, 4]");
    EXPECT_EQ(to_string(run("Where", {run("Cast", {rows}, to(DataType::boolean)), rows, rows}).dims()), "[0, 4]");
}

TEST(NoElements, ProductsOverNothingAreZero) {
    EXPECT_THAT(values<float>(run("MatMul", {floats({2, 0}, {}), floats({0, 1}, {})})), ElementsAre(0, 0));
    EXPECT_THAT(values<float>(run("Gemm", {floats({1, 0}, {}), floats({0, 2}, {}), floats({2}, {1, 2})})),
                ElementsAre(1, 2));
}

TEST(Limits, AbsurdSizesAreRefusedBeforeTheyAreTried) {
    const auto huge = run_node("ConstantOfShape", {ints({2}, {1 << 20, 1 << 20})});
    ASSERT_FALSE(huge.ok());
    EXPECT_EQ(huge.error().code, ErrorCode::resource_limit);
    EXPECT_EQ(run_node("Expand", {floats({1}, {1}), ints({3}, {highest, highest, 1})}).error().code,
              ErrorCode::resource_limit);
    // Even without elements, offsets must be computable.
    EXPECT_EQ(run_node("ConstantOfShape", {ints({3}, {0, highest, highest})}).error().code, ErrorCode::resource_limit);
    EXPECT_FALSE(run_node("Range", {ints({}, {lowest}), ints({}, {highest}), ints({}, {1})}).ok());
}

Tensor bytes(const Dims& dims, std::initializer_list<std::uint8_t> values) {
    return Tensor::of<std::uint8_t>(dims, values);
}

TEST(IntegerProducts, HaveAZeroPointForEachRowAndColumn) {
    // (a - 1, a - 2 by row) times (b - 1, b - 0 by column).
    const Tensor a = bytes({2, 2}, {1, 2, 3, 4});
    const Tensor sums = run("MatMulInteger", {a, a, bytes({2}, {1, 2}), bytes({2}, {1, 0})});
    EXPECT_EQ(values<std::int32_t>(sums), (std::vector<std::int32_t>{2, 4, 4, 10}));
    EXPECT_FALSE(run_node("MatMulInteger", {a, a, bytes({3}, {1, 2, 3})}).ok());
}

TEST(IntegerProducts, HaveAScaleForEachOutputChannel) {
    const Tensor output = run("QLinearConv", {bytes({1, 1, 1, 2}, {10, 20}), floats({}, {0.5F}), bytes({}, {10}),
                                              Tensor::of<std::int8_t>({2, 1, 1, 1}, {1, 3}), floats({2}, {1, 2}),
                                              Tensor::of<std::int8_t>({2}, {0, 1}), floats({}, {1}), bytes({}, {5}),
                                              Tensor::of<std::int32_t>({2}, {2, -4})});
    // Sums with bias are 2, 12 and -4, 16; scales 0.5 and 1; zero point 5.
    EXPECT_EQ(values<std::uint8_t>(output), (std::vector<std::uint8_t>{6, 11, 1, 21}));
}

} // namespace

} // namespace detect::test
