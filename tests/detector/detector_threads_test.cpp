// SPDX-License-Identifier: Apache-2.0
// One detector, many threads: everybody gets the bits that a single thread gets. Run under ThreadSanitizer as well.

#include "detector/detector_from_graph.h"
#include "tests/detector/sample_network.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

constexpr std::size_t callers = 8;

/// Of each caller. ThreadSanitizer sees a race in any order that it can come about in.
#ifdef DETECT_SANITIZED
constexpr std::size_t runs_of_mixed_sizes = 200;
#else
constexpr std::size_t runs_of_mixed_sizes = 500;
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

/// Small enough for ThreadSanitizer, with every step that the network has at any size.
Detector small_detector(const DetectorOptions& options) {
    return tiny_detector(options, {.min_size = 36, .max_size = 56});
}

/// More sizes than plans are kept.
std::vector<Pixels> mixed_sizes() {
    std::vector<Pixels> pictures;
    for (unsigned i = 0; i < 24; ++i) {
        pictures.push_back(noise(static_cast<int>(30 + i * 37 % 61), static_cast<int>(25 + i * 53 % 59), i));
    }
    return pictures;
}

TEST(DetectorThreads, EightCallersOfMixedSizes) {
    const std::vector<Pixels> pictures = mixed_sizes();
    const auto expected = single_threaded(small_detector({.threads = 1}), pictures);
    std::size_t found = 0;
    for (const auto& detections : expected) found += detections.size();
    ASSERT_GT(found, pictures.size());
    ASSERT_NE(expected[0], expected[1]);
    EXPECT_EQ(count_wrong(small_detector({.threads = 2}), pictures, expected, runs_of_mixed_sizes), 0);
}

TEST(DetectorThreads, EightTimesFiveRunsOfTheBundledNetwork) {
    std::vector<Pixels> pictures;
    for (int i = 0; i < 5; ++i) pictures.push_back(crop(sample_board(), 40 * i, 50 * i, 120 + 16 * (i % 2), 112));
    const Graph graph = sample_graph(128);
    const auto expected = single_threaded(require(detector_from_graph(graph, {.threads = 1})), pictures);
    ASSERT_FALSE(expected[0].empty());
    ASSERT_NE(expected[0], expected[1]);
    EXPECT_EQ(count_wrong(require(detector_from_graph(graph, {.threads = 2})), pictures, expected, 5), 0);
}

TEST(DetectorThreads, WithTooLittleMemoryForAllAtOnceTheyWaitForEachOther) {
    const std::vector<Pixels> pictures = mixed_sizes();
    const Detector free = small_detector({.threads = 1});
    const auto expected = single_threaded(free, pictures);
    // Enough for each of them alone.
    std::size_t alone = 0;
    for (const Pixels& picture : pictures) {
        const Detector fresh = small_detector({.threads = 2});
        ASSERT_TRUE(fresh.run(picture.view()).ok());
        alone = std::max(alone, fresh.memory_use().peak);
    }
    const Detector limited = small_detector({.threads = 2, .memory_limit = alone + alone / 20});
    EXPECT_EQ(count_wrong(limited, pictures, expected, 30), 0);
    EXPECT_LE(limited.memory_use().peak, alone + alone / 20);
}

/// A line's program takes a new model while its cameras go on: whoever has the old one keeps it until its run is done.
TEST(DetectorThreads, OneIsReplacedWhileOthersRun) {
    struct Versioned {
        std::size_t version;
        Detector detector;
    };
    const std::vector<Scale> versions{{.min_size = 32, .max_size = 32}, {.min_size = 48, .max_size = 48}};
    const auto load = [&](std::size_t version) {
        return std::make_shared<const Versioned>(version, tiny_detector({.threads = 2}, versions[version]));
    };
    const std::vector<Pixels> pictures{noise(70, 50, 1), noise(50, 70, 2), noise(60, 60, 3)};
    std::vector<std::vector<std::vector<Detection>>> expected;
    for (std::size_t version = 0; version < versions.size(); ++version)
        expected.push_back(single_threaded(load(version)->detector, pictures));
    ASSERT_NE(expected[0], expected[1]);

    std::mutex mutex;
    std::shared_ptr<const Versioned> current = load(0);
    std::atomic<bool> goes_on = true;
    std::atomic<int> wrong = 0;
    std::array<std::atomic<int>, 2> runs{};
    const auto look = [&](std::size_t caller) {
        for (std::size_t run = caller; goes_on; ++run) {
            std::unique_lock lock(mutex);
            const auto taken = current;
            lock.unlock();
            const std::size_t which = run % pictures.size();
            const auto found = taken->detector.run(pictures[which].view());
            if (!found.ok() || found->detections != expected[taken->version][which]) ++wrong;
            ++runs[taken->version];
        }
    };
    const auto replace = [&](std::size_t first) {
        // Until each of the two has been run with often enough.
        for (std::size_t i = first; i < first + 10 || runs[0] < 20 || runs[1] < 20; ++i) {
            auto next = load(i % versions.size());
            const std::lock_guard lock(mutex);
            current.swap(next);
        }
    };
    {
        std::vector<std::jthread> lookers;
        for (std::size_t caller = 0; caller < 3; ++caller) lookers.emplace_back(look, caller);
        {
            const std::jthread one(replace, 0);
            const std::jthread other(replace, 1);
        }
        goes_on = false;
    }
    EXPECT_EQ(wrong, 0);
}

} // namespace
} // namespace detect::test
