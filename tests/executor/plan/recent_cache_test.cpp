// SPDX-License-Identifier: Apache-2.0
// The cache that keeps plans, alone and in thousands of schedules.
#include "executor/recent_cache.h"

#include "tests/support/seeded_yield.h"

#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

TEST(RecentCache, KeepsWhatWasUsedLast) {
    RecentCache<int, std::string> cache(2);
    EXPECT_EQ(cache.find(1), nullptr);
    for (const int key : {1, 2})
        EXPECT_EQ(*cache.insert(key, std::make_shared<std::string>(std::to_string(key))), std::to_string(key));
    ASSERT_NE(cache.find(1), nullptr); // so 2 was used longest ago
    EXPECT_EQ(*cache.insert(3, std::make_shared<std::string>("3")), "3");
    EXPECT_EQ(cache.find(2), nullptr);
    EXPECT_EQ(*cache.find(1), "1");
    EXPECT_EQ(cache.size(), 2U);
    cache.clear();
    EXPECT_EQ(cache.find(1), nullptr);
}

TEST(RecentCache, TheFirstOfTwoUnderOneKeyStays) {
    RecentCache<int, std::string> cache(2);
    EXPECT_EQ(*cache.insert(1, std::make_shared<std::string>("first")), "first");
    EXPECT_EQ(*cache.insert(1, std::make_shared<std::string>("second")), "first");
    EXPECT_EQ(cache.size(), 1U);
}

TEST(RecentCache, KeepsOneWhereItIsAskedToKeepNone) {
    RecentCache<int, int> cache(0);
    EXPECT_EQ(*cache.insert(1, std::make_shared<int>(10)), 10);
    EXPECT_EQ(cache.size(), 1U);
}

/// Three threads use six keys of a cache that keeps two, as runs of pictures of many sizes do, and sometimes clear it.
TEST(RecentCache, GivesTheSameInEverySchedule) {
    for_each_seed(2 * seeds_of_a_test, [](std::uint64_t seed) {
        constexpr std::size_t most = 2;
        RecentCache<int, int, SeededYield> cache(most);
        std::atomic<int> wrong = 0;
        std::atomic<int> too_many = 0;
        const auto use = [&](std::uint64_t which) {
            std::mt19937_64 random(4 * seed + which);
            for (int i = 0; i < 12; ++i) {
                const int key = static_cast<int>(random() % 6);
                auto value = cache.find(key);
                if (!value) value = cache.insert(key, std::make_shared<int>(100 * key));
                if (random() % 16 == 0) cache.clear();
                // Whoever has it keeps it.
                SeededYield::here();
                if (*value != 100 * key) ++wrong;
                if (cache.size() > most) ++too_many;
            }
        };
        {
            std::vector<std::jthread> threads;
            for (std::uint64_t which = 0; which < 3; ++which) threads.emplace_back(use, which);
        }
        int kept = 0;
        for (int key = 0; key < 6; ++key) kept += cache.find(key) ? 1 : 0;
        EXPECT_EQ(wrong, 0) << "seed " << seed;
        EXPECT_EQ(too_many, 0) << "seed " << seed;
        EXPECT_EQ(static_cast<std::size_t>(kept), cache.size()) << "seed " << seed << ": one key, two values";
    });
}

} // namespace
} // namespace detect::test
