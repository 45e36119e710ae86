// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cstring>

namespace detect::reference {

namespace {

bool is_half(DataType type) { return type == DataType::float16 || type == DataType::bfloat16; }

/// The 16-bit pattern at `index` of a float16 or bfloat16 tensor.
std::uint16_t half_bits(const Tensor& tensor, std::size_t index) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, tensor.bytes().data() + 2 * index, 2);
    return bits;
}

float widen(DataType type, std::uint16_t bits) {
    return type == DataType::float16 ? half_to_float(bits) : bfloat16_to_float(bits);
}

void store_half(Tensor& tensor, std::size_t index, float value) {
    const std::uint16_t bits = tensor.type() == DataType::float16 ? float_to_half(value) : float_to_bfloat16(value);
    std::memcpy(tensor.mutable_bytes().data() + 2 * index, &bits, 2);
}

Result<void> from_half(const KernelContext& context, const Tensor& input, Tensor& output) {
    const auto count = static_cast<std::size_t>(input.element_count());
    if (is_half(output.type())) {
        for (std::size_t i = 0; i < count; ++i) store_half(output, i, widen(input.type(), half_bits(input, i)));
        return {};
    }
    return dispatch(context, output.type(), NumberAndBoolTypes{}, [&]<class To>() -> Result<void> {
        const auto to = output.mutable_data<To>();
        for (std::size_t i = 0; i < count; ++i) to[i] = convert<To>(widen(input.type(), half_bits(input, i)));
        return {};
    });
}

Result<void> convert_all(KernelContext& context, Tensor& output) {
    const Tensor& input = context.input(0);
    if (is_half(input.type())) return from_half(context, input, output);
    return dispatch(context, input.type(), NumberAndBoolTypes{}, [&]<class From>() -> Result<void> {
        const auto from = input.data<From>();
        if (is_half(output.type())) {
            for (std::size_t i = 0; i < from.size(); ++i) store_half(output, i, convert<float>(from[i]));
            return {};
        }
        return dispatch(context, output.type(), NumberAndBoolTypes{}, [&]<class To>() -> Result<void> {
            std::ranges::transform(from, output.mutable_data<To>().begin(), [](From x) { return convert<To>(x); });
            return {};
        });
    });
}

/// Cast and CastLike.
Result<void> cast(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto outputs, infer_outputs(context));
    if (outputs.front().type == context.input(0).type()) {
        context.set_output(0, context.input(0));
        return {};
    }
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(0, outputs.front().type, context.input(0).dims()));
    return convert_all(context, *output);
}

} // namespace

std::vector<KernelEntry> cast_kernels() {
    return {
        {"Cast", cast},
        {"CastLike", cast},
    };
}

} // namespace detect::reference
