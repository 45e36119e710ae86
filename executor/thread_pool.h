#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

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
        arena_.execute([&] {
            oneapi::tbb::parallel_for(
                oneapi::tbb::blocked_range<std::size_t>(0, count, grain),
                [&](const oneapi::tbb::blocked_range<std::size_t>& range) { body(range.begin(), range.end()); },
                oneapi::tbb::simple_partitioner());
        });
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
    oneapi::tbb::task_arena arena_;
};

} // namespace detect
