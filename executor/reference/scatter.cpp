// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/indices.h"
#include "executor/reference/kernel_families.h"

#include <algorithm>
#include <cstring>

namespace detect::reference {

namespace {

/// Writes blocks of `block` elements from `updates` to the offsets, one after another: the last writer wins.
void replace_blocks(Tensor& output, const Tensor& updates, std::span<const std::int64_t> offsets, std::int64_t block) {
    const std::size_t size = element_size(output.type());
    const std::size_t bytes = static_cast<std::size_t>(block) * size;
    if (bytes == 0) return;
    if (block == 1) {
        // Copies of a known size are single moves.
        dispatch_size(output.type(), [&]<std::size_t element>() {
            std::byte* const to = output.mutable_bytes().data();
            const std::byte* from = updates.bytes().data();
            for (const std::int64_t offset : offsets) {
                std::memcpy(to + static_cast<std::size_t>(offset) * element, from, element);
                from += element;
            }
        });
        return;
    }
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        std::memcpy(output.mutable_bytes().data() + static_cast<std::size_t>(offsets[i]) * size,
                    updates.bytes().data() + i * bytes, bytes);
    }
}

template <class T>
T combine(T a, T b, bool adds) {
    if constexpr (std::is_integral_v<T>) {
        const auto x = static_cast<std::uint64_t>(a);
        const auto y = static_cast<std::uint64_t>(b);
        return static_cast<T>(adds ? x + y : x * y);
    } else {
        return adds ? a + b : a * b;
    }
}

/// Adds or multiplies blocks of `updates` into the offsets, one after another.
Result<void> combine_blocks(const KernelContext& context, Tensor& output, const Tensor& updates,
                            std::span<const std::int64_t> offsets, std::int64_t block, bool adds) {
    return dispatch(context, output.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        const auto length = static_cast<std::size_t>(block);
        const auto from = updates.data<T>();
        const auto to = output.mutable_data<T>();
        for (std::size_t i = 0; i < offsets.size(); ++i) {
            for (std::size_t k = 0; k < length; ++k) {
                T& target = to[static_cast<std::size_t>(offsets[i]) + k];
                target = combine(target, from[i * length + k], adds);
            }
        }
        return {};
    });
}

Result<void> scatter_blocks(KernelContext& context, std::span<const std::int64_t> offsets, std::int64_t block) {
    const Tensor& data = context.input(0);
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(0, data.type(), data.dims()));
    std::ranges::copy(data.bytes(), output->mutable_bytes().begin());
    const std::string reduction = context.node().string_or("reduction", "none");
    if (reduction != "none") {
        return combine_blocks(context, *output, context.input(2), offsets, block, reduction == "add");
    }
    replace_blocks(*output, context.input(2), offsets, block);
    return {};
}

/// ScatterElements and its older name, Scatter.
Result<void> scatter_elements(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    const Dims& dims = context.input(0).dims();
    const std::size_t axis = from_front(context.node().int_or("axis", 0), dims.rank());
    DETECT_TRY_ASSIGN(const auto offsets, element_offsets(context, context.input(1), dims, axis));
    return scatter_blocks(context, offsets, 1);
}

Result<void> scatter_nd(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    const Dims& dims = context.input(0).dims();
    const Tensor& indices = context.input(1);
    const auto length = static_cast<std::size_t>(indices.dims()[indices.dims().rank() - 1]);
    DETECT_TRY_ASSIGN(const auto offsets, tuple_offsets(context, indices, dims, 0, length));
    return scatter_blocks(context, offsets, extent(dims, length, dims.rank()));
}

} // namespace

std::vector<KernelEntry> scatter_kernels() {
    return {
        {"Scatter", scatter_elements},
        {"ScatterElements", scatter_elements},
        {"ScatterND", scatter_nd},
    };
}

} // namespace detect::reference
