// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/indices.h"
#include "executor/reference/kernel_families.h"

#include <cstring>

namespace detect::reference {

namespace {

Result<void> gather(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& data = context.input(0);
    const Dims& dims = data.dims();
    const std::size_t axis = from_front(context.node().int_or("axis", 0), dims.rank());
    DETECT_TRY_ASSIGN(const auto indices, resolved_indices(context, context.input(1), dims[axis]));
    const std::size_t block = static_cast<std::size_t>(extent(dims, axis + 1, dims.rank())) * element_size(data.type());
    if (output->byte_count() == 0) return {};
    const std::int64_t outer = extent(dims, 0, axis);
    std::byte* target = output->mutable_bytes().data();
    for (std::int64_t o = 0; o < outer; ++o) {
        for (const std::int64_t index : indices) {
            std::memcpy(target, data.bytes().data() + static_cast<std::size_t>(o * dims[axis] + index) * block, block);
            target += block;
        }
    }
    return {};
}

Result<void> gather_elements(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& data = context.input(0);
    const std::size_t axis = from_front(context.node().int_or("axis", 0), data.dims().rank());
    DETECT_TRY_ASSIGN(const auto offsets, element_offsets(context, context.input(1), data.dims(), axis));
    dispatch_size(data.type(), [&]<std::size_t size>() {
        std::byte* target = output->mutable_bytes().data();
        for (const std::int64_t offset : offsets) {
            std::memcpy(target, data.bytes().data() + static_cast<std::size_t>(offset) * size, size);
            target += size;
        }
    });
    return {};
}

Result<void> gather_nd(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& data = context.input(0);
    const Tensor& indices = context.input(1);
    const auto batch_dims = static_cast<std::size_t>(context.node().int_or("batch_dims", 0));
    const auto length = static_cast<std::size_t>(indices.dims()[indices.dims().rank() - 1]);
    const Dims& dims = data.dims();
    DETECT_TRY_ASSIGN(const auto offsets, tuple_offsets(context, indices, dims, batch_dims, length));
    const std::size_t size = element_size(data.type());
    const std::size_t block = static_cast<std::size_t>(extent(dims, batch_dims + length, dims.rank())) * size;
    const std::size_t batches = static_cast<std::size_t>(extent(dims, 0, batch_dims));
    const std::size_t batch_bytes = static_cast<std::size_t>(extent(dims, batch_dims, dims.rank())) * size;
    if (output->byte_count() == 0) return {};
    const std::size_t per_batch = offsets.size() / batches;
    std::byte* target = output->mutable_bytes().data();
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        const std::byte* source =
            data.bytes().data() + (i / per_batch) * batch_bytes + static_cast<std::size_t>(offsets[i]) * size;
        std::memcpy(target, source, block);
        target += block;
    }
    return {};
}

} // namespace

std::vector<KernelEntry> gather_kernels() {
    return {
        {"Gather", gather},
        {"GatherElements", gather_elements},
        {"GatherND", gather_nd},
    };
}

} // namespace detect::reference
