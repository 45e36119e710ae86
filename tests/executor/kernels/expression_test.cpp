// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

using Operation = Expression::Operation;

/// Many magnitudes of both signs, and where functions change.
std::vector<float> probing_floats() {
    std::vector<float> values = special_floats(64, 3);
    for (float x = 1e-30F; x < 1e30F; x *= 1.7F) values.insert(values.end(), {x, -x});
    for (float x = -12.F; x <= 12.F; x += 0.00371F) values.push_back(x);
    for (float x = -110.F; x <= 110.F; x += 0.313F) values.push_back(x);
    for (const float x : {0.625F, 1.F, 4.F, 88.72283F, 88.7229F, -87.33F, -103.9F})
        values.insert(values.end(), {x, -x});
    return values;
}

class ExpressionTest : public IsaTest {
protected:
    std::vector<float> evaluate(std::size_t count, const std::vector<Operation>& operations,
                                const std::vector<Expression::Input>& inputs, std::vector<std::int64_t> sizes) {
        const auto expression = Expression::create(inputs.size(), operations);
        EXPECT_TRUE(expression);
        const GuardedFloats y(count);
        expression->evaluate(kernels(), inputs, sizes, y.data(), pool_);
        EXPECT_TRUE(y.intact());
        return {y.data(), y.data() + count};
    }

    ThreadPool pool_{2};
};

TEST_P(ExpressionTest, FunctionsAreWithinThreeUnitsInTheLastPlace) {
    const GuardedFloats x(probing_floats());
    const std::array sizes{static_cast<std::int64_t>(x.size())};
    for (int f = 0; f <= last_function; ++f) {
        const auto function = static_cast<ElementFunction>(f);
        const Operation operation{.function = function, .alpha = 0.25F, .beta = 0.5F};
        const auto y = evaluate(x.size(), {operation}, {{x.data(), sizes}}, {sizes[0]});
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double expected = exact_function(function, static_cast<double>(x[i]), 0.25, 0.5);
            // Of 1 / (1 + e^-x) what is below the smallest normal number may be 0.
            const bool vanishes = function == ElementFunction::sigmoid && expected < 1.2e-38 && y[i] == 0.F;
            ASSERT_TRUE(vanishes || within_three_units(y[i], expected))
                << "function " << f << " of " << x[i] << " is " << y[i] << ", expected " << expected;
        }
    }
}

TEST_P(ExpressionTest, EveryCountGivesTheSameAndTouchesNothingElse) {
    const std::vector<float> values = special_floats(70, 5);
    for (int f = 0; f <= last_function; ++f) {
        const Operation operation{.function = static_cast<ElementFunction>(f), .alpha = -0.5F, .beta = 0.5F};
        const std::array<std::int64_t, 1> all{70};
        const auto whole = evaluate(70, {operation}, {{values.data(), all}}, {70});
        for (std::size_t count = 0; count <= 70; ++count) {
            const GuardedFloats x(std::span<const float>(values).first(count));
            const std::array sizes{static_cast<std::int64_t>(count)};
            const auto y = evaluate(count, {operation}, {{x.data(), sizes}}, {sizes[0]});
            EXPECT_SAME_BITS(y.data(), whole.data(), count);
        }
    }
}

TEST_P(ExpressionTest, OperationsBroadcastAsNumPyDoes) {
    struct Case {
        std::vector<std::int64_t> a;
        std::vector<std::int64_t> b;
        std::vector<std::int64_t> sizes;
    };
    const auto elements = [](const std::vector<std::int64_t>& sizes) {
        std::size_t count = 1;
        for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
        return count;
    };
    /// Where the element of `sizes` with this number comes from.
    const auto source = [](std::size_t number, const std::vector<std::int64_t>& sizes,
                           const std::vector<std::int64_t>& own) {
        std::size_t at = 0;
        std::size_t stride = 1;
        for (std::size_t back = 0; back < sizes.size(); ++back) {
            const auto size = static_cast<std::size_t>(sizes[sizes.size() - 1 - back]);
            const std::size_t index = number % size;
            number /= size;
            if (back >= own.size()) continue;
            const auto of_own = static_cast<std::size_t>(own[own.size() - 1 - back]);
            at += of_own == 1 ? 0 : index * stride;
            stride *= of_own;
        }
        return at;
    };
    for (const Case& c : {Case{{}, {}, {}}, Case{{3, 4}, {3, 4}, {3, 4}}, Case{{2, 3, 4}, {4}, {2, 3, 4}},
                          Case{{2, 3, 1}, {2, 1, 5}, {2, 3, 5}}, Case{{1}, {2, 2049}, {2, 2049}},
                          Case{{3, 1, 5, 1}, {4, 1, 6}, {3, 4, 5, 6}}, Case{{700, 33}, {700, 1}, {700, 33}},
                          Case{{1, 1, 1, 1, 1, 1, 1, 2}, {2, 1, 2, 1, 2, 1, 2, 1}, {2, 1, 2, 1, 2, 1, 2, 2}},
                          Case{{0, 3}, {3}, {0, 3}}}) {
        const GuardedFloats a(special_floats(elements(c.a), 6));
        const GuardedFloats b(special_floats(elements(c.b), 7));
        const std::size_t count = elements(c.sizes);
        for (const ElementOperation operation : {ElementOperation::add, ElementOperation::subtract,
                                                 ElementOperation::multiply, ElementOperation::divide}) {
            std::vector<float> expected(count);
            for (std::size_t i = 0; i < count; ++i) {
                const float x = a[source(i, c.sizes, c.a)];
                const float y = b[source(i, c.sizes, c.b)];
                expected[i] = operation == ElementOperation::add        ? x + y
                              : operation == ElementOperation::subtract ? x - y
                              : operation == ElementOperation::multiply ? x * y
                                                                        : x / y;
            }
            const auto y = evaluate(count, {{.combination = operation, .a = 0, .b = 1}},
                                    {{a.data(), c.a}, {b.data(), c.b}}, c.sizes);
            EXPECT_SAME_BITS(y.data(), expected.data(), count);
        }
    }
}

TEST_P(ExpressionTest, ChainsAreTheirOperationsOneAfterAnother) {
    // (x + s) · √|x + s| - r / s with a row r and a number s, over several pieces and tasks.
    const std::vector<Operation> operations{
        {.combination = ElementOperation::add, .a = 0, .b = 1},
        {.function = ElementFunction::absolute, .a = 3},
        {.function = ElementFunction::square_root, .a = 4},
        {.combination = ElementOperation::multiply, .a = 3, .b = 5},
        {.combination = ElementOperation::divide, .a = 2, .b = 1},
        {.combination = ElementOperation::subtract, .a = 6, .b = 7},
    };
    for (const std::int64_t columns : {1, 7, 1024, 1025, 5000}) {
        const std::vector<std::int64_t> sizes{9, columns};
        const std::vector<std::int64_t> of_row{columns};
        const auto count = static_cast<std::size_t>(9 * columns);
        const GuardedFloats x(random_floats(count, 8));
        const GuardedFloats row(random_floats(static_cast<std::size_t>(columns), 9));
        const float number = 0.7F;
        const auto y = evaluate(count, operations, {{x.data(), sizes}, {&number, {}}, {row.data(), of_row}}, sizes);
        std::vector<float> expected(count);
        for (std::size_t i = 0; i < count; ++i) {
            const float sum = x[i] + number;
            const float product = sum * std::sqrt(std::fabs(sum));
            expected[i] = product - row[i % static_cast<std::size_t>(columns)] / number;
        }
        EXPECT_SAME_BITS(y.data(), expected.data(), count);
    }
}

TEST_P(ExpressionTest, WhatOnlyNumbersGoIntoIsEverywhere) {
    const float number = 3.F;
    const std::vector<std::int64_t> many{2, 5};
    const std::vector<float> x(10, 1.F);
    const auto y =
        evaluate(10, {{.function = ElementFunction::square, .a = 0}, {.function = ElementFunction::negative, .a = 2}},
                 {{&number, {}}, {x.data(), many}}, many);
    EXPECT_EQ(y, std::vector<float>(10, -9.F));
}

TEST_P(ExpressionTest, RefusesWhatDoesNotFit) {
    EXPECT_FALSE(Expression::create(0, {{}}));
    EXPECT_FALSE(Expression::create(1, {}));
    EXPECT_FALSE(Expression::create(Expression::most_inputs + 1, {{}}));
    EXPECT_FALSE(Expression::create(1, std::vector<Operation>(Expression::most_operations + 1)));
    // Eight results that are all read at the end.
    std::vector<Operation> wide(8, Operation{.function = ElementFunction::square, .a = 0});
    for (std::int32_t i = 0; i < 7; ++i) {
        wide.push_back({.combination = ElementOperation::add, .a = i == 0 ? 8 : 8 + i, .b = 7 - i});
    }
    EXPECT_FALSE(Expression::create(1, wide));
}

INSTANTIATE_FOR_ISAS(ExpressionTest);

} // namespace
} // namespace detect::test
