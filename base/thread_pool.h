// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#if defined(__SANITIZE_THREAD__)
#include <atomic>
#include <thread>
#include <vector>
#endif

namespace detect {

/// The one place where work is spread over threads. How a range is split never changes what is computed: every output
/// element is computed whole by one task, in a fixed order of operations.
class ThreadPool {
public:
    /// `threads` includes the calling one; 0 takes all cores.
    /// More than the machine has would only make TBB warn on stderr.
    explicit ThreadPool(int threads = 0)
        : arena_(threads > 0 ? std::min(threads, oneapi::tbb::info::default_concurrency())
                             : oneapi::tbb::task_arena::automatic) {}

    [[nodiscard]] int threads() { return arena_.max_concurrency(); }

    /// Calls `body(begin, end)` on pieces that cover [0, count), each of at least `grain` items where possible.
    template <class Body>
    void parallel_for(std::size_t count, std::size_t grain, const Body& body) {
        if (count == 0) return;
        if (count <= grain || threads() == 1) {
            body(std::size_t{0}, count);
            return;
        }
#if defined(__SANITIZE_THREAD__)
        share_out(count, grain, body);
#else
        arena_.execute([&] {
            oneapi::tbb::parallel_for(
                oneapi::tbb::blocked_range<std::size_t>(0, count, grain),
                [&](const oneapi::tbb::blocked_range<std::size_t>& range) { body(range.begin(), range.end()); },
                oneapi::tbb::simple_partitioner());
        });
#endif
    }

    /// Calls `body(task, worker)` for each task below `count`, in no particular order. Tasks that run at the same time
    /// have different workers, from 0 to `threads() - 1`: for memory that a thread needs to itself.
    template <class Body>
    void for_each_task(std::size_t count, const Body& body) {
        const std::size_t workers = std::min(static_cast<std::size_t>(threads()), count);
        std::atomic<std::size_t> next{0};
        parallel_for(workers, 1, [&](std::size_t begin, std::size_t end) {
            for (std::size_t worker = begin; worker < end; ++worker) {
                for (std::size_t task = next++; task < count; task = next++) body(task, worker);
            }
        });
    }

private:
#if defined(__SANITIZE_THREAD__)
    /// Debian's TBB is built without ThreadSanitizer, which takes its hand-overs for races: threads of our own, which
    /// it sees start and end, share the pieces out instead. Relaxed, so that the counter orders nothing of the bodies.
    template <class Body>
    void share_out(std::size_t count, std::size_t grain, const Body& body) {
        std::atomic<std::size_t> next = 0;
        const auto work = [&] {
            const auto take = [&] { return next.fetch_add(grain, std::memory_order_relaxed); };
            for (std::size_t begin = take(); begin < count; begin = take()) body(begin, std::min(begin + grain, count));
        };
        std::vector<std::jthread> helpers;
        for (int i = 1; i < threads(); ++i) helpers.emplace_back(work);
        work();
    }
#endif
    oneapi::tbb::task_arena arena_;
};

} // namespace detect
