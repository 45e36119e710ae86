// SPDX-License-Identifier: Apache-2.0
#include "executor/memory_budget.h"

#include "base/checked.h"
#include "base/try.h"

#include <array>
#include <cstdio>

namespace detect {

namespace {

std::string megabytes(std::size_t bytes) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f MB", static_cast<double>(bytes) / 1e6);
    return text.data();
}

} // namespace

Error MemoryBudget::refusal(std::size_t used, std::size_t bytes) const {
    return {ErrorCode::resource_limit, "the memory limit is " + megabytes(limit_) + ", of which " + megabytes(used) +
                                           " are in use, and " + megabytes(bytes) +
                                           " more are needed: raise the limit, or hand in smaller pictures (tiles)"};
}

Result<void> MemoryBudget::check(std::size_t bytes) const {
    const std::size_t used = used_;
    const auto total = checked_add(used, bytes);
    if (limit_ != 0 && (!total || *total > limit_)) return refusal(used, bytes);
    return {};
}

Result<void> MemoryBudget::take(std::size_t bytes) {
    std::size_t used = used_;
    std::size_t total = 0;
    do {
        const auto sum = checked_add(used, bytes);
        if (!sum || (limit_ != 0 && *sum > limit_)) return refusal(used, bytes);
        total = *sum;
    } while (!used_.compare_exchange_weak(used, total));
    std::size_t peak = peak_;
    while (peak < total && !peak_.compare_exchange_weak(peak, total)) {
    }
    return {};
}

Result<Tensor> MemoryBudget::allocate(const std::shared_ptr<MemoryBudget>& budget, DataType type, const Dims& dims) {
    const auto bytes = checked_byte_count(dims.sizes(), element_size(type));
    if (!bytes || element_size(type) == 0) return Tensor::create_uninitialised(type, dims); // its error says why
    const auto size = static_cast<std::size_t>(*bytes);
    DETECT_TRY(budget->take(size));
    auto tensor = Tensor::create_uninitialised(type, dims);
    if (!tensor) {
        budget->give_back(size);
        return tensor;
    }
    std::byte* memory = tensor->storage().get();
    auto release = [owner = tensor->storage(), budget, size](std::byte*) mutable {
        owner.reset();
        budget->give_back(size);
    };
    return Tensor::from_storage(type, dims, Storage(memory, std::move(release)));
}

} // namespace detect
