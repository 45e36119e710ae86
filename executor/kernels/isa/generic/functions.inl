// SPDX-License-Identifier: Apache-2.0
// Functions of an element, and of two.

/// The polynomial with these coefficients, the constant term first.
template <std::size_t Count>
inline Vec polynomial(const float (&coefficients)[Count], Vec x) {
    Vec sum = broadcast(coefficients[Count - 1]);
    for (std::size_t i = Count - 1; i-- > 0;) sum = fma(sum, x, broadcast(coefficients[i]));
    return sum;
}

inline Vec exponential(Vec x) { return exp_up_to(broadcast(89.F), x); }
inline Vec sigmoid(Vec x) { return div(broadcast(1.F), add(broadcast(1.F), exponential(sub(zero(), x)))); }

/// Below 1 erf(x) / x as a polynomial of x², from there on 1 - e^q(|x|) with a polynomial for the logarithm of
/// 1 - erf; both are fits with the least largest error, 1.2e-9 and 2.1e-11 of the result. From 4 on it is 1 in float.
inline Vec error_function(Vec x) {
    constexpr float of_small[] = {1.12837911F,    -0.37612626F,     0.112835854F,   -0.026853811F,
                                  0.00518832775F, -0.000801019254F, 7.85385782e-05F};
    constexpr float of_large[] = {0.000188467806F, -1.12958026F,    -0.633216381F,   -0.108422101F,
                                  0.0252103433F,   -0.00420528604F, 0.000441472919F, -2.16976387e-05F};
    const Vec size = absolute(x);
    const Vec small = mul(x, polynomial(of_small, mul(x, x)));
    const Vec rest = exp_of_negative(polynomial(of_large, min_or_second(broadcast(4.F), size)));
    return where_less(size, broadcast(1.F), small, with_sign(sub(broadcast(1.F), rest), x));
}

/// Below 0.625 tanh(x) / x as a polynomial of x² (error 4e-9 of the result), from there on 1 - 2 / (e^2|x| + 1).
inline Vec hyperbolic_tangent(Vec x) {
    constexpr float of_small[] = {1.F, -0.333332598F, 0.133311272F, -0.0537210666F, 0.0205909833F, -0.00565998489F};
    const Vec size = absolute(x);
    const Vec small = mul(x, polynomial(of_small, mul(x, x)));
    const Vec power = exponential(add(size, size));
    const Vec large = sub(broadcast(1.F), div(broadcast(2.F), add(power, broadcast(1.F))));
    return where_less(size, broadcast(0.625F), small, with_sign(large, x));
}

/// max(0, min(1, alpha·x + beta)), each operation rounded.
inline Vec hard_sigmoid(Vec x, Vec alpha, Vec beta) {
    return min_or_second(broadcast(1.F), max_or_second(zero(), add(mul(alpha, x), beta)));
}

void map_elements(ElementFunction function, float alpha, float beta, const float* x, float* y, std::size_t count) {
    const Vec a = broadcast(alpha);
    const Vec b = broadcast(beta);
    const auto map = [&](auto&& f) {
        over_elements(count, [&](std::size_t i, auto some) { some.write(y + i, f(some.read(x + i))); });
    };
    switch (function) {
    case ElementFunction::absolute: map([](Vec v) { return absolute(v); }); break;
    case ElementFunction::negative: map([](Vec v) { return mul(v, broadcast(-1.F)); }); break;
    case ElementFunction::reciprocal: map([](Vec v) { return div(broadcast(1.F), v); }); break;
    case ElementFunction::square: map([](Vec v) { return mul(v, v); }); break;
    case ElementFunction::cube: map([](Vec v) { return mul(mul(v, v), v); }); break;
    case ElementFunction::square_root: map([](Vec v) { return square_root(v); }); break;
    case ElementFunction::exponential: map([](Vec v) { return exponential(v); }); break;
    case ElementFunction::error_function: map([](Vec v) { return error_function(v); }); break;
    case ElementFunction::hyperbolic_tangent: map([](Vec v) { return hyperbolic_tangent(v); }); break;
    case ElementFunction::sigmoid: map([](Vec v) { return sigmoid(v); }); break;
    case ElementFunction::relu: map([](Vec v) { return max_or_second(zero(), v); }); break;
    case ElementFunction::leaky_relu: map([&](Vec v) { return where_less(v, zero(), mul(a, v), v); }); break;
    case ElementFunction::clip: map([&](Vec v) { return min_or_second(b, max_or_second(a, v)); }); break;
    case ElementFunction::hard_sigmoid: map([&](Vec v) { return hard_sigmoid(v, a, b); }); break;
    case ElementFunction::hard_swish: map([&](Vec v) { return mul(v, hard_sigmoid(v, a, b)); }); break;
    }
}

template <class F>
inline void combine(const ElementPair& pair, F&& f) {
    if (pair.repeats_a) {
        const Vec a = broadcast(*pair.a);
        over_elements(pair.count,
                      [&](std::size_t i, auto some) { some.write(pair.y + i, f(a, some.read(pair.b + i))); });
    } else if (pair.repeats_b) {
        const Vec b = broadcast(*pair.b);
        over_elements(pair.count,
                      [&](std::size_t i, auto some) { some.write(pair.y + i, f(some.read(pair.a + i), b)); });
    } else {
        over_elements(pair.count, [&](std::size_t i, auto some) {
            some.write(pair.y + i, f(some.read(pair.a + i), some.read(pair.b + i)));
        });
    }
}

void combine_elements(ElementOperation operation, const ElementPair& pair) {
    switch (operation) {
    case ElementOperation::add: combine(pair, [](Vec a, Vec b) { return add(a, b); }); break;
    case ElementOperation::subtract: combine(pair, [](Vec a, Vec b) { return sub(a, b); }); break;
    case ElementOperation::multiply: combine(pair, [](Vec a, Vec b) { return mul(a, b); }); break;
    case ElementOperation::divide: combine(pair, [](Vec a, Vec b) { return div(a, b); }); break;
    }
}
