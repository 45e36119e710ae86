// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/broadcast.h"
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace detect::reference {

namespace {

/// Sums of floats are kept in double, sums of integers in 64 bits that wrap.
template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

template <class T>
double magnitude(T x) {
    return std::fabs(static_cast<double>(x));
}

// Each reduction: the accumulator's type and start, how an element joins, and what becomes of the sum of `count`.
template <class T>
struct Sum {
    using Accumulator = Wide<T>;
    static constexpr Accumulator start{0};
    static Accumulator join(Accumulator sum, T x) { return sum + static_cast<Accumulator>(x); }
    static T finish(Accumulator sum, std::int64_t) { return static_cast<T>(sum); }
};

template <class T>
struct Mean : Sum<T> {
    using Accumulator = Wide<T>;
    static T finish(Accumulator sum, std::int64_t count) {
        if constexpr (std::is_floating_point_v<T>) {
            return static_cast<T>(sum / static_cast<double>(count));
        } else if constexpr (std::is_signed_v<T>) {
            return count == 0 ? T{0} : static_cast<T>(static_cast<std::int64_t>(sum) / count);
        } else {
            return count == 0 ? T{0} : static_cast<T>(sum / static_cast<std::uint64_t>(count));
        }
    }
};

template <class T>
struct Product : Sum<T> {
    using Accumulator = Wide<T>;
    static constexpr Accumulator start{1};
    static Accumulator join(Accumulator product, T x) { return product * static_cast<Accumulator>(x); }
};

template <class T>
struct SumOfMagnitudes : Sum<T> {
    using Accumulator = Wide<T>;
    static Accumulator join(Accumulator sum, T x) {
        if constexpr (std::is_floating_point_v<T>) return sum + magnitude(x);
        const auto value = static_cast<Accumulator>(x);
        return x < T{0} ? sum - value : sum + value;
    }
};

template <class T>
struct SumOfSquares : Sum<T> {
    using Accumulator = Wide<T>;
    static Accumulator join(Accumulator sum, T x) {
        return sum + static_cast<Accumulator>(x) * static_cast<Accumulator>(x);
    }
};

template <class T>
struct Length : SumOfSquares<T> {
    static T finish(double sum, std::int64_t) { return static_cast<T>(std::sqrt(sum)); }
};

template <class T>
struct LogOfSum : Sum<T> {
    static T finish(double sum, std::int64_t) { return static_cast<T>(std::log(sum)); }
};

/// NaN wins; nothing at all gives the lowest value there is.
template <class T>
struct Maximum {
    using Accumulator = T;
    static constexpr T start =
        std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    static T join(T best, T x) { return best > x || best != best ? best : x; }
    static T finish(T best, std::int64_t) { return best; }
};

template <class T>
struct Minimum {
    using Accumulator = T;
    static constexpr T start =
        std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
    static T join(T best, T x) { return best < x || best != best ? best : x; }
    static T finish(T best, std::int64_t) { return best; }
};

/// The sizes with every reduced axis at 1, and how many elements are folded into one.
struct Reduced {
    Dims kept;
    std::int64_t count = 1;
};

Reduced reduced_sizes(const KernelContext& context) {
    const Dims& dims = context.input(0).dims();
    std::vector<std::int64_t> axes;
    if (const auto* given = context.node().attribute<std::vector<std::int64_t>>("axes"))
        axes = *given;
    else if (context.has_input(1))
        axes = integers(context.input(1));
    if (axes.empty() && context.node().int_or("noop_with_empty_axes", 0) == 0) {
        axes.resize(dims.rank());
        std::iota(axes.begin(), axes.end(), 0);
    }
    Reduced reduced{dims, 1};
    for (const std::int64_t axis : axes) {
        std::int64_t& size = reduced.kept[from_front(axis, dims.rank())];
        reduced.count *= size;
        size = 1;
    }
    return reduced;
}

template <class T, class Fold>
void reduce_to(const Tensor& input, const Reduced& reduced, std::span<T> output) {
    using Accumulator = typename Fold::Accumulator;
    std::vector<Accumulator> sums(output.size(), Fold::start);
    const T* const data = elements<T>(input);
    BroadcastLoop<1>(input.dims(), {&reduced.kept})
        .run([&](std::int64_t at, const auto& offset, std::int64_t count, const auto& step) {
            const T* x = data + at;
            Accumulator* sum = sums.data() + offset[0];
            if (step[0] == 0) {
                Accumulator total = *sum;
                for (std::int64_t i = 0; i < count; ++i) total = Fold::join(total, x[i]);
                *sum = total;
            } else {
                for (std::int64_t i = 0; i < count; ++i) sum[i] = Fold::join(sum[i], x[i]);
            }
        });
    std::ranges::transform(sums, output.begin(), [&](Accumulator sum) { return Fold::finish(sum, reduced.count); });
}

template <template <class> class Fold, class Types>
Result<void> reduce(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Reduced reduced = reduced_sizes(context);
    return dispatch(context, output->type(), Types{}, [&]<class T>() -> Result<void> {
        reduce_to<T, Fold<T>>(context.input(0), reduced, output->mutable_data<T>());
        return {};
    });
}

/// The same for what signed and unsigned integers give the same bits.
template <template <class> class Fold>
Result<void> reduce_without_sign(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Reduced reduced = reduced_sizes(context);
    return dispatch(context, without_sign(output->type()), TypesWithoutSign{}, [&]<class T>() -> Result<void> {
        const auto count = static_cast<std::size_t>(output->element_count());
        reduce_to<T, Fold<T>>(context.input(0), reduced, {reinterpret_cast<T*>(output->mutable_bytes().data()), count});
        return {};
    });
}

/// log Σ exp(x), with the largest x taken out so that nothing overflows.
Result<void> reduce_log_sum_exp(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Reduced reduced = reduced_sizes(context);
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const auto largest = output->mutable_data<T>();
        reduce_to<T, Maximum<T>>(context.input(0), reduced, largest);
        std::vector<double> sums(largest.size(), 0.0);
        const T* const data = context.input(0).data<T>().data();
        BroadcastLoop<1>(context.input(0).dims(), {&reduced.kept})
            .run([&](std::int64_t at, const auto& offset, std::int64_t count, const auto& step) {
                for (std::int64_t i = 0; i < count; ++i) {
                    const auto to = static_cast<std::size_t>(offset[0] + i * step[0]);
                    const double shift = std::isfinite(largest[to]) ? static_cast<double>(largest[to]) : 0.0;
                    sums[to] += std::exp(static_cast<double>(data[at + i]) - shift);
                }
            });
        for (std::size_t i = 0; i < sums.size(); ++i) {
            const double shift = std::isfinite(largest[i]) ? static_cast<double>(largest[i]) : 0.0;
            largest[i] = static_cast<T>(std::log(sums[i]) + shift);
        }
        return {};
    });
}

/// The position of the largest (smallest) element; NaN counts as the most extreme, as NumPy has it.
template <bool largest>
Result<void> arg_reduce(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::size_t axis = from_front(context.node().int_or("axis", 0), dims.rank());
    const bool last = context.node().int_or("select_last_index", 0) != 0;
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    const auto positions = output->mutable_data<std::int64_t>();
    return dispatch(context, input.type(), NumberTypes{}, [&]<class T>() -> Result<void> {
        const T* const data = input.data<T>().data();
        for (std::size_t i = 0; i < positions.size(); ++i) {
            const auto line = static_cast<std::int64_t>(i);
            const T* x = data + line / inner * dims[axis] * inner + line % inner;
            std::int64_t best = 0;
            for (std::int64_t k = 1; k < dims[axis]; ++k) {
                const T held = x[best * inner];
                const T next = x[k * inner];
                const bool beats = largest ? next > held : next < held;
                if ((held == held && (beats || next != next)) || (last && next == held)) best = k;
            }
            positions[i] = best;
        }
        return {};
    });
}

Result<void> cumulative_sum(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& input = context.input(0);
    const Dims& dims = input.dims();
    const std::size_t axis = from_front(integers(context.input(1)).front(), dims.rank());
    const bool exclusive = context.node().int_or("exclusive", 0) != 0;
    const bool reverse = context.node().int_or("reverse", 0) != 0;
    const std::int64_t inner = extent(dims, axis + 1, dims.rank());
    const std::int64_t size = dims[axis];
    if (output->element_count() == 0) return {};
    using Types = TypeList<float, double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;
    return dispatch(context, input.type(), Types{}, [&]<class T>() -> Result<void> {
        const T* const from = input.data<T>().data();
        T* const to = output->mutable_data<T>().data();
        for (std::int64_t line = 0; line < input.element_count() / size; ++line) {
            const std::int64_t start = line / inner * size * inner + line % inner;
            Wide<T> sum{0};
            for (std::int64_t k = 0; k < size; ++k) {
                const std::int64_t at = start + (reverse ? size - 1 - k : k) * inner;
                const Wide<T> before = sum;
                sum += static_cast<Wide<T>>(from[at]);
                to[at] = static_cast<T>(exclusive ? before : sum);
            }
        }
        return {};
    });
}

} // namespace

std::vector<KernelEntry> reduction_kernels() {
    return {
        {"ArgMax", arg_reduce<true>},
        {"ArgMin", arg_reduce<false>},
        {"CumSum", cumulative_sum},
        {"ReduceL1", reduce<SumOfMagnitudes, NumberTypes>},
        {"ReduceL2", reduce<Length, FloatTypes>},
        {"ReduceLogSum", reduce<LogOfSum, FloatTypes>},
        {"ReduceLogSumExp", reduce_log_sum_exp},
        {"ReduceMax", reduce<Maximum, NumberTypes>},
        {"ReduceMean", reduce<Mean, NumberTypes>},
        {"ReduceMin", reduce<Minimum, NumberTypes>},
        {"ReduceProd", reduce_without_sign<Product>},
        {"ReduceSum", reduce_without_sign<Sum>},
        {"ReduceSumSquare", reduce_without_sign<SumOfSquares>},
    };
}

} // namespace detect::reference
