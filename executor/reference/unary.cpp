// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace detect::reference {

namespace {

/// output[i] = f(input[i]); `make` builds f from the node's attributes for an element type.
template <class Types, class Make>
Result<void> map(KernelContext& context, Make make) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    return dispatch(context, context.input(0).type(), Types{}, [&]<class T>() -> Result<void> {
        const auto from = context.input(0).data<T>();
        const auto to = output->mutable_data<T>();
        const auto f = make.template operator()<T>();
        for (std::size_t i = 0; i < from.size(); ++i) to[i] = f(from[i]);
        return {};
    });
}

/// A kernel for a function of the element alone: `unary<FloatTypes, [](auto x) { return std::exp(x); }>`.
template <class Types, auto f>
Result<void> unary(KernelContext& context) {
    return map<Types>(context, []<class T>() { return [](T x) { return static_cast<T>(f(x)); }; });
}

template <auto f>
Result<void> real(KernelContext& context) {
    return unary<FloatTypes, f>(context);
}

/// 0 where x is below, 1 where it is above; NaN stays NaN.
template <class T>
T clamp01(T x) {
    return x < T{0} ? T{0} : (x > T{1} ? T{1} : x);
}

template <class T>
T absolute(T x) {
    if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) {
        // The most negative integer has no positive counterpart and stays what it is.
        return x < 0 ? static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x)) : x;
    } else if constexpr (std::is_floating_point_v<T>) {
        return std::fabs(x);
    } else {
        return x;
    }
}

template <class T>
T negated(T x) {
    if constexpr (std::is_integral_v<T>)
        return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x));
    else
        return -x;
}

template <class T>
T sign(T x) {
    if (x > T{0}) return T{1};
    if (x == T{0}) return T{0};
    if constexpr (std::is_signed_v<T> || std::is_floating_point_v<T>) {
        return x < T{0} ? T{-1} : x;
    } else {
        return T{0};
    }
}

template <class T>
T softplus(T x) {
    return x > T{0} ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

Result<void> hard_sigmoid(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 0.2F));
        const auto beta = static_cast<T>(context.node().float_or("beta", 0.5F));
        return [alpha, beta](T x) { return clamp01(alpha * x + beta); };
    });
}

Result<void> hard_swish(KernelContext& context) {
    return map<FloatTypes>(context, []<class T>() {
        constexpr T alpha = T{1} / T{6};
        return [](T x) { return x * clamp01(alpha * x + T{0.5}); };
    });
}

Result<void> leaky_relu(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 0.01F));
        return [alpha](T x) { return x < T{0} ? alpha * x : x; };
    });
}

Result<void> thresholded_relu(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 1.0F));
        return [alpha](T x) { return x <= alpha ? T{0} : x; };
    });
}

Result<void> elu(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 1.0F));
        return [alpha](T x) { return x < T{0} ? alpha * std::expm1(x) : x; };
    });
}

Result<void> celu(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 1.0F));
        return [alpha](T x) { return x < T{0} ? alpha * std::expm1(x / alpha) : x; };
    });
}

Result<void> selu(KernelContext& context) {
    return map<FloatTypes>(context, [&]<class T>() {
        const auto alpha = static_cast<T>(context.node().float_or("alpha", 1.67326319217681884765625F));
        const auto gamma = static_cast<T>(context.node().float_or("gamma", 1.05070102214813232421875F));
        return [alpha, gamma](T x) { return gamma * (x > T{0} ? x : alpha * std::expm1(x)); };
    });
}

Result<void> shrink(KernelContext& context) {
    return map<NumberTypes>(context, [&]<class T>() {
        const double lambda = context.node().float_or("lambd", 0.5F);
        const double bias = context.node().float_or("bias", 0.0F);
        return [lambda, bias](T x) {
            const auto value = static_cast<double>(x);
            if (value < -lambda) return convert<T>(value + bias);
            return value > lambda ? convert<T>(value - bias) : T{0};
        };
    });
}

/// A bound of Clip: an input from opset 11 on, an attribute before.
template <class T>
T clip_bound(const KernelContext& context, std::size_t index, std::string_view attribute, T fallback) {
    if (context.has_input(index)) return context.input(index).data<T>()[0];
    const auto* value = context.node().attribute<float>(attribute);
    return value == nullptr ? fallback : convert<T>(*value);
}

Result<void> clip(KernelContext& context) {
    return map<NumberTypes>(context, [&]<class T>() {
        using limits = std::numeric_limits<T>;
        const T lowest = limits::has_infinity ? -limits::infinity() : limits::lowest();
        const T highest = limits::has_infinity ? limits::infinity() : limits::max();
        const T low = clip_bound<T>(context, 1, "min", lowest);
        const T high = clip_bound<T>(context, 2, "max", highest);
        return [low, high](T x) {
            const T raised = x < low ? low : x;
            return raised > high ? high : raised;
        };
    });
}

Result<void> logical_not(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    std::ranges::transform(context.input(0).data<bool>(), output->mutable_data<bool>().begin(), std::logical_not<>());
    return {};
}

template <class Make>
Result<void> predicate(KernelContext& context, Make make) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    return dispatch(context, context.input(0).type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        std::ranges::transform(context.input(0).data<T>(), output->mutable_data<bool>().begin(), make);
        return {};
    });
}

Result<void> is_nan(KernelContext& context) {
    return predicate(context, [](auto x) { return std::isnan(x); });
}

Result<void> is_inf(KernelContext& context) {
    const bool negative = context.node().int_or("detect_negative", 1) != 0;
    const bool positive = context.node().int_or("detect_positive", 1) != 0;
    return predicate(context, [=](auto x) { return std::isinf(x) && (x > 0 ? positive : negative); });
}

} // namespace

std::vector<KernelEntry> unary_kernels() {
    return {
        {"Abs", unary<NumberTypes, [](auto x) { return absolute(x); }>},
        {"Acos", real<[](auto x) { return std::acos(x); }>},
        {"Acosh", real<[](auto x) { return std::acosh(x); }>},
        {"Asin", real<[](auto x) { return std::asin(x); }>},
        {"Asinh", real<[](auto x) { return std::asinh(x); }>},
        {"Atan", real<[](auto x) { return std::atan(x); }>},
        {"Atanh", real<[](auto x) { return std::atanh(x); }>},
        {"Ceil", real<[](auto x) { return std::ceil(x); }>},
        {"Celu", celu},
        {"Clip", clip},
        {"Cos", real<[](auto x) { return std::cos(x); }>},
        {"Cosh", real<[](auto x) { return std::cosh(x); }>},
        {"Elu", elu},
        {"Erf", unary<NumberTypes, [](auto x) { return std::erf(x); }>},
        {"Exp", real<[](auto x) { return std::exp(x); }>},
        {"Floor", real<[](auto x) { return std::floor(x); }>},
        {"HardSigmoid", hard_sigmoid},
        {"HardSwish", hard_swish},
        {"IsInf", is_inf},
        {"IsNaN", is_nan},
        {"LeakyRelu", leaky_relu},
        {"Log", real<[](auto x) { return std::log(x); }>},
        {"Neg", unary<SignedTypes, [](auto x) { return negated(x); }>},
        {"Not", logical_not},
        {"Reciprocal", real<[](auto x) { return decltype(x){1} / x; }>},
        {"Relu", unary<SignedTypes, [](auto x) { return x < decltype(x){0} ? decltype(x){0} : x; }>},
        // Halves go to the even neighbour: the default rounding mode.
        {"Round", real<[](auto x) { return std::nearbyint(x); }>},
        {"Selu", selu},
        {"Shrink", shrink},
        {"Sigmoid", real<[](auto x) { return decltype(x){1} / (decltype(x){1} + std::exp(-x)); }>},
        {"Sign", unary<NumberTypes, [](auto x) { return sign(x); }>},
        {"Sin", real<[](auto x) { return std::sin(x); }>},
        {"Sinh", real<[](auto x) { return std::sinh(x); }>},
        {"Softplus", real<[](auto x) { return softplus(x); }>},
        {"Softsign", real<[](auto x) { return x / (decltype(x){1} + std::fabs(x)); }>},
        {"Sqrt", real<[](auto x) { return std::sqrt(x); }>},
        {"Tan", real<[](auto x) { return std::tan(x); }>},
        {"Tanh", real<[](auto x) { return std::tanh(x); }>},
        {"ThresholdedRelu", thresholded_relu},
    };
}

} // namespace detect::reference
