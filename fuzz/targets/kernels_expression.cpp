// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_numbers.h"
#include "fuzz/targets.h"

/// Elementwise operations that are computed together, against the same ones, one after the other; and each of those
/// against its definition.
namespace detect::fuzz {

namespace {

using Operation = Expression::Operation;
using Sizes = std::vector<std::int64_t>;

Operation take_operation(Input& input, std::size_t operands) {
    Operation operation;
    operation.a = static_cast<std::int32_t>(input.number(0, operands - 1));
    const std::size_t which = input.number(0, test::last_function + 4);
    if (which <= static_cast<std::size_t>(test::last_function)) {
        operation.function = static_cast<ElementFunction>(which);
        operation.alpha = input.take<float>();
        operation.beta = input.take<float>();
    } else {
        operation.combination = static_cast<ElementOperation>(which - test::last_function - 1);
        operation.b = static_cast<std::int32_t>(input.number(0, operands - 1));
    }
    return operation;
}

/// In floats, each operation rounded; nothing for those that have a polynomial of their own.
std::optional<float> plain_function(const Operation& o, float x) {
    const auto hard_sigmoid = [&] {
        const float product = o.alpha * x;
        const float sum = product + o.beta;
        const float cut = 0.F > sum ? 0.F : sum;
        return 1.F < cut ? 1.F : cut;
    };
    switch (o.function) {
    case ElementFunction::absolute: return std::fabs(x);
    case ElementFunction::negative: return -x;
    case ElementFunction::reciprocal: return 1.F / x;
    case ElementFunction::square: return x * x;
    case ElementFunction::cube: return x * x * x;
    case ElementFunction::square_root: return std::sqrt(x);
    case ElementFunction::relu: return 0.F > x ? 0.F : x;
    case ElementFunction::leaky_relu: return x < 0.F ? o.alpha * x : x;
    case ElementFunction::clip: {
        const float cut = o.alpha > x ? o.alpha : x;
        return o.beta < cut ? o.beta : cut;
    }
    case ElementFunction::hard_sigmoid: return hard_sigmoid();
    case ElementFunction::hard_swish: return x * hard_sigmoid();
    default: return std::nullopt;
    }
}

float plain_combination(const Operation& o, float a, float b) {
    switch (o.combination) {
    case ElementOperation::add: return a + b;
    case ElementOperation::subtract: return a - b;
    case ElementOperation::multiply: return a * b;
    case ElementOperation::divide: return a / b;
    }
    return a;
}

void require_operation(const Operation& o, std::span<const float> a, std::span<const float> b,
                       std::span<const float> y) {
    for (std::size_t i = 0; i < y.size(); ++i) {
        const auto plain = o.b < 0 ? plain_function(o, a[i]) : plain_combination(o, a[i], b[i]);
        if (plain) {
            require(test::same_bits(y[i], *plain),
                    [&] { return "an operation gives " + std::to_string(*plain) + ", found " + std::to_string(y[i]); });
            continue;
        }
        const double exact = test::exact_function(o.function, static_cast<double>(a[i]), 0., 0.);
        // Of 1 / (1 + e^-x) what is below the smallest normal number may be 0.
        const bool vanishes = o.function == ElementFunction::sigmoid && exact < 1.2e-38 && y[i] == 0.F;
        require(vanishes || test::within_three_units(y[i], exact), [&] {
            return "function " + std::to_string(static_cast<int>(o.function)) + " of " + std::to_string(a[i]) +
                   " gives " + std::to_string(exact) + ", found " + std::to_string(y[i]);
        });
    }
}

std::size_t elements(const Sizes& sizes) {
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    return count;
}

/// What of an output's axes an input has: the inner ones, some of size 1.
Sizes take_part(Input& input, const Sizes& sizes) {
    const std::size_t skipped = input.number(0, sizes.size());
    Sizes part(sizes.begin() + static_cast<std::ptrdiff_t>(skipped), sizes.end());
    const auto ones = input.take<std::uint8_t>();
    for (std::size_t i = 0; i < part.size(); ++i) {
        if ((ones >> i) % 2 == 1) part[i] = 1;
    }
    return part;
}

struct Case {
    Sizes sizes;
    std::vector<Sizes> parts;
    std::vector<Floats> inputs;
    std::vector<Operation> operations;
};

Case take_case(Input& input) {
    Case c;
    const std::size_t rank = input.number(0, 4);
    for (std::size_t i = 0; i < rank; ++i) c.sizes.push_back(static_cast<std::int64_t>(take_size(input, 0, 4, 7)));
    // Several pieces long.
    if (rank > 0 && input.number(0, 63) == 63) c.sizes = {2, 1100};
    const std::size_t inputs = input.number(1, 3);
    for (std::size_t i = 0; i < inputs; ++i) c.parts.push_back(take_part(input, c.sizes));
    const std::size_t operations = input.number(1, 8);
    for (std::size_t i = 0; i < operations; ++i) c.operations.push_back(take_operation(input, inputs + i));
    Numbers numbers(input);
    for (const Sizes& part : c.parts) c.inputs.push_back(numbers.floats(elements(part)));
    return c;
}

Floats evaluate(const KernelTable& kernels, const Expression& expression, std::span<const Expression::Input> inputs,
                const Sizes& sizes) {
    Floats y(elements(sizes), 77.F);
    expression.evaluate(kernels, inputs, sizes, y.data(), pool_of(false));
    return y;
}

/// Every operation by itself, on arrays that are all there.
Floats one_by_one(const KernelTable& kernels, const Case& c) {
    std::vector<Floats> results;
    const std::array<Operation, 1> as_it_is{{{.combination = ElementOperation::add, .a = 0, .b = 1}}};
    const Floats zero(1, -0.F);
    const Sizes none;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
        const auto spread = Expression::create(2, {as_it_is.begin(), as_it_is.end()});
        const std::array<Expression::Input, 2> of{{{c.inputs[i].data(), c.parts[i]}, {zero.data(), none}}};
        results.push_back(evaluate(kernels, *spread, of, c.sizes));
    }
    for (const Operation& operation : c.operations) {
        Operation alone = operation;
        alone.a = 0;
        alone.b = operation.b < 0 ? -1 : 1;
        const Floats& a = results[static_cast<std::size_t>(operation.a)];
        const Floats& b = results[operation.b < 0 ? 0 : static_cast<std::size_t>(operation.b)];
        const auto expression = Expression::create(2, {alone});
        const std::array<Expression::Input, 2> of{{{a.data(), c.sizes}, {b.data(), c.sizes}}};
        Floats y = evaluate(kernels, *expression, of, c.sizes);
        require_operation(operation, a.span(), b.span(), y.span());
        results.push_back(std::move(y));
    }
    return results.back();
}

} // namespace

void kernels_expression(Bytes bytes) {
    Input input(bytes);
    const Case c = take_case(input);
    const auto expression = Expression::create(c.inputs.size(), c.operations);
    if (!expression) return; // More results at a time than there is room for.
    std::vector<Expression::Input> inputs;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) inputs.push_back({c.inputs[i].data(), c.parts[i]});
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        const Floats y = evaluate(kernels, *expression, inputs, c.sizes);
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
        const Floats expected = one_by_one(kernels, c);
        require_same_bits(y.span(), expected.span(), "operations together give what they give apart", kernels.name);
    }
}

} // namespace detect::fuzz
