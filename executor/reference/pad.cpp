// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace detect::reference {

namespace {

/// The bytes of the padding value.
Result<std::array<std::byte, 8>> padding_value(const KernelContext& context) {
    std::array<std::byte, 8> value{};
    const DataType type = context.input(0).type();
    if (context.has_input(2)) {
        std::ranges::copy(context.input(2).bytes(), value.begin());
    } else if (const auto* given = context.node().attribute<float>("value"); given != nullptr && *given != 0.0F) {
        DETECT_TRY(dispatch(context, type, NumberTypes{}, [&]<class T>() -> Result<void> {
            const T converted = convert<T>(*given);
            std::memcpy(value.data(), &converted, sizeof(T));
            return {};
        }));
    }
    return value;
}

enum class PadMode { constant, edge, reflect };

/// For each element of an output axis: which input element it takes, or -1 for padding.
std::vector<std::int64_t> sources(std::int64_t output_size, std::int64_t input_size, std::int64_t before,
                                  PadMode mode) {
    std::vector<std::int64_t> result(static_cast<std::size_t>(output_size), -1);
    for (std::int64_t i = 0; i < output_size; ++i) {
        std::int64_t from = i - before;
        if (mode == PadMode::edge && input_size > 0) from = std::clamp(from, std::int64_t{0}, input_size - 1);
        if (mode == PadMode::reflect) {
            if (from < 0) from = -from;
            if (from >= input_size) from = 2 * (input_size - 1) - from;
        }
        if (from >= 0 && from < input_size) result[static_cast<std::size_t>(i)] = from;
    }
    return result;
}

template <std::size_t size>
void pad_elements(const Tensor& input, Tensor& output, std::span<const std::vector<std::int64_t>> from,
                  const std::array<std::byte, 8>& value) {
    const Dims& dims = output.dims();
    std::array<std::int64_t, Dims::max_rank> position{};
    std::array<std::int64_t, Dims::max_rank> strides{};
    std::int64_t stride = 1;
    for (std::size_t axis = dims.rank(); axis-- > 0; stride *= input.dims()[axis]) strides[axis] = stride;
    std::byte* target = output.mutable_bytes().data();
    for (std::int64_t i = 0; i < output.element_count(); ++i, target += size) {
        std::int64_t offset = 0;
        bool inside = true;
        for (std::size_t axis = 0; axis < dims.rank(); ++axis) {
            const std::int64_t source = from[axis][static_cast<std::size_t>(position[axis])];
            inside = inside && source >= 0;
            offset += source * strides[axis];
        }
        std::memcpy(target, inside ? input.bytes().data() + offset * static_cast<std::int64_t>(size) : value.data(),
                    size);
        for (std::size_t axis = dims.rank(); axis-- > 0;) {
            if (++position[axis] < dims[axis]) break;
            position[axis] = 0;
        }
    }
}

} // namespace

namespace {

Result<void> pad(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const std::string mode_name = context.node().string_or("mode", "constant");
    const PadMode mode = mode_name == "edge"      ? PadMode::edge
                         : mode_name == "reflect" ? PadMode::reflect
                                                  : PadMode::constant;
    const auto* attribute = context.node().attribute<std::vector<std::int64_t>>("pads");
    const auto pads = attribute != nullptr ? *attribute : integers(context.input(1));
    DETECT_TRY_ASSIGN(const auto value, padding_value(context));
    std::vector<std::vector<std::int64_t>> from;
    for (std::size_t axis = 0; axis < input.dims().rank(); ++axis) {
        from.push_back(sources(output->dims()[axis], input.dims()[axis], pads[axis], mode));
    }
    dispatch_size(input.type(), [&]<std::size_t size>() { pad_elements<size>(input, *output, from, value); });
    return {};
}

} // namespace

std::vector<KernelEntry> pad_kernels() { return {{"Pad", pad}}; }

} // namespace detect::reference
