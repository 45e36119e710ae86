// SPDX-License-Identifier: Apache-2.0
// One detector, many threads: everybody gets the bits that a single thread gets. Run under ThreadSanitizer as well.

#include "tests/detector/sample_network.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

constexpr std::size_t callers = 8;

// ThreadSanitizer takes fifty times as long for each run, and needs each picture and each new plan only a few times.
#ifdef DETECT_SANITIZED
constexpr std::size_t runs_of_mixed_sizes = 40;
constexpr std::size_t runs_of_the_bundled_network = 2;
#else
constexpr std::size_t runs_of_mixed_sizes = 500;
constexpr std::size_t runs_of_the_bundled_network = 5;
#endif

/// How many of `runs` calls by each of eight threads at once failed or gave something else than `expected`.
int count_wrong(const Detector& detector, const std::vector<Pixels>& pictures,
                const std::vector<std::vector<Detection>>& expected, std::size_t runs) {
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (std::size_t caller = 0; caller < callers; ++caller) {
        threads.emplace_back([&, caller] {
            for (std::size_t run = 0; run < runs; ++run) {
                const std::size_t which = (5 * caller + run) % pictures.size();
                const auto found = detector.run(pictures[which].view());
                if (!found.ok() || found->detections != expected[which]) ++wrong;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    return wrong;
}

std::vector<std::vector<Detection>> single_threaded(const Detector& detector, const std::vector<Pixels>& pictures) {
    std::vector<std::vector<Detection>> results;
    for (const Pixels& picture : pictures) results.push_back(require(detector.run(picture.view())).detections);
    return results;
}

/// More sizes than plans are kept.
std::vector<Pixels> mixed_sizes() {
    std::vector<Pixels> pictures;
    for (unsigned i = 0; i < 24; ++i) {
        pictures.push_back(noise(static_cast<int>(60 + i * 37 % 190), static_cast<int>(50 + i * 53 % 170), i));
    }
    return pictures;
}

TEST(DetectorThreads, EightTimesManyRunsOfMixedSizes) {
    const std::vector<Pixels> pictures = mixed_sizes();
    const auto expected = single_threaded(tiny_detector({.threads = 1}), pictures);
    std::size_t found = 0;
    for (const auto& detections : expected) found += detections.size();
    ASSERT_GT(found, pictures.size());
    ASSERT_NE(expected[0], expected[1]);
    EXPECT_EQ(count_wrong(tiny_detector({.threads = 2}), pictures, expected, runs_of_mixed_sizes), 0);
}

TEST(DetectorThreads, EightTimesAFewRunsOfTheBundledNetwork) {
    std::vector<Pixels> pictures;
    for (int i = 0; i < static_cast<int>(runs_of_the_bundled_network); ++i)
        pictures.push_back(crop(sample_board(), 40 * i, 50 * i, 300 + 40 * (i % 2), 280));
    const auto expected = single_threaded(sample_detector({.threads = 1}), pictures);
    ASSERT_FALSE(expected[0].empty());
    ASSERT_NE(expected[0], expected[1]);
    EXPECT_EQ(count_wrong(sample_detector({.threads = 2}), pictures, expected, runs_of_the_bundled_network), 0);
}

TEST(DetectorThreads, WithTooLittleMemoryForAllAtOnceTheyWaitForEachOther) {
    const std::vector<Pixels> pictures = mixed_sizes();
    const Detector free = tiny_detector({.threads = 1});
    const auto expected = single_threaded(free, pictures);
    // Enough for each of them alone.
    std::size_t alone = 0;
    for (const Pixels& picture : pictures) {
        const Detector fresh = tiny_detector({.threads = 2});
        ASSERT_TRUE(fresh.run(picture.view()).ok());
        alone = std::max(alone, fresh.memory_use().peak);
    }
    const Detector limited = tiny_detector({.threads = 2, .memory_limit = alone + alone / 20});
    EXPECT_EQ(count_wrong(limited, pictures, expected, 30), 0);
    EXPECT_LE(limited.memory_use().peak, alone + alone / 20);
}

} // namespace
} // namespace detect::test
