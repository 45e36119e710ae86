// SPDX-License-Identifier: Apache-2.0
// The same picture gives the same bits: at any number of threads, however often, and whoever else is calling.

#include "tests/detector/sample_network.h"
#include "tests/support/require.h"

#include <thread>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

TEST(DetectorSameBits, AtAnyNumberOfThreads) {
    const auto& board = sample_board();
    const auto expected = require(sample_detector({.threads = 1}).run(board.view())).detections;
    ASSERT_GT(expected.size(), 5U);
    for (const int threads : {2, 3, 4, 0}) {
        EXPECT_EQ(require(sample_detector({.threads = threads}).run(board.view())).detections, expected)
            << threads << " threads";
    }
}

TEST(DetectorSameBits, OnTheHundredthRunWithOthersInBetween) {
    const Detector detector = sample_detector({.threads = 2});
    const Pixels part = crop(sample_board(), 100, 200, 320, 320);
    const auto expected = require(detector.run(part.view())).detections;
    ASSERT_GT(expected.size(), 1U);
    for (int repetition = 2; repetition <= 100; ++repetition) {
        // More sizes than plans are kept.
        if (repetition % 3 == 0) {
            ASSERT_TRUE(detector.run(crop(sample_board(), 0, 0, 40 + repetition, 60).view()).ok());
        }
        ASSERT_EQ(require(detector.run(part.view())).detections, expected) << "run " << repetition;
    }
}

TEST(DetectorSameBits, WhenManyThreadsCallAtOnce) {
    const Detector detector = sample_detector({.threads = 2});
    std::vector<Pixels> pictures;
    std::vector<std::vector<Detection>> expected;
    for (int i = 0; i < 4; ++i) {
        pictures.push_back(crop(sample_board(), 60 * i, 40 * i, 300 + 20 * (i % 2), 280));
        expected.push_back(require(detector.run(pictures.back().view())).detections);
    }
    ASSERT_NE(expected[0], expected[2]);
    constexpr std::size_t callers = 8;
    constexpr std::size_t runs = 6;
    std::vector<int> wrong(callers, 0);
    std::vector<std::thread> threads;
    for (std::size_t caller = 0; caller < callers; ++caller) {
        threads.emplace_back([&, caller] {
            for (std::size_t run = 0; run < runs; ++run) {
                const std::size_t which = (caller + run) % pictures.size();
                const auto found = detector.run(pictures[which].view());
                wrong[caller] += !found.ok() || found->detections != expected[which] ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, std::vector<int>(callers, 0));
}

} // namespace
} // namespace detect::test
