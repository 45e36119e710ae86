// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace detect::test {

/// Lets other threads go first at moments drawn from a seed, so that thousands of seeds try thousands of orders in
/// which threads come by. The system's scheduler has its say, too: a seed that fails may need a few runs to do so
/// again.
class SeededYields {
public:
    /// For all threads from now on, those that run included.
    static void seed(std::uint64_t seed) { seed_ = seed; }

    /// Goes on at once, or lets others run, or lets go of the processor for a moment.
    static void maybe() {
        const std::uint64_t drawn = draw();
        if (drawn % 64 == 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(1));
        } else if (drawn % 4 == 0) {
            std::this_thread::yield();
        }
    }

private:
    /// splitmix64 of the seed and of how many were drawn.
    static std::uint64_t draw() {
        std::uint64_t x = seed_ * 0x9E3779B97F4A7C15U + drawn_.fetch_add(1, std::memory_order_relaxed);
        x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
        x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
        return x ^ (x >> 31U);
    }

    static inline std::atomic<std::uint64_t> seed_ = 0;
    static inline std::atomic<std::uint64_t> drawn_ = 0;
};

/// Other threads may come by before it is locked, and after it is unlocked.
class YieldingMutex {
public:
    void lock() {
        SeededYields::maybe();
        mutex_.lock();
    }
    void unlock() {
        mutex_.unlock();
        SeededYields::maybe();
    }

private:
    std::mutex mutex_;
};

/// In place of detect::StandardLocks.
struct YieldingLocks {
    using Mutex = YieldingMutex;
    using Condition = std::condition_variable_any;
};

} // namespace detect::test
