// SPDX-License-Identifier: Apache-2.0
// The pipeline and its queue while threads come by in thousands of orders: nothing is lost, doubled or out of order,
// and it ends. ThreadSanitizer runs it, too.

#include "cli/run/pipeline.h"

#include "cli/run/waiting_pictures.h"
#include "tests/support/yielding_locks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace detect::cli {
namespace {

using test::SeededYields;
using test::YieldingLocks;

#ifdef DETECT_SANITIZED
constexpr std::uint64_t seeds = 60;
#else
constexpr std::uint64_t seeds = 500;
#endif

/// Threads that wait for each other for ever cannot be ended, only the program can: it says which seed it was.
class Watchdog {
public:
    ~Watchdog() {
        thread_.request_stop();
        ended_.notify_all();
    }
    /// Another seed begins.
    void look_at(std::uint64_t seed) {
        const std::lock_guard lock(mutex_);
        seed_ = seed;
        began_ = std::chrono::steady_clock::now();
    }

private:
    void watch(const std::stop_token& stop) {
        constexpr std::chrono::seconds patience{30};
        std::unique_lock lock(mutex_);
        while (!ended_.wait_until(lock, stop, began_ + patience, [&] { return stop.stop_requested(); })) {
            if (stop.stop_requested() || std::chrono::steady_clock::now() < began_ + patience) continue;
            std::fprintf(stderr, "seed %llu: no end after half a minute\n", static_cast<unsigned long long>(seed_));
            std::abort();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any ended_;
    std::uint64_t seed_ = 0;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::jthread thread_{[this](const std::stop_token& stop) { watch(stop); }};
};

using Memory = BasicWaitingPictures<YieldingLocks>;

/// What goes through the stages. Its numbers are not atomic: handing it on is what orders reading after writing.
struct Item {
    int number = 0;
    int stages = 0;
    Memory::Share memory = {};
};

/// Of the memory that there is: small items go together, and the large one waits until all of it is free.
constexpr std::uintmax_t all_memory = 4;
std::uintmax_t size_of(int number) {
    constexpr std::array<std::uintmax_t, 4> sizes{1, 1, 2, all_memory};
    return sizes[static_cast<std::size_t>(number) % sizes.size()];
}

enum class Ending { by_itself, stopped, by_finish, by_exception };

/// What a run did, each list in the order in which it happened.
struct Done {
    std::vector<int> detected;
    std::vector<int> finished;
    std::string exception;
    bool right = true;
};

/// Twelve items; at `at`, an item's number, something ends the run.
Done run_items(std::uint64_t seed, Ending ending, int at, int failing_stage) {
    constexpr int count = 12;
    SeededYields::seed(seed);
    Done done;
    std::atomic<bool> right = true;
    std::atomic<bool> stopped = false;
    const auto stage = [&](int which, Item& item) {
        SeededYields::maybe();
        if (ending == Ending::by_exception && which == failing_stage && item.number == at)
            throw std::runtime_error(std::to_string(which));
        if (item.stages++ != which) right = false;
    };
    struct Work {
        decltype(stage)& call;
        int which;
        Item item;
        Item operator()() { return call(which, item), std::move(item); }
    };
    Memory memory(all_memory);
    int next = 0;
    const PipelineOptions options{.ahead = 1 + seed % 3,
                                  .helpers = static_cast<unsigned>(1 + seed / 3 % 3),
                                  .stopped = [&] { return stopped.load(); },
                                  .stop = [&] { stopped = true; }};
    try {
        run_pipeline<YieldingLocks>(
            options,
            [&] {
                std::optional<Work> load;
                if (next < count) load.emplace(stage, 0, Item{next, 0, memory.take(size_of(next))});
                ++next;
                return load;
            },
            [&](Item item) {
                done.detected.push_back(item.number);
                stage(1, item);
                if (ending == Ending::stopped && item.number == at) stopped = true;
                return Work{stage, 2, std::move(item)};
            },
            [&](Item item) {
                stage(3, item);
                done.finished.push_back(item.number);
                return ending != Ending::by_finish || item.number != at;
            });
    } catch (const std::runtime_error& error) {
        done.exception = error.what();
    }
    done.right = right;
    return done;
}

std::vector<int> up_to(int count) {
    std::vector<int> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

TEST(PipelineOrders, NothingIsLostDoubledOrOutOfOrder) {
    Watchdog watchdog;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        const Done done = run_items(seed, Ending::by_itself, 0, 0);
        ASSERT_EQ(done.detected, up_to(12)) << "seed " << seed;
        ASSERT_EQ(done.finished, up_to(12)) << "seed " << seed;
        ASSERT_TRUE(done.right) << "seed " << seed;
    }
}

TEST(PipelineOrders, AStopFinishesExactlyWhatWasDetected) {
    Watchdog watchdog;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        const int at = static_cast<int>(seed % 12);
        const Done done = run_items(seed, Ending::stopped, at, 0);
        ASSERT_EQ(done.detected, up_to(at + 1)) << "seed " << seed;
        ASSERT_EQ(done.finished, done.detected) << "seed " << seed;
        ASSERT_TRUE(done.right) << "seed " << seed;
    }
}

TEST(PipelineOrders, TheLastStageEndsIt) {
    Watchdog watchdog;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        const int at = static_cast<int>(seed % 12);
        const Done done = run_items(seed, Ending::by_finish, at, 0);
        ASSERT_EQ(done.finished, up_to(at + 1)) << "seed " << seed;
        ASSERT_TRUE(done.right) << "seed " << seed;
    }
}

TEST(PipelineOrders, AnExceptionOfAnyStageComesOutAfterWhatWasDoneBefore) {
    Watchdog watchdog;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        const int at = static_cast<int>(seed % 12);
        const int failing_stage = static_cast<int>(seed / 12 % 4);
        const Done done = run_items(seed, Ending::by_exception, at, failing_stage);
        ASSERT_EQ(done.exception, std::to_string(failing_stage)) << "seed " << seed;
        ASSERT_EQ(done.finished, up_to(at)) << "seed " << seed;
        ASSERT_TRUE(done.right) << "seed " << seed;
    }
}

// Two producers, two consumers: each value arrives once, and those of one producer in their order. Its number is what
// a pointer leads to, so that a value that came before it was written would show.
TEST(QueueOrders, EveryValueArrivesOnceAndThoseOfAProducerInOrder) {
    Watchdog watchdog;
    constexpr int each = 10;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        SeededYields::seed(seed);
        BoundedQueue<std::unique_ptr<int>, YieldingLocks> queue(1 + seed % 3);
        std::array<std::vector<int>, 2> popped;
        std::atomic<bool> closing = false;
        std::atomic<int> left_early = 0;
        {
            std::vector<std::jthread> consumers;
            for (std::vector<int>& mine : popped) {
                consumers.emplace_back([&] {
                    while (auto value = queue.pop()) mine.push_back(**value);
                    if (!closing) ++left_early;
                });
            }
            std::vector<std::jthread> producers;
            for (const int first : {0, each}) {
                producers.emplace_back([&queue, first] {
                    for (int i = 0; i < each; ++i) queue.push(std::make_unique<int>(first + i));
                });
            }
            producers.clear();
            closing = true;
            queue.close();
        }
        ASSERT_EQ(left_early, 0) << "seed " << seed;
        std::vector<int> all;
        for (const std::vector<int>& mine : popped) {
            for (const int first : {0, each}) {
                int last = -1;
                for (const int value : mine) {
                    if (value / each != first / each) continue;
                    ASSERT_GT(value, last) << "seed " << seed;
                    last = value;
                }
            }
            all.insert(all.end(), mine.begin(), mine.end());
        }
        std::ranges::sort(all);
        ASSERT_EQ(all, up_to(2 * each)) << "seed " << seed;
    }
}

TEST(QueueOrders, ClosingLetsEverybodyGo) {
    Watchdog watchdog;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        watchdog.look_at(seed);
        SeededYields::seed(seed);
        BoundedQueue<int, YieldingLocks> queue(1);
        int pushed = 0;
        int popped = 0;
        {
            const std::jthread producer([&] {
                while (pushed < 100 && queue.push(pushed)) ++pushed;
            });
            const std::jthread closer([&] { queue.close(); });
            while (queue.pop()) ++popped;
        }
        ASSERT_EQ(popped, pushed) << "seed " << seed;
    }
}

} // namespace
} // namespace detect::cli
