// SPDX-License-Identifier: Apache-2.0
#include "graph/tensor.h"

#include "base/checked.h"

#include <cstdint>
#include <limits>
#include <stdexcept>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::ElementsAre;

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

TEST(CheckedArithmetic, GivesNothingInsteadOfAWrappedNumber) {
    EXPECT_EQ(checked_add<std::int64_t>(highest - 1, 1), highest);
    EXPECT_EQ(checked_add<std::int64_t>(highest, 1), std::nullopt);
    EXPECT_EQ(checked_mul<std::int64_t>(highest / 2, 2), highest - 1);
    EXPECT_EQ(checked_mul<std::int64_t>(highest / 2 + 1, 2), std::nullopt);
}

TEST(CheckedArithmetic, CountsElements) {
    EXPECT_EQ(checked_element_count(Dims{}.sizes()), 1);
    EXPECT_EQ(checked_element_count(Dims{2, 3, 4}.sizes()), 24);
    EXPECT_EQ(checked_element_count(Dims{2, 0, 4}.sizes()), 0);
    EXPECT_EQ(checked_element_count(Dims{2, -1}.sizes()), std::nullopt);
    EXPECT_EQ(checked_element_count(Dims{0, -1}.sizes()), std::nullopt);
    EXPECT_EQ(checked_element_count(Dims{highest, 2}.sizes()), std::nullopt);
    EXPECT_EQ(checked_element_count(Dims{highest, highest, 0}.sizes()), 0);
}

TEST(Dims, HoldAtMostEightSizes) {
    Dims dims{1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(dims.rank(), 8U);
    EXPECT_EQ(to_string(dims), "[1, 2, 3, 4, 5, 6, 7, 8]");
    EXPECT_THROW(dims.push_back(9), std::logic_error);
    EXPECT_NE(dims, (Dims{1, 2, 3, 4, 5, 6, 7}));
}

TEST(Tensor, StartsAtZeroAndIsAligned) {
    auto tensor = Tensor::create(DataType::float32, {2, 3});
    ASSERT_TRUE(tensor.ok());
    EXPECT_THAT(tensor->data<float>(), ElementsAre(0, 0, 0, 0, 0, 0));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor->bytes().data()) % 64, 0U);
    EXPECT_EQ(tensor->byte_count(), 24U);
}

TEST(Tensor, RefusesSizesThatCannotBe) {
    EXPECT_EQ(Tensor::create(DataType::float32, {highest, 2}).error().code, ErrorCode::resource_limit);
    EXPECT_EQ(Tensor::create(DataType::float64, {highest / 4}).error().code, ErrorCode::resource_limit);
    EXPECT_EQ(Tensor::create(DataType::float32, {-1}).error().code, ErrorCode::resource_limit);
    EXPECT_EQ(Tensor::create(DataType::string, {1}).error().code, ErrorCode::unsupported);
    EXPECT_EQ(Tensor::create(DataType::undefined, {1}).error().code, ErrorCode::unsupported);
}

TEST(Tensor, ReshapingSharesTheElements) {
    const Tensor tensor = Tensor::of<std::int64_t>({2, 3}, {1, 2, 3, 4, 5, 6});
    const Tensor column = tensor.reshaped({6, 1});
    EXPECT_EQ(column.bytes().data(), tensor.bytes().data());
    EXPECT_EQ(column.data<std::int64_t>()[5], 6);
    EXPECT_THROW(static_cast<void>(tensor.reshaped({5})), std::logic_error);
}

TEST(Tensor, IsReadAsWhatItIs) {
    const Tensor tensor = Tensor::scalar(1.5F);
    EXPECT_EQ(tensor.data<float>()[0], 1.5F);
    EXPECT_THROW(static_cast<void>(tensor.data<double>()), std::logic_error);
    EXPECT_FALSE(Tensor().defined());
    EXPECT_THROW(Tensor::of<float>({2}, {1}), std::logic_error);
}

} // namespace

} // namespace detect::test
