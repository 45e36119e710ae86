// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/memory_budget.h"
#include "graph/tensor.h"

#include <cstdint>
#include <vector>

namespace detect {

/// Memory that is used again from step to step and from run to run. A buffer is free as soon as no tensor holds it.
/// For one run at a time; tensors handed to the caller keep their buffer until they are gone.
class BufferPool {
public:
    BufferPool() : BufferPool(std::make_shared<MemoryBudget>()) {}
    /// What the pool holds, in use or not, counts in `budget`.
    explicit BufferPool(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}

    /// A tensor with undefined contents. `resource_limit` if the budget does not allow it, even without what lies here
    /// unused.
    Result<Tensor> allocate(DataType type, const Dims& dims);
    /// Call between runs: gives back buffers that none of the last runs used.
    void end_run();
    [[nodiscard]] std::size_t bytes() const;
    /// How often memory was asked from the system.
    [[nodiscard]] std::uint64_t system_allocations() const { return system_allocations_; }

private:
    struct Buffer {
        Storage storage;
        std::size_t capacity = 0;
        std::uint64_t last_used = 0;
    };
    Result<Storage> new_buffer(std::size_t capacity);

    std::shared_ptr<MemoryBudget> budget_;
    std::vector<Buffer> buffers_;
    /// Where to look next, if there are too many to look at all.
    std::size_t next_ = 0;
    std::uint64_t run_ = 0;
    std::uint64_t system_allocations_ = 0;
};

} // namespace detect
