// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/integer_products.h"

#include "executor/reference/broadcast.h"
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>

namespace detect::reference {

namespace {

using ByteTypes = TypeList<std::uint8_t, std::int8_t>;

/// A scale or zero point with the sizes that broadcast to its operand's; 0 or 1 where there is none.
Tensor lined_up(const KernelContext& context, const IntegerProduct& product, const IntegerOperand& operand,
                std::size_t index, std::size_t rank) {
    const Tensor& given = context.input(index);
    if (!given.defined() || given.dims().rank() != 1) return given;
    if (given.element_count() == 1) return given.reshaped({});
    Dims dims = given.dims();
    for (std::size_t i = 0; i < product.axes_behind(operand, rank); ++i) dims.push_back(1);
    return given.reshaped(dims);
}

/// The operand's numbers without their scale: value - zero point. A double holds them and all their sums exactly.
Result<Tensor> widened(KernelContext& context, const IntegerProduct& product, const IntegerOperand& operand) {
    const Tensor& bytes = context.input(operand.value);
    DETECT_TRY_ASSIGN(Tensor numbers, context.resources().allocate(DataType::float64, bytes.dims()));
    DETECT_TRY(dispatch(context, bytes.type(), ByteTypes{}, [&]<class Byte>() -> Result<void> {
        Tensor zero = lined_up(context, product, operand, operand.zero_point, bytes.dims().rank());
        if (!zero.defined()) zero = Tensor::scalar(Byte{0});
        broadcast_binary(bytes.dims(), numbers.mutable_data<double>().data(), bytes.dims(), bytes.data<Byte>().data(),
                         zero.dims(), zero.data<Byte>().data(), [](Byte value, Byte zero_point) {
                             return static_cast<double>(value) - static_cast<double>(zero_point);
                         });
        return {};
    }));
    return numbers;
}

/// The convolution or matrix product of real numbers, bias included.
Result<Tensor> multiply(KernelContext& context, const IntegerProduct& product) {
    Node node = context.node();
    node.op = product.of;
    std::vector<Tensor> inputs(2);
    DETECT_TRY_ASSIGN(inputs[0], widened(context, product, product.a));
    DETECT_TRY_ASSIGN(inputs[1], widened(context, product, product.b));
    if (const Tensor& bias = context.input(product.bias); bias.defined()) {
        DETECT_TRY_ASSIGN(Tensor wide, context.resources().allocate(DataType::float64, bias.dims()));
        std::ranges::copy(bias.data<std::int32_t>(), wide.mutable_data<double>().begin());
        inputs.push_back(std::move(wide));
    }
    std::vector<Tensor> outputs(1);
    KernelContext of_reals(node, context.opset(), inputs, outputs, context.resources());
    DETECT_TRY(find_reference_kernel("", product.of)(of_reals));
    return outputs[0];
}

/// Sums in the result's scale and around its zero point, rounded halves to even, saturated.
template <class Byte>
void requantise(const KernelContext& context, const IntegerProduct& product, const Tensor& sums, Tensor& output) {
    const std::size_t rank = sums.dims().rank();
    const Tensor a = lined_up(context, product, product.result, product.a.scale, rank);
    const IntegerOperand& channels = product.of == "MatMul" ? product.b : product.result;
    const Tensor b = lined_up(context, product, channels, product.b.scale, rank);
    const Tensor y = lined_up(context, product, product.result, product.result.scale, rank);
    const Tensor zero = lined_up(context, product, product.result, product.result.zero_point, rank);
    const BroadcastLoop<4> loop(sums.dims(), {&a.dims(), &b.dims(), &y.dims(), &zero.dims()});
    loop.run([&](std::int64_t at, const auto& from, std::int64_t count, const auto& step) {
        for (std::int64_t i = 0; i < count; ++i) {
            const auto pick = [&](const auto& values, std::size_t input) {
                return values[static_cast<std::size_t>(from[input] + i * step[input])];
            };
            const auto element = static_cast<std::size_t>(at + i);
            const float scale = pick(a.data<float>(), 0) * pick(b.data<float>(), 1) / pick(y.data<float>(), 2);
            const float scaled = std::nearbyint(static_cast<float>(sums.data<double>()[element]) * scale);
            output.mutable_data<Byte>()[element] =
                convert<Byte>(scaled + static_cast<float>(pick(zero.data<Byte>(), 3)));
        }
    });
}

Result<void> multiply_integers(KernelContext& context) {
    const IntegerProduct& product = integer_product(context.node().op);
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    DETECT_TRY_ASSIGN(const Tensor sums, multiply(context, product));
    if (!product.is_requantised()) {
        std::ranges::transform(sums.data<double>(), output->mutable_data<std::int32_t>().begin(), [](double sum) {
            return static_cast<std::int32_t>(static_cast<std::int64_t>(sum)); // wraps, as int32 sums do
        });
        return {};
    }
    return dispatch(context, output->type(), ByteTypes{}, [&]<class Byte>() -> Result<void> {
        requantise<Byte>(context, product, sums, *output);
        return {};
    });
}

} // namespace

std::vector<KernelEntry> integer_product_kernels() {
    return {
        {"ConvInteger", multiply_integers},
        {"MatMulInteger", multiply_integers},
        {"QLinearConv", multiply_integers},
        {"QLinearMatMul", multiply_integers},
    };
}

} // namespace detect::reference
