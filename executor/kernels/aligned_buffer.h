#pragma once

#include "detect/error.h"
#include "graph/checked.h"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

namespace detect {

/// Floats on a 64-byte boundary (a cache line and an AVX-512 vector), zeroed.
class AlignedBuffer {
public:
    AlignedBuffer() = default;

    /// `resource_limit` if the memory is not there.
    static Result<AlignedBuffer> allocate(std::size_t count);

    [[nodiscard]] std::span<float> floats() { return {memory_.get(), count_}; }
    [[nodiscard]] std::span<const float> floats() const { return {memory_.get(), count_}; }
    [[nodiscard]] std::size_t bytes() const { return count_ * sizeof(float); }
    [[nodiscard]] float* data() { return memory_.get(); }
    [[nodiscard]] const float* data() const { return memory_.get(); }

private:
    struct Free {
        void operator()(float* memory) const { std::free(memory); }
    };
    std::unique_ptr<float[], Free> memory_;
    std::size_t count_ = 0;
};

} // namespace detect
