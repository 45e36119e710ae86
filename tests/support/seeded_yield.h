// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/yield_point.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace detect::test {

/// In place of NoYield: at each point other threads may go first, by chance that comes from a seed. The machine decides
/// too, so a seed brings a schedule back most of the time, not always.
class SeededYield {
public:
    static void here() {
        // Relaxed: it orders nothing of what the threads do, so ThreadSanitizer sees as much as without it.
        const std::uint64_t draw = mixed(seed_ + step_.fetch_add(1, std::memory_order_relaxed));
        const auto choice = draw % 32;
        const auto how_long = draw >> 32U & 255U;
        if (choice < 16) return;
        if (choice < 28) return spin(how_long);
        if (choice < 31) return std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(1));
    }
    static void start(std::uint64_t seed) {
        seed_ = mixed(seed);
        step_ = 0;
    }
    /// SplitMix64 (Steele, Lea and Flood, 2014).
    static std::uint64_t mixed(std::uint64_t x) {
        x += 0x9E3779B97F4A7C15U;
        x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
        x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
        return x ^ (x >> 31U);
    }

private:
    /// So that others go on at the same time, on another core.
    static void spin(std::uint64_t times) {
        for (std::atomic<std::uint64_t> i = 0; i < times;) i.fetch_add(1, std::memory_order_relaxed);
    }

    static inline std::atomic<std::uint64_t> seed_ = 0;
    static inline std::atomic<std::uint64_t> step_ = 0;
};

/// Fewer under ThreadSanitizer, which sees a race in any order that it can come about in.
#ifdef DETECT_SANITIZED
inline constexpr std::uint64_t seeds_of_a_test = 150;
#else
inline constexpr std::uint64_t seeds_of_a_test = 2000;
#endif

/// Calls `round` with each seed, from 1 on. A round that does not end is a deadlock: the program ends and names the
/// seed.
template <class Round>
void for_each_seed(std::uint64_t seeds, const Round& round) {
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t seed = 1;
    const auto watch = [&] {
        std::unique_lock lock(mutex);
        while (seed <= seeds) {
            const std::uint64_t watched = seed;
            if (changed.wait_for(lock, std::chrono::seconds(60), [&] { return seed != watched; })) continue;
            std::fprintf(stderr, "seed %llu: a deadlock\n", static_cast<unsigned long long>(watched));
            std::_Exit(1);
        }
    };
    const std::jthread watcher(watch);
    for (std::uint64_t i = 1; i <= seeds; ++i) {
        SeededYield::start(i);
        round(i);
        const std::lock_guard lock(mutex);
        seed = i + 1;
        changed.notify_one();
    }
}

} // namespace detect::test
