// SPDX-License-Identifier: Apache-2.0
#include "executor/memory.h"

#include "base/checked.h"
#include "base/try.h"

#include <algorithm>
#include <limits>

namespace detect {

Result<Storage> BufferPool::new_buffer(std::size_t capacity) {
    const Dims dims{static_cast<std::int64_t>(capacity)};
    auto memory = MemoryBudget::allocate(budget_, DataType::uint8, dims);
    if (!memory) {
        std::erase_if(buffers_, [](const Buffer& buffer) { return buffer.storage.use_count() == 1; });
        memory = MemoryBudget::allocate(budget_, DataType::uint8, dims);
    }
    if (!memory) return std::move(memory).error();
    ++system_allocations_;
    return memory->storage();
}

Result<Tensor> BufferPool::allocate(DataType type, const Dims& dims) {
    const auto bytes = checked_byte_count(dims.sizes(), element_size(type));
    if (!bytes || element_size(type) == 0) return Tensor::create_uninitialised(type, dims); // its error says why
    const auto wanted = static_cast<std::size_t>(*bytes);
    constexpr std::size_t granularity = 256;
    if (wanted > static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max()) - granularity) {
        return Tensor::create_uninitialised(type, dims);
    }
    const std::size_t capacity = (wanted / granularity + 1) * granularity;

    // The smallest free buffer that is large enough, but not so large that a later step would miss it. Where a graph
    // holds thousands at once, only some are looked at, other ones each time: the work is to stay in proportion.
    constexpr std::size_t most_looked_at = 1024;
    Buffer* best = nullptr;
    for (std::size_t i = 0; i < std::min(buffers_.size(), most_looked_at); ++i) {
        next_ = next_ + 1 < buffers_.size() && buffers_.size() > most_looked_at ? next_ + 1 : 0;
        Buffer& buffer = buffers_[buffers_.size() > most_looked_at ? next_ : i];
        const bool fits = buffer.capacity >= wanted && buffer.capacity / 4 <= capacity;
        if (!fits || buffer.storage.use_count() != 1) continue;
        if (best == nullptr || buffer.capacity < best->capacity) best = &buffer;
    }
    if (best == nullptr) {
        DETECT_TRY_ASSIGN(Storage storage, new_buffer(capacity));
        buffers_.push_back({.storage = std::move(storage), .capacity = capacity});
        best = &buffers_.back();
    }
    best->last_used = run_;
    return Tensor::from_storage(type, dims, best->storage);
}

void BufferPool::end_run() {
    constexpr std::uint64_t kept_runs = 8;
    ++run_;
    std::erase_if(buffers_, [&](const Buffer& buffer) { return buffer.last_used + kept_runs < run_; });
}

std::size_t BufferPool::bytes() const {
    std::size_t total = 0;
    for (const Buffer& buffer : buffers_) total += buffer.capacity;
    return total;
}

} // namespace detect
