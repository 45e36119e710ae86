#pragma once

#include <algorithm>
#include <cstddef>

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace detect {

/// Tells ThreadSanitizer what it cannot see in a TBB that is built without it: a task starts after its parallel_for,
/// which ends after its tasks. Nothing in other builds.
class ForkJoin {
public:
#if defined(__SANITIZE_THREAD__)
    void fork() { __tsan_release(&fork_); }
    void begin_task() { __tsan_acquire(&fork_); }
    void end_task() { __tsan_release(&join_); }
    void join() { __tsan_acquire(&join_); }

private:
    char fork_ = 0;
    char join_ = 0;
#else
    void fork() const {}
    void begin_task() const {}
    void end_task() const {}
    void join() const {}
#endif
};

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
        ForkJoin order;
        order.fork();
        arena_.execute([&] {
            oneapi::tbb::parallel_for(
                oneapi::tbb::blocked_range<std::size_t>(0, count, grain),
                [&](const oneapi::tbb::blocked_range<std::size_t>& range) {
                    order.begin_task();
                    body(range.begin(), range.end());
                    order.end_task();
                },
                oneapi::tbb::simple_partitioner());
        });
        order.join();
    }

private:
    oneapi::tbb::task_arena arena_;
};

} // namespace detect
