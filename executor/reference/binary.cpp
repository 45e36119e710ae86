// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/broadcast.h"
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

namespace detect::reference {

namespace {

/// output = f(a, b), both read as `type`, giving `Out` (or, if void, the same type).
template <class Types, class Out, auto f>
Result<void> apply(KernelContext& context, DataType type, const Tensor& a, const Tensor& b) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    return dispatch(context, type, Types{}, [&]<class T>() -> Result<void> {
        using R = std::conditional_t<std::is_void_v<Out>, T, Out>;
        auto* const result = reinterpret_cast<R*>(output->mutable_bytes().data());
        broadcast_binary(output->dims(), result, a.dims(), elements<T>(a), b.dims(), elements<T>(b),
                         [](T x, T y) { return static_cast<R>(f(x, y)); });
        return {};
    });
}

template <class Types, class Out, auto f>
Result<void> binary(KernelContext& context) {
    return apply<Types, Out, f>(context, context.input(0).type(), context.input(0), context.input(1));
}

template <auto f>
Result<void> arithmetic(KernelContext& context) {
    return binary<NumberTypes, void, f>(context);
}

template <auto f>
Result<void> wrapping(KernelContext& context) {
    const Tensor& a = context.input(0);
    return apply<TypesWithoutSign, void, f>(context, without_sign(a.type()), a, context.input(1));
}

Result<void> equal(KernelContext& context) {
    const Tensor& a = context.input(0);
    if (a.type() == DataType::boolean) {
        return binary<TypeList<bool>, bool, [](bool x, bool y) { return x == y; }>(context);
    }
    return apply<TypesWithoutSign, bool, [](auto x, auto y) { return x == y; }>(context, without_sign(a.type()), a,
                                                                                context.input(1));
}

Result<void> less(KernelContext& context, const Tensor& a, const Tensor& b) {
    return apply<NumberAndBoolTypes, bool, [](auto x, auto y) { return x < y; }>(context, a.type(), a, b);
}

Result<void> less_or_equal(KernelContext& context, const Tensor& a, const Tensor& b) {
    return apply<NumberAndBoolTypes, bool, [](auto x, auto y) { return x <= y; }>(context, a.type(), a, b);
}

template <auto f>
Result<void> logical(KernelContext& context) {
    return binary<TypeList<bool>, bool, f>(context);
}

/// Integers wrap around; computing in 64 unsigned bits keeps that defined for every width.
template <class T, class F>
T wrapped(T x, T y, F f) {
    if constexpr (std::is_integral_v<T>) {
        return static_cast<T>(f(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y)));
    } else {
        return f(x, y);
    }
}

template <class T>
T quotient(T x, T y) {
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
        if (y == T{-1}) return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x));
    }
    return static_cast<T>(x / y);
}

/// With the sign of the dividend, as C has it.
template <class T>
T remainder(T x, T y) {
    if constexpr (std::is_floating_point_v<T>) {
        return std::fmod(x, y);
    } else {
        if constexpr (std::is_signed_v<T>) {
            if (y == T{-1}) return T{0};
        }
        return static_cast<T>(x % y);
    }
}

/// With the sign of the divisor, as Python has it.
template <class T>
T modulo(T x, T y) {
    const T rest = remainder(x, y);
    return rest != T{0} && (rest < T{0}) != (y < T{0}) ? static_cast<T>(rest + y) : rest;
}

/// Fails if an integer divisor is 0 anywhere.
Result<void> check_divisors(const KernelContext& context) {
    const Tensor& divisor = context.input(1);
    return dispatch(context, divisor.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        if constexpr (std::is_integral_v<T>) {
            if (std::ranges::find(divisor.data<T>(), T{0}) != divisor.data<T>().end()) {
                return context.error("divides an integer by 0");
            }
        }
        return {};
    });
}

Result<void> divide(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto inferred, infer_outputs(context));
    DETECT_TRY(check_divisors(context));
    return arithmetic<[](auto x, auto y) { return quotient(x, y); }>(context);
}

Result<void> mod(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto inferred, infer_outputs(context));
    DETECT_TRY(check_divisors(context));
    if (context.node().int_or("fmod", 0) != 0) {
        return arithmetic<[](auto x, auto y) { return remainder(x, y); }>(context);
    }
    return arithmetic<[](auto x, auto y) { return modulo(x, y); }>(context);
}

Result<void> bit_shift(KernelContext& context) {
    // Shifting out every bit leaves 0, however far.
    if (context.node().string_or("direction", "") == "LEFT") {
        return binary<UnsignedTypes, void, [](auto x, auto y) {
            return y >= 8 * sizeof(x) ? 0 : (static_cast<std::uint64_t>(x) << y);
        }>(context);
    }
    return binary<UnsignedTypes, void, [](auto x, auto y) {
        return y >= 8 * sizeof(x) ? 0 : (static_cast<std::uint64_t>(x) >> y);
    }>(context);
}

/// NaN if either is NaN.
template <class T>
T larger(T x, T y) {
    return x > y || x != x ? x : y;
}
template <class T>
T smaller(T x, T y) {
    return x < y || x != x ? x : y;
}

/// Folds any number of inputs, first to last, into output 0.
template <class Types, class F>
Result<Tensor*> fold(KernelContext& context, F f) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    DETECT_TRY(dispatch(context, output->type(), Types{}, [&]<class T>() -> Result<void> {
        T* const result = output->mutable_data<T>().data();
        const Tensor& first = context.input(0);
        const T* const start = first.data<T>().data();
        broadcast_binary(output->dims(), result, first.dims(), start, first.dims(), start, [](T x, T) { return x; });
        for (std::size_t i = 1; i < context.input_count(); ++i) {
            const Tensor& next = context.input(i);
            broadcast_binary(output->dims(), result, output->dims(), result, next.dims(), next.data<T>().data(), f);
        }
        return {};
    }));
    return output;
}

Result<void> max(KernelContext& context) {
    DETECT_TRY(fold<NumberTypes>(context, [](auto x, auto y) { return larger(x, y); }));
    return {};
}

Result<void> min(KernelContext& context) {
    DETECT_TRY(fold<NumberTypes>(context, [](auto x, auto y) { return smaller(x, y); }));
    return {};
}

Result<void> sum(KernelContext& context) {
    DETECT_TRY(fold<FloatTypes>(context, std::plus<>{}));
    return {};
}

Result<void> mean(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, fold<FloatTypes>(context, std::plus<>{}));
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        for (T& value : output->mutable_data<T>()) value /= static_cast<T>(context.input_count());
        return {};
    });
}

/// Integer powers by repeated squaring, wrapping; negative exponents give what rounding towards 0 leaves.
template <class T, class E>
T integer_power(T base, E exponent) {
    if (std::cmp_less(exponent, 0)) {
        if (base == T{1}) return base;
        if (std::is_signed_v<T> && base == static_cast<T>(-1)) return exponent % 2 == 0 ? T{1} : base;
        return T{0};
    }
    std::uint64_t result = 1;
    auto square = static_cast<std::uint64_t>(base);
    for (auto left = static_cast<std::uint64_t>(exponent); left > 0; left >>= 1U) {
        if ((left & 1U) != 0) result *= square;
        square *= square;
    }
    return static_cast<T>(result);
}

template <class T, class E>
T power(T base, E exponent) {
    if constexpr (std::is_same_v<T, E> && std::is_floating_point_v<T>) {
        return std::pow(base, exponent);
    } else if constexpr (std::is_integral_v<T> && std::is_integral_v<E>) {
        return integer_power(base, exponent);
    } else {
        return convert<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
    }
}

/// The elements as `E`, which holds them all.
template <class E>
std::vector<E> widened(const KernelContext& context, const Tensor& tensor) {
    std::vector<E> values(static_cast<std::size_t>(tensor.element_count()));
    static_cast<void>(dispatch(context, tensor.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        std::ranges::transform(tensor.data<T>(), values.begin(), [](T x) { return static_cast<E>(x); });
        return {};
    }));
    return values;
}

template <class E>
Result<void> pow_of(KernelContext& context, const E* exponents) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& a = context.input(0);
    return dispatch(context, a.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        broadcast_binary(output->dims(), output->mutable_data<T>().data(), a.dims(), a.data<T>().data(),
                         context.input(1).dims(), exponents, [](T x, E y) { return power(x, y); });
        return {};
    });
}

/// Integer exponents of all widths are taken as the widest: a power is the same, and there are ten types of bases.
Result<void> pow(KernelContext& context) {
    const Tensor& exponents = context.input(1);
    switch (exponents.type()) {
    case DataType::float32: return pow_of(context, exponents.data<float>().data());
    case DataType::float64: return pow_of(context, exponents.data<double>().data());
    case DataType::uint64: return pow_of(context, exponents.data<std::uint64_t>().data());
    default: return pow_of(context, widened<std::int64_t>(context, exponents).data());
    }
}

Result<void> prelu(KernelContext& context) {
    return arithmetic<[](auto x, auto slope) {
        using T = decltype(x);
        return x < T{0} ? wrapped(x, slope, std::multiplies<>{}) : x;
    }>(context);
}

Result<void> where(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& condition = context.input(0);
    const Tensor& a = context.input(1);
    const Tensor& b = context.input(2);
    const bool* const chosen = condition.data<bool>().data();
    const BroadcastLoop<3> loop(output->dims(), {&condition.dims(), &a.dims(), &b.dims()});
    dispatch_size(output->type(), [&]<std::size_t size>() {
        const std::byte* const yes = a.bytes().data();
        const std::byte* const no = b.bytes().data();
        std::byte* const result = output->mutable_bytes().data();
        loop.run([&](std::int64_t at, const auto& from, std::int64_t count, const auto& step) {
            for (std::int64_t i = 0; i < count; ++i) {
                const bool take = chosen[from[0] + i * step[0]];
                const std::byte* source = take ? yes + (from[1] + i * step[1]) * static_cast<std::int64_t>(size)
                                               : no + (from[2] + i * step[2]) * static_cast<std::int64_t>(size);
                std::memcpy(result + (at + i) * static_cast<std::int64_t>(size), source, size);
            }
        });
    });
    return {};
}

} // namespace

std::vector<KernelEntry> binary_kernels() {
    return {
        {"Add", wrapping<[](auto x, auto y) { return wrapped(x, y, std::plus<>{}); }>},
        {"And", logical<[](bool x, bool y) { return x && y; }>},
        {"BitShift", bit_shift},
        {"Div", divide},
        {"Equal", equal},
        {"Greater", [](KernelContext& node) { return less(node, node.input(1), node.input(0)); }},
        {"GreaterOrEqual", [](KernelContext& node) { return less_or_equal(node, node.input(1), node.input(0)); }},
        {"Less", [](KernelContext& node) { return less(node, node.input(0), node.input(1)); }},
        {"LessOrEqual", [](KernelContext& node) { return less_or_equal(node, node.input(0), node.input(1)); }},
        {"Max", max},
        {"Mean", mean},
        {"Min", min},
        {"Mod", mod},
        {"Mul", wrapping<[](auto x, auto y) { return wrapped(x, y, std::multiplies<>{}); }>},
        {"Or", logical<[](bool x, bool y) { return x || y; }>},
        {"PRelu", prelu},
        {"Pow", pow},
        {"Sub", wrapping<[](auto x, auto y) { return wrapped(x, y, std::minus<>{}); }>},
        {"Sum", sum},
        {"Where", where},
        {"Xor", logical<[](bool x, bool y) { return x != y; }>},
    };
}

} // namespace detect::reference
