// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/tensor.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace detect {

/// What a model may hold at once, and what it holds: weights, plans, pictures and everything computed from them.
/// Memory is counted before it is asked for, so what is held never passes the limit. Safe to use from many threads.
class MemoryBudget {
public:
    /// `limit` in bytes; 0: none.
    explicit MemoryBudget(std::size_t limit = 0) : limit_(limit) {}
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    /// Counts memory that lives as long as the model. `resource_limit` if it would pass the limit.
    Result<void> take(std::size_t bytes);
    /// Takes back what `take` counted.
    void give_back(std::size_t bytes) { used_ -= bytes; }
    /// `resource_limit` if `bytes` more would pass the limit. Counts nothing: for what is known before it is asked for.
    [[nodiscard]] Result<void> check(std::size_t bytes) const;

    [[nodiscard]] std::size_t limit() const { return limit_; }
    [[nodiscard]] std::size_t used() const { return used_; }
    /// The most that was ever used.
    [[nodiscard]] std::size_t peak() const { return peak_; }

    /// A tensor with undefined contents that counts until the last copy of it is gone. Errors as
    /// Tensor::create_uninitialised, or `resource_limit`.
    static Result<Tensor> allocate(const std::shared_ptr<MemoryBudget>& budget, DataType type, const Dims& dims);

private:
    [[nodiscard]] Error refusal(std::size_t used, std::size_t bytes) const;

    std::size_t limit_;
    std::atomic<std::size_t> used_ = 0;
    std::atomic<std::size_t> peak_ = 0;
};

} // namespace detect
