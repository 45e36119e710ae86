// SPDX-License-Identifier: Apache-2.0
// The cache of plans: from one thread, and from several that come by in thousands of orders. ThreadSanitizer runs it,
// too.

#include "executor/plan_cache.h"

#include "tests/support/require.h"
#include "tests/support/yielding_locks.h"

#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

#ifdef DETECT_SANITIZED
constexpr std::uint64_t seeds = 500;
#else
constexpr std::uint64_t seeds = 2000;
#endif

/// What stands for a plan knows which sizes it was made for.
struct Made {
    std::int64_t size = 0;
};

std::vector<Dims> dims_of(std::int64_t size) { return {Dims{1, 3, size, size}}; }

template <class Locks>
std::shared_ptr<const Made> get(PlanCache<Made, Locks>& cache, std::int64_t size, std::atomic<int>& made) {
    return require(cache.find_or_make(dims_of(size), [&]() -> Result<Made> {
        ++made;
        return Made{size};
    }));
}

TEST(PlanCache, TheOneUsedLongestAgoGoesFirst) {
    PlanCache<Made> cache(2);
    std::atomic<int> made = 0;
    const auto first = get(cache, 10, made);
    get(cache, 20, made);
    EXPECT_EQ(get(cache, 10, made), first);
    EXPECT_EQ(made, 2);
    get(cache, 30, made); // in place of 20
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_EQ(get(cache, 10, made), first);
    EXPECT_EQ(made, 3);
    get(cache, 20, made);
    EXPECT_EQ(made, 4);
}

TEST(PlanCache, WhatIsClearedStaysWithWhoHasIt) {
    PlanCache<Made> cache(2);
    std::atomic<int> made = 0;
    const auto before = get(cache, 10, made);
    cache.clear();
    EXPECT_EQ(cache.size(), 0U);
    EXPECT_EQ(before->size, 10);
    EXPECT_NE(get(cache, 10, made), before);
}

TEST(PlanCache, AnErrorIsHandedOnAndNotKept) {
    PlanCache<Made> cache(2);
    const auto failed = cache.find_or_make(dims_of(10), []() -> Result<Made> {
        return Error{ErrorCode::resource_limit, "too large"};
    });
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "too large");
    EXPECT_EQ(cache.size(), 0U);
}

TEST(PlanCache, KeepsOneAtLeast) {
    PlanCache<Made> cache(0);
    std::atomic<int> made = 0;
    get(cache, 10, made);
    get(cache, 10, made);
    EXPECT_EQ(made, 1);
}

/// Three threads ask for `sizes` different plans in an order drawn from the seed, and one of them clears the cache now
/// and then. What was asked for must come, and never more be kept than allowed, or than there are sizes.
void ask_from_all_sides(std::uint64_t seed, std::size_t most, std::int64_t sizes, bool clears) {
    SeededYields::seed(seed);
    PlanCache<Made, YieldingLocks> cache(most);
    std::atomic<int> made = 0;
    std::atomic<int> wrong = 0;
    std::atomic<std::size_t> largest = 0;
    const auto ask = [&](std::uint64_t caller) {
        std::mt19937_64 random(seed * 3 + caller);
        for (int i = 0; i < 8; ++i) {
            const auto size = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(sizes)) + 1;
            if (clears && caller == 0 && i % 3 == 2) cache.clear();
            if (get(cache, size, made)->size != size) ++wrong;
            const std::size_t kept = cache.size();
            for (std::size_t seen = largest; kept > seen && !largest.compare_exchange_weak(seen, kept);) {
            }
        }
    };
    std::vector<std::jthread> threads;
    for (std::uint64_t caller = 0; caller < 3; ++caller) threads.emplace_back(ask, caller);
    threads.clear();
    ASSERT_EQ(wrong, 0) << "seed " << seed;
    ASSERT_LE(largest, std::min<std::size_t>(most, static_cast<std::size_t>(sizes))) << "seed " << seed;
    ASSERT_GE(made, 1) << "seed " << seed;
}

TEST(PlanCacheThreads, EverybodyGetsThePlanAskedForAndNoMoreAreKeptThanAllowed) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        // More sizes than places; more places than sizes: then a size that two threads plan at once is kept once.
        ask_from_all_sides(seed, 2, 4, seed % 2 == 0);
        ask_from_all_sides(seed, 8, 2, seed % 2 == 0);
        if (HasFatalFailure()) return;
    }
}

} // namespace
} // namespace detect::test
