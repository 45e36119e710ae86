// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/aligned_buffer.h"

#include <limits>
#include <string>

namespace detect {

Result<AlignedBuffer> AlignedBuffer::allocate(std::size_t count) {
    if (count == 0) return AlignedBuffer();
    constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
    auto floats = Tensor::create(DataType::float32, {static_cast<std::int64_t>(std::min(count, most))});
    if (floats) return AlignedBuffer(*std::move(floats));
    return Error{ErrorCode::resource_limit, "not enough memory for " + std::to_string(count) +
                                                " packed weights: free some, or use a smaller model"};
}

} // namespace detect
