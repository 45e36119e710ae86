// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/locks.h"

#include <cstdint>
#include <mutex>
#include <utility>

namespace detect::cli {

/// Bounds what decoded pictures that wait for their turn take: many small ones, but large ones one at a time.
template <class Locks>
class BasicWaitingPictures {
public:
    /// A part of the budget, given back at the end of its life.
    class Share {
    public:
        Share() = default;
        Share(BasicWaitingPictures& budget, std::uintmax_t bytes) : budget_(&budget), bytes_(bytes) {}
        Share(Share&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
        Share& operator=(Share&& other) noexcept {
            std::swap(budget_, other.budget_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Share() {
            if (budget_ != nullptr) budget_->change(bytes_, 0);
        }
        /// What was an estimate is known now.
        void resize(std::uintmax_t bytes) {
            if (budget_ != nullptr) budget_->change(std::exchange(bytes_, bytes), bytes);
        }

    private:
        BasicWaitingPictures* budget_ = nullptr;
        std::uintmax_t bytes_ = 0;
    };

    explicit BasicWaitingPictures(std::uintmax_t bytes) : limit_(bytes) {}

    /// Waits until so much is free, or all is.
    [[nodiscard]] Share take(std::uintmax_t bytes) {
        std::unique_lock lock(mutex_);
        freed_.wait(lock, [&] { return used_ == 0 || (bytes <= limit_ && used_ <= limit_ - bytes); });
        used_ += bytes;
        return {*this, bytes};
    }

private:
    void change(std::uintmax_t from, std::uintmax_t to) {
        const std::lock_guard lock(mutex_);
        used_ = used_ - from + to;
        freed_.notify_all();
    }

    typename Locks::Mutex mutex_;
    typename Locks::Condition freed_;
    std::uintmax_t limit_;
    std::uintmax_t used_ = 0;
};

using WaitingPictures = BasicWaitingPictures<StandardLocks>;

} // namespace detect::cli
