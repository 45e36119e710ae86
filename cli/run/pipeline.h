// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/bounded_queue.h"

#include <functional>
#include <future>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

namespace detect::cli {

/// Threads for work that may be done out of order.
template <class Yield = NoYield>
class Helpers {
public:
    explicit Helpers(unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            threads_.emplace_back([this] {
                while (auto task = tasks_.pop()) {
                    Yield::here();
                    (*task)();
                }
            });
        }
    }
    /// What was submitted is done first.
    ~Helpers() {
        tasks_.close();
        for (std::thread& thread : threads_) thread.join();
    }
    Helpers(const Helpers&) = delete;
    Helpers& operator=(const Helpers&) = delete;

    template <class Task>
    std::future<std::invoke_result_t<Task&>> submit(Task task) {
        std::packaged_task<std::invoke_result_t<Task&>()> packaged(std::move(task));
        auto result = packaged.get_future();
        tasks_.push(std::packaged_task<void()>([packaged = std::move(packaged)]() mutable { packaged(); }));
        return result;
    }

private:
    // How far ahead anyone gets is bounded where the results are waited for.
    BoundedQueue<std::packaged_task<void()>, Yield> tasks_{std::numeric_limits<std::size_t>::max()};
    std::vector<std::thread> threads_;
};

struct PipelineOptions {
    /// Items that may wait between two stages.
    std::size_t ahead = 4;
    /// Threads that load and render.
    unsigned helpers = 2;
    /// Asked between items: no more are to be started.
    std::function<bool()> stopped = [] { return false; };
    /// Told that a stage has failed: whoever waits in `next` is to give up.
    std::function<void()> stop = [] {};
};

/// Calls a function at the end of its life.
template <class Function>
class AtEnd {
public:
    explicit AtEnd(Function function) : function_(std::move(function)) {}
    ~AtEnd() { function_(); }
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;

private:
    Function function_;
};

/// Loads, detects, renders and finishes items, all at the same time, in bounded memory:
/// - `next()` gives `std::optional<Load>`, one at a time, on a thread of its own; `Load` is called by a helper;
/// - `detect(loaded)` gets what `Load` returned, one at a time in order on a thread of its own, and returns `Render`,
///   which is called by a helper;
/// - `finish(rendered)` gets what `Render` returned, one at a time in order on the calling thread; false ends it all.
/// When it is stopped, what has been detected is still rendered and finished. Exceptions of any stage come out here.
template <class Yield = NoYield, class Next, class Detect, class Finish>
void run_pipeline(const PipelineOptions& options, Next next, Detect detect, Finish finish) {
    using Load = typename std::invoke_result_t<Next&>::value_type;
    using Loaded = std::invoke_result_t<Load&>;
    using Render = std::invoke_result_t<Detect&, Loaded>;
    using Rendered = std::invoke_result_t<Render&>;
    BoundedQueue<std::future<Loaded>, Yield> loaded(options.ahead);
    BoundedQueue<std::future<Rendered>, Yield> rendered(options.ahead);
    Helpers<Yield> helpers(options.helpers);

    auto loading = std::async(std::launch::async, [&] {
        const AtEnd at_end([&] { loaded.close(); });
        while (!options.stopped()) {
            auto load = next();
            if (!load || !loaded.push(helpers.submit(std::move(*load)))) return;
        }
    });
    auto detecting = std::async(std::launch::async, [&] {
        const AtEnd at_end([&] {
            loaded.close();
            rendered.close();
        });
        while (auto item = loaded.pop()) {
            Yield::here();
            if (options.stopped()) continue; // what has been loaded for nothing is let go of
            if (!rendered.push(helpers.submit(detect(item->get())))) return;
        }
    });
    const auto end = [&] {
        options.stop();
        rendered.close();
        loaded.close();
        while (loaded.pop()) {
        }
    };
    try {
        bool go_on = true;
        while (auto item = go_on ? rendered.pop() : std::nullopt) go_on = finish(item->get());
        // Here the detecting thread has ended, or is to end.
        if (!go_on) end();
        detecting.get();
        loading.get();
    } catch (...) {
        end();
        throw;
    }
}

} // namespace detect::cli
