// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace detect::reference {

namespace {

/// Which scale (and zero point) an element has: slices along an axis, or all the same one.
struct Slices {
    std::size_t inner = 1;
    std::size_t count = 1;
    [[nodiscard]] std::size_t of(std::size_t element, std::int64_t parameters) const {
        return parameters == 1 ? 0 : element / inner % count;
    }
};

Slices slices_of(const KernelContext& context) {
    const Dims& dims = context.input(0).dims();
    if (context.input(1).element_count() == 1) return {};
    const std::size_t axis = from_front(context.node().int_or("axis", 1), dims.rank());
    return {static_cast<std::size_t>(extent(dims, axis + 1, dims.rank())), static_cast<std::size_t>(dims[axis])};
}

/// round(x / scale) + zero point, halves to even, saturated to the byte type; NaN is the lowest byte.
template <class Byte>
Byte quantized(double x, float scale, Byte zero) {
    const float steps = std::nearbyint(static_cast<float>(x) / scale);
    return std::isnan(steps) ? std::numeric_limits<Byte>::lowest() : convert<Byte>(steps + static_cast<float>(zero));
}

Result<void> quantize(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Slices slices = slices_of(context);
    const auto scales = context.input(1).data<float>();
    const Tensor& zeros = context.input(2);
    return dispatch(context, output->type(), TypeList<std::uint8_t, std::int8_t>{}, [&]<class Byte>() -> Result<void> {
        return dispatch(context, context.input(0).type(), TypeList<float, std::int32_t>{},
                        [&]<class T>() -> Result<void> {
                            const auto from = context.input(0).data<T>();
                            const auto to = output->mutable_data<Byte>();
                            for (std::size_t i = 0; i < from.size(); ++i) {
                                const Byte zero =
                                    zeros.defined() ? zeros.data<Byte>()[slices.of(i, zeros.element_count())] : Byte{0};
                                to[i] = quantized(static_cast<double>(from[i]),
                                                  scales[slices.of(i, context.input(1).element_count())], zero);
                            }
                            return {};
                        });
    });
}

/// (x - zero point) · scale
Result<void> dequantize(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Slices slices = slices_of(context);
    const auto scales = context.input(1).data<float>();
    const Tensor& zeros = context.input(2);
    using Types = TypeList<std::uint8_t, std::int8_t, std::int32_t>;
    return dispatch(context, context.input(0).type(), Types{}, [&]<class T>() -> Result<void> {
        const auto from = context.input(0).data<T>();
        const auto to = output->mutable_data<float>();
        for (std::size_t i = 0; i < from.size(); ++i) {
            const T zero = zeros.defined() ? zeros.data<T>()[slices.of(i, zeros.element_count())] : T{0};
            const std::int64_t difference = static_cast<std::int64_t>(from[i]) - static_cast<std::int64_t>(zero);
            to[i] = static_cast<float>(difference) * scales[slices.of(i, context.input(1).element_count())];
        }
        return {};
    });
}

/// Scale and zero point from the range of the values, widened to hold 0.
Result<void> dynamic_quantize(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    float low = 0.0F;
    float high = 0.0F;
    for (const float x : context.input(0).data<float>()) {
        low = std::min(low, x);
        high = std::max(high, x);
    }
    // All zeros can be held at any scale.
    const float scale = high > low ? (high - low) / 255.0F : 1.0F;
    const auto zero = convert<std::uint8_t>(std::nearbyint(std::clamp(-low / scale, 0.0F, 255.0F)));
    std::ranges::transform(context.input(0).data<float>(), output->mutable_data<std::uint8_t>().begin(),
                           [&](float x) { return quantized(static_cast<double>(x), scale, zero); });
    context.set_output(1, Tensor::scalar(scale));
    context.set_output(2, Tensor::scalar(zero));
    return {};
}

} // namespace

std::vector<KernelEntry> quantization_kernels() {
    return {
        {"DequantizeLinear", dequantize},
        {"DynamicQuantizeLinear", dynamic_quantize},
        {"QuantizeLinear", quantize},
    };
}

} // namespace detect::reference
