#include "executor/kernels/aligned_buffer.h"

#include <algorithm>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace detect {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20U;

Error out_of_memory(std::size_t count) {
    return Error{ErrorCode::resource_limit, "not enough memory for " + std::to_string(count) +
                                                " packed weights: free some, or use a smaller model"};
}

} // namespace

Result<AlignedBuffer> AlignedBuffer::allocate(std::size_t count) {
    AlignedBuffer buffer;
    if (count == 0) return buffer;
    const auto bytes = checked_mul(count, sizeof(float));
    // Weights that are streamed from memory (fc6: 51 MB) lie in huge pages where the system gives them.
    const std::size_t boundary = bytes && *bytes >= huge_page ? huge_page : alignment;
    const auto padded = bytes ? checked_add(*bytes, boundary - 1) : std::nullopt;
    if (!padded) return out_of_memory(count);
    const std::size_t size = *padded / boundary * boundary;
    buffer.memory_.reset(static_cast<float*>(std::aligned_alloc(boundary, size)));
    if (!buffer.memory_) return out_of_memory(count);
    buffer.count_ = count;
#if defined(__linux__)
    // Only advice: without it everything works as well, a little slower.
    if (boundary == huge_page) static_cast<void>(madvise(buffer.memory_.get(), size, MADV_HUGEPAGE));
#endif
    std::fill_n(buffer.memory_.get(), count, 0.F);
    return buffer;
}

} // namespace detect
