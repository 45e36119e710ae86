// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/locks.h"
#include "base/try.h"
#include "graph/tensor.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace detect {

/// Plans by the sizes of a model's inputs; the one that was used longest ago goes first. Safe to call from many
/// threads.
template <class Plan, class Locks = StandardLocks>
class PlanCache {
public:
    /// Keeps `most` plans, and one at least.
    explicit PlanCache(std::size_t most) : most_(std::max<std::size_t>(most, 1)) {}

    /// The plan for `dims`; if there is none, what `make()` returns, a Result<Plan>. It is called without a lock, so
    /// that a size that is planned holds up no other. Threads that want the same new size at once may each make a
    /// plan: all of them get the one that was kept first.
    template <class Make>
    Result<std::shared_ptr<const Plan>> find_or_make(const std::vector<Dims>& dims, const Make& make) {
        {
            const std::lock_guard lock(mutex_);
            if (auto found = use(dims)) return found;
        }
        DETECT_TRY_ASSIGN(Plan plan, make());
        auto made = std::make_shared<const Plan>(std::move(plan));
        const std::lock_guard lock(mutex_);
        if (auto found = use(dims)) return found;
        entries_.insert(entries_.begin(), {dims, made});
        if (entries_.size() > most_) entries_.pop_back();
        return made;
    }

    /// Whoever runs one of the plans keeps it until then.
    void clear() {
        const std::lock_guard lock(mutex_);
        entries_.clear();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return entries_.size();
    }

private:
    struct Entry {
        std::vector<Dims> dims;
        std::shared_ptr<const Plan> plan;
    };

    /// Null if there is none. The mutex is locked.
    std::shared_ptr<const Plan> use(const std::vector<Dims>& dims) {
        const auto found = std::ranges::find(entries_, dims, &Entry::dims);
        if (found == entries_.end()) return nullptr;
        std::rotate(entries_.begin(), found, found + 1);
        return entries_.front().plan;
    }

    std::size_t most_;
    mutable typename Locks::Mutex mutex_;
    std::vector<Entry> entries_; // most recently used first
};

} // namespace detect
