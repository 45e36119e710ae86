// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/yield_point.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace detect {

/// The values that were used last, at most so many. Safe to use from many threads; a value that goes stays alive with
/// whoever has it. Few are kept, so they are looked through one by one.
template <class Key, class Value, class Yield = NoYield>
class RecentCache {
public:
    using Shared = std::shared_ptr<const Value>;

    explicit RecentCache(std::size_t most) : most_(std::max<std::size_t>(most, 1)) {}

    /// Null if it is not there.
    [[nodiscard]] Shared find(const Key& key) {
        Yield::here();
        const std::lock_guard lock(mutex_);
        return move_to_front(key);
    }

    /// What is kept under this key from now on: another value, if somebody was faster.
    [[nodiscard]] Shared insert(Key key, Shared value) {
        Yield::here();
        const std::lock_guard lock(mutex_);
        if (Shared earlier = move_to_front(key)) return earlier;
        Yield::here();
        kept_.insert(kept_.begin(), {std::move(key), value});
        Yield::here();
        if (kept_.size() > most_) kept_.pop_back();
        return value;
    }

    void clear() {
        Yield::here();
        const std::lock_guard lock(mutex_);
        kept_.clear();
    }

    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return kept_.size();
    }

private:
    struct Kept {
        Key key;
        Shared value;
    };

    Shared move_to_front(const Key& key) {
        const auto found = std::ranges::find(kept_, key, &Kept::key);
        if (found == kept_.end()) return nullptr;
        Yield::here();
        std::rotate(kept_.begin(), found, found + 1);
        return kept_.front().value;
    }

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::vector<Kept> kept_; // most recently used first
};

} // namespace detect
