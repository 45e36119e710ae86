// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/strided_copy.h"
#include "executor/reference/support.h"
#include "graph/geometry.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace detect::reference {

namespace {

std::vector<std::int64_t> strides_of(const Dims& dims) {
    std::vector<std::int64_t> strides(dims.rank());
    std::int64_t stride = 1;
    for (std::size_t axis = dims.rank(); axis-- > 0;) {
        strides[axis] = stride;
        stride *= dims[axis];
    }
    return strides;
}

void copy_to(Tensor& output, const Tensor& input, std::int64_t first, std::span<const StridedAxis> axes) {
    if (output.element_count() == 0) return;
    const std::size_t size = element_size(input.type());
    copy_strided(output.mutable_bytes().data(), input.bytes().data() + first * static_cast<std::int64_t>(size), axes,
                 size);
}

Result<void> transpose(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const std::size_t rank = input.dims().rank();
    std::vector<std::int64_t> order(rank);
    std::iota(order.rbegin(), order.rend(), 0);
    if (const auto* given = context.node().attribute<std::vector<std::int64_t>>("perm")) order = *given;
    const auto strides = strides_of(input.dims());
    std::vector<StridedAxis> axes;
    for (const std::int64_t axis : order) {
        const std::size_t from = from_front(axis, rank);
        axes.push_back({input.dims()[from], strides[from]});
    }
    copy_to(*output, input, 0, axes);
    return {};
}

Result<void> expand(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const auto strides = strides_of(input.dims());
    const std::size_t added = output->dims().rank() - input.dims().rank();
    std::vector<StridedAxis> axes;
    for (std::size_t i = 0; i < output->dims().rank(); ++i) {
        const bool repeats = i < added || input.dims()[i - added] == 1;
        axes.push_back({output->dims()[i], repeats ? 0 : strides[i - added]});
    }
    copy_to(*output, input, 0, axes);
    return {};
}

Result<void> tile(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const auto repeats = integers(context.input(1));
    const auto strides = strides_of(input.dims());
    std::vector<StridedAxis> axes;
    for (std::size_t i = 0; i < input.dims().rank(); ++i) {
        axes.push_back({repeats[i], 0});
        axes.push_back({input.dims()[i], strides[i]});
    }
    copy_to(*output, input, 0, axes);
    return {};
}

/// The values of a list that is an attribute before opset 10 and an input from then on; empty if left out.
std::vector<std::int64_t> slice_list(const KernelContext& context, std::string_view name, std::size_t index) {
    if (const auto* given = context.node().attribute<std::vector<std::int64_t>>(name)) return *given;
    return context.has_input(index) ? integers(context.input(index)) : std::vector<std::int64_t>{};
}

Result<void> slice(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const auto starts = slice_list(context, "starts", 1);
    const auto ends = slice_list(context, "ends", 2);
    auto named = slice_list(context, "axes", 3);
    if (!context.has_input(3) && named.empty()) {
        named.resize(starts.size());
        std::iota(named.begin(), named.end(), 0);
    }
    const auto steps = slice_list(context, "steps", 4);
    const auto strides = strides_of(input.dims());
    std::vector<StridedAxis> axes;
    for (std::size_t i = 0; i < strides.size(); ++i) axes.push_back({input.dims()[i], strides[i]});
    std::int64_t first = 0;
    for (std::size_t i = 0; i < named.size(); ++i) {
        const std::size_t axis = from_front(named[i], strides.size());
        const std::int64_t step = steps.empty() ? 1 : steps[i];
        const SliceRange range = resolve_slice(starts[i], ends[i], step, input.dims()[axis]);
        first += range.start * strides[axis];
        // A single element takes no step, and a step past the end could not be multiplied safely.
        axes[axis] = {range.count, range.count > 1 ? range.step * strides[axis] : 0};
    }
    copy_to(*output, input, first, axes);
    return {};
}

Result<void> concat(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = output->dims();
    const std::size_t axis = from_front(context.node().int_or("axis", 0), dims.rank());
    const std::int64_t outer = extent(dims, 0, axis);
    const std::size_t size = element_size(output->type());
    const std::size_t row = static_cast<std::size_t>(extent(dims, axis, dims.rank())) * size;
    std::byte* target = output->mutable_bytes().data();
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        const Tensor& part = context.input(i);
        const std::size_t bytes = static_cast<std::size_t>(extent(part.dims(), axis, dims.rank())) * size;
        if (bytes == 0) continue;
        for (std::int64_t o = 0; o < outer; ++o) {
            const auto at = static_cast<std::size_t>(o);
            std::memcpy(target + at * row, part.bytes().data() + at * bytes, bytes);
        }
        target += bytes;
    }
    return {};
}

Result<void> split(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto outputs, infer_outputs(context));
    const Tensor& input = context.input(0);
    const std::size_t axis = from_front(context.node().int_or("axis", 0), input.dims().rank());
    const auto strides = strides_of(input.dims());
    std::int64_t first = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        DETECT_TRY_ASSIGN(const Dims dims, known_dims(context, outputs[i]));
        if (context.wants_output(i)) {
            DETECT_TRY_ASSIGN(Tensor* const part, context.allocate(i, input.type(), dims));
            std::vector<StridedAxis> axes;
            for (std::size_t d = 0; d < strides.size(); ++d) axes.push_back({dims[d], strides[d]});
            copy_to(*part, input, first, axes);
        }
        first += dims[axis] * strides[axis];
    }
    return {};
}

/// Depth [b·b·c] to space: the block's row and column are the outer (DCR) or inner (CRD) part of the channel number.
Result<void> depth_to_space(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::int64_t block = context.node().int_or("blocksize", 1);
    const bool outer = context.node().string_or("mode", "DCR") == "DCR";
    const std::int64_t plane = dims[2] * dims[3];
    const std::int64_t channels = output->dims()[1];
    const std::int64_t channel_step = outer ? plane : plane * block * block;
    const std::int64_t column_step = outer ? plane * channels : plane;
    const StridedAxis axes[] = {{dims[0], dims[1] * plane},
                                {channels, channel_step},
                                {dims[2], dims[3]},
                                {block, column_step * block},
                                {dims[3], 1},
                                {block, column_step}};
    copy_to(*output, input, 0, axes);
    return {};
}

Result<void> space_to_depth(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::int64_t block = context.node().int_or("blocksize", 1);
    const StridedAxis axes[] = {
        {dims[0], dims[1] * dims[2] * dims[3]}, {block, dims[3]},        {block, 1}, {dims[1], dims[2] * dims[3]},
        {dims[2] / block, block * dims[3]},     {dims[3] / block, block}};
    copy_to(*output, input, 0, axes);
    return {};
}

Result<void> trilu(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const bool upper = context.node().int_or("upper", 1) != 0;
    std::int64_t shift = 0;
    if (context.has_input(1)) {
        if (context.input(1).element_count() != 1) return context.error("k must be a single number");
        shift = context.input(1).data<std::int64_t>()[0];
    }
    const Dims& dims = input.dims();
    const std::int64_t rows = dims[dims.rank() - 2];
    const std::int64_t columns = dims[dims.rank() - 1];
    if (input.element_count() == 0) return {};
    // A diagonal outside the matrix is as good as one just outside.
    shift = std::clamp(shift, -rows, columns);
    const std::size_t size = element_size(input.type());
    std::ranges::copy(input.bytes(), output->mutable_bytes().begin());
    for (std::int64_t line = 0; line < input.element_count() / columns; ++line) {
        const std::int64_t diagonal = std::clamp(line % rows + shift + (upper ? 0 : 1), std::int64_t{0}, columns);
        const std::int64_t first = upper ? 0 : diagonal;
        const std::int64_t last = upper ? diagonal : columns;
        std::memset(output->mutable_bytes().data() + static_cast<std::size_t>(line * columns + first) * size, 0,
                    static_cast<std::size_t>(last - first) * size);
    }
    return {};
}

Result<void> reverse_sequence(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const auto lengths = context.input(1).data<std::int64_t>();
    const bool time_first = context.node().int_or("time_axis", 0) == 0;
    const Dims& dims = input.dims();
    const std::int64_t steps = time_first ? dims[0] : dims[1];
    for (const std::int64_t length : lengths) {
        if (length < 0 || length > steps)
            return context.error("a sequence has the impossible length " + std::to_string(length));
    }
    const std::size_t bytes = static_cast<std::size_t>(extent(dims, 2, dims.rank())) * element_size(input.type());
    if (bytes == 0) return {};
    for (std::int64_t i = 0; i < dims[0]; ++i) {
        for (std::int64_t j = 0; j < dims[1]; ++j) {
            const std::int64_t step = time_first ? i : j;
            const std::int64_t length = lengths[static_cast<std::size_t>(time_first ? j : i)];
            const std::int64_t from = step < length ? length - 1 - step : step;
            const std::int64_t source = time_first ? from * dims[1] + j : i * dims[1] + from;
            std::memcpy(output->mutable_bytes().data() + static_cast<std::size_t>(i * dims[1] + j) * bytes,
                        input.bytes().data() + static_cast<std::size_t>(source) * bytes, bytes);
        }
    }
    return {};
}

} // namespace

std::vector<KernelEntry> movement_kernels() {
    return {
        {"Concat", concat},       {"DepthToSpace", depth_to_space},
        {"Expand", expand},       {"ReverseSequence", reverse_sequence},
        {"Slice", slice},         {"SpaceToDepth", space_to_depth},
        {"Split", split},         {"Tile", tile},
        {"Transpose", transpose}, {"Trilu", trilu},
    };
}

} // namespace detect::reference
