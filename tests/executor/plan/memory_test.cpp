// SPDX-License-Identifier: Apache-2.0
#include "executor/memory.h"

#include <gtest/gtest.h>

namespace detect {
namespace {

TEST(BufferPool, UsesABufferAgainOnceNobodyHoldsIt) {
    BufferPool pool;
    const std::byte* first = nullptr;
    {
        const Tensor a = pool.allocate(DataType::float32, {100}).value();
        const Tensor b = pool.allocate(DataType::float32, {100}).value();
        first = a.storage().get();
        EXPECT_NE(first, b.storage().get());
        EXPECT_EQ(pool.system_allocations(), 2U);
    }
    const Tensor c = pool.allocate(DataType::int64, {40}).value();
    EXPECT_EQ(c.dims(), (Dims{40}));
    EXPECT_EQ(pool.system_allocations(), 2U);
}

TEST(BufferPool, DoesNotSpendALargeBufferOnASmallTensor) {
    BufferPool pool;
    { const Tensor large = pool.allocate(DataType::float32, {1 << 20}).value(); }
    const Tensor small = pool.allocate(DataType::float32, {16}).value();
    EXPECT_EQ(pool.system_allocations(), 2U);
}

TEST(BufferPool, UsesTheSmallestBuffersAgainToo) {
    BufferPool pool;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(pool.allocate(DataType::boolean, {}).ok());
    EXPECT_EQ(pool.system_allocations(), 1U);
}

TEST(BufferPool, GivesBackWhatNoRunUsedForAWhile) {
    BufferPool pool;
    { const Tensor once = pool.allocate(DataType::float32, {1 << 20}).value(); }
    EXPECT_GE(pool.bytes(), std::size_t{4} << 20);
    for (int run = 0; run < 20; ++run) pool.end_run();
    EXPECT_EQ(pool.bytes(), 0U);
}

TEST(BufferPool, RefusesImpossibleSizes) {
    BufferPool pool;
    EXPECT_EQ(pool.allocate(DataType::float32, {std::int64_t{1} << 40, std::int64_t{1} << 40}).error().code,
              ErrorCode::resource_limit);
    EXPECT_EQ(pool.allocate(DataType::float32, {-1}).error().code, ErrorCode::resource_limit);
    EXPECT_TRUE(pool.allocate(DataType::float32, {0, 5}).ok());
}

} // namespace
} // namespace detect
