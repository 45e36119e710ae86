// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

/// ConvInteger, MatMulInteger, QLinearConv and QLinearMatMul: a convolution or matrix product of bytes.
namespace detect {

/// Where an operator has one of its operands, by input.
struct IntegerOperand {
    static constexpr std::size_t none = 1000; // past the last input: left out
    std::size_t value = none;
    std::size_t scale = none;
    std::size_t zero_point = none;
};

struct IntegerProduct {
    std::string_view op;
    /// "Conv" or "MatMul": what it does with the numbers that the bytes stand for.
    std::string_view of;
    IntegerOperand a;
    IntegerOperand b;
    /// Its value is the output. Without a scale that is int32.
    IntegerOperand result;
    std::size_t bias = IntegerOperand::none;

    [[nodiscard]] bool is_requantised() const { return result.scale != IntegerOperand::none; }
    /// A scale or zero point is one number, or a vector along one axis of its operand: a row of `a` or the result, a
    /// column of `b`, an output channel. This many axes are behind that one.
    [[nodiscard]] std::size_t axes_behind(const IntegerOperand& operand, std::size_t rank) const {
        if (of == "MatMul") return &operand == &b ? 0 : 1;
        return &operand == &b ? rank - 1 : rank - 2;
    }
};

/// The one of this name, which must be one of the four.
[[nodiscard]] const IntegerProduct& integer_product(std::string_view op);

} // namespace detect
