// SPDX-License-Identifier: Apache-2.0
// The pipeline in thousands of schedules: whoever goes first, nothing is lost, doubled or out of order, and it ends.

#include "cli/run/pipeline.h"
#include "tests/support/seeded_yield.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace detect::cli {
namespace {

using test::for_each_seed;
using test::SeededYield;
using test::seeds_of_a_test;

using Queue = BoundedQueue<int, SeededYield>;

std::vector<int> up_to(int count) {
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

/// Two producers, even and odd numbers, and two consumers; the queue is closed behind the producers, or at any moment.
TEST(PipelineSchedules, AQueueHandsOverEachValueOnceAndInOrder) {
    for_each_seed(seeds_of_a_test, [](std::uint64_t seed) {
        std::mt19937_64 random(seed);
        constexpr int most = 12;
        const bool closed_early = random() % 3 == 0;
        Queue queue(1 + random() % 3);
        std::array<std::vector<int>, 2> taken_in;
        std::array<std::vector<int>, 2> taken_out;
        {
            std::vector<std::jthread> consumers;
            std::vector<std::jthread> producers;
            for (std::size_t which : {0U, 1U}) {
                consumers.emplace_back([&, which] {
                    while (const auto value = queue.pop()) taken_out[which].push_back(*value);
                });
                producers.emplace_back([&, which] {
                    for (int value = static_cast<int>(which); value < most; value += 2)
                        if (queue.push(value)) taken_in[which].push_back(value);
                });
            }
            if (closed_early) queue.close();
            producers.clear();
            queue.close();
        }
        std::vector<int> in;
        std::vector<int> out;
        for (std::size_t which : {0U, 1U}) {
            std::ranges::copy(taken_in[which], std::back_inserter(in));
            std::ranges::copy(taken_out[which], std::back_inserter(out));
            for (const int parity : {0, 1}) {
                std::vector<int> of_one = taken_out[which];
                std::erase_if(of_one, [&](int value) { return value % 2 != parity; });
                EXPECT_TRUE(std::ranges::is_sorted(of_one)) << "seed " << seed;
            }
        }
        std::ranges::sort(in);
        std::ranges::sort(out);
        EXPECT_EQ(out, in) << "seed " << seed;
        EXPECT_TRUE(closed_early || in == up_to(most)) << "seed " << seed;
    });
}

/// What goes wrong in a round, and where.
enum class Trouble { none, stopped, ended_by_the_last_stage, load, detect, render, finish };
constexpr int troubles = 7;

struct Round {
    explicit Round(std::uint64_t seed) : random(seed) {
        trouble = static_cast<Trouble>(random() % troubles);
        count = static_cast<int>(random() % 16);
        place = static_cast<int>(random() % 16);
        ahead = 1 + random() % 3;
        helpers = 1 + static_cast<unsigned>(random() % 3);
    }
    void fail(Trouble stage, int i) const {
        if (trouble == stage && i == place) throw std::runtime_error("as planned");
    }
    [[nodiscard]] bool fails() const { return trouble >= Trouble::load && place < count; }

    std::mt19937_64 random;
    Trouble trouble = Trouble::none;
    int count = 0;
    /// The number that has the trouble.
    int place = 0;
    std::size_t ahead = 1;
    unsigned helpers = 1;
};

TEST(PipelineSchedules, EverythingComesOutOnceAndInOrderAndItEnds) {
    for_each_seed(2 * seeds_of_a_test, [](std::uint64_t seed) {
        const Round round(seed);
        std::vector<std::atomic<int>> loaded(16);
        std::vector<std::atomic<int>> rendered(16);
        std::vector<int> detected;
        std::vector<int> finished;
        std::atomic<bool> stopped = false;
        int next = 0;
        bool failed = false;
        const auto load_next = [&] {
            const auto load = [&, i = next] {
                round.fail(Trouble::load, i);
                ++loaded[static_cast<std::size_t>(i)];
                return i;
            };
            return next++ < round.count ? std::optional(load) : std::nullopt;
        };
        const auto detect = [&](int i) {
            round.fail(Trouble::detect, i);
            if (round.trouble == Trouble::stopped && i == round.place) stopped = true;
            detected.push_back(i);
            return [&, i] {
                round.fail(Trouble::render, i);
                ++rendered[static_cast<std::size_t>(i)];
                return i;
            };
        };
        const auto finish = [&](int i) {
            round.fail(Trouble::finish, i);
            finished.push_back(i);
            return round.trouble != Trouble::ended_by_the_last_stage || i != round.place;
        };
        try {
            run_pipeline<SeededYield>({.ahead = round.ahead,
                                       .helpers = round.helpers,
                                       .stopped = [&] { return stopped.load(); },
                                       .stop = [&] { stopped = true; }},
                                      load_next, detect, finish);
        } catch (const std::runtime_error&) {
            failed = true;
        }
        // The same as if the stages had taken turns.
        const int to_finish = round.trouble == Trouble::none      ? round.count
                              : round.trouble == Trouble::stopped ? std::min(round.count, round.place + 1)
                              : round.trouble == Trouble::ended_by_the_last_stage
                                  ? std::min(round.count, round.place + 1)
                                  : std::min(round.count, round.place);
        EXPECT_EQ(failed, round.fails()) << "seed " << seed;
        EXPECT_EQ(finished, up_to(to_finish)) << "seed " << seed;
        EXPECT_EQ(detected, up_to(static_cast<int>(detected.size()))) << "seed " << seed;
        for (std::size_t i = 0; i < 16; ++i) {
            EXPECT_LE(loaded[i], 1) << "seed " << seed;
            EXPECT_LE(rendered[i], 1) << "seed " << seed;
        }
    });
}

} // namespace
} // namespace detect::cli
