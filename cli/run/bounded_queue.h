// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/yield_point.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace detect::cli {

/// Hands values from one thread to another, a few at a time: a producer that is ahead waits.
template <class T, class Yield = NoYield>
class BoundedQueue {
public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    /// Waits while the queue is full. False, and the value is dropped, if it is closed.
    bool push(T value) {
        Yield::here();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || values_.size() < capacity_; });
        if (closed_) return false;
        Yield::here();
        values_.push_back(std::move(value));
        changed_.notify_all();
        return true;
    }

    /// Waits while the queue is empty. Nothing once it is closed and empty.
    std::optional<T> pop() {
        Yield::here();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closed_ || !values_.empty(); });
        if (values_.empty()) return std::nullopt;
        Yield::here();
        std::optional<T> value(std::move(values_.front()));
        values_.pop_front();
        changed_.notify_all();
        return value;
    }

    /// Nothing more is taken in; what is in can still be taken out.
    void close() {
        Yield::here();
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<T> values_;
    std::size_t capacity_;
    bool closed_ = false;
};

} // namespace detect::cli
