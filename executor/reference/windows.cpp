// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/windows.h"

namespace detect::reference {

Result<Sliding> sliding(const KernelContext& context, const Dims& input, const Dims& output,
                        std::span<const std::int64_t> kernel) {
    const std::size_t rank = input.rank() - 2;
    if (rank > 3) {
        Error error = context.error("slides over " + std::to_string(rank) + " axes; at most 3 are supported");
        error.code = ErrorCode::unsupported;
        return error;
    }
    DETECT_TRY_ASSIGN(const WindowAttributes windows, window_attributes(context.node(), rank, kernel));
    Sliding result;
    for (std::size_t i = 0; i < rank; ++i) {
        const std::size_t axis = 3 - rank + i;
        result.input[axis] = input[i + 2];
        result.output[axis] = output[i + 2];
        result.window[axis] = resolve_padding(windows.axes[i], windows.auto_pad, input[i + 2]);
    }
    return result;
}

} // namespace detect::reference
