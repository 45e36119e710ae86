// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cmath>

namespace detect::reference {

namespace {

/// The tensor as [outer, size, inner], normalised over the middle. Before opset 13 everything from the axis on is one.
struct Lines {
    std::int64_t outer = 1;
    std::int64_t size = 1;
    std::int64_t inner = 1;
};

Lines lines_of(const KernelContext& context) {
    const Dims& dims = context.input(0).dims();
    const bool flattens = context.opset() < 13;
    const std::size_t axis = from_front(context.node().int_or("axis", flattens ? 1 : -1), dims.rank());
    if (flattens) return {extent(dims, 0, axis), extent(dims, axis, dims.rank()), 1};
    return {extent(dims, 0, axis), dims[axis], extent(dims, axis + 1, dims.rank())};
}

/// Calls body(input, output) for the start of every line, whose elements lie `inner` apart.
template <class Body>
Result<void> for_each_line(KernelContext& context, Body body) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Lines lines = lines_of(context);
    if (output->element_count() == 0) return {};
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* const from = context.input(0).data<T>().data();
        T* const to = output->mutable_data<T>().data();
        for (std::int64_t o = 0; o < lines.outer; ++o) {
            for (std::int64_t i = 0; i < lines.inner; ++i) {
                const std::int64_t start = o * lines.size * lines.inner + i;
                body(from + start, to + start, lines.size, lines.inner);
            }
        }
        return {};
    });
}

template <class T>
T largest(const T* x, std::int64_t size, std::int64_t step) {
    T best = x[0];
    for (std::int64_t k = 1; k < size; ++k) best = std::max(best, x[k * step]);
    return best;
}

/// exp(x - max) / Σ exp(x - max)
Result<void> softmax(KernelContext& context) {
    return for_each_line(context, []<class T>(const T* x, T* y, std::int64_t size, std::int64_t step) {
        const T shift = largest(x, size, step);
        T sum{0};
        for (std::int64_t k = 0; k < size; ++k) {
            y[k * step] = std::exp(x[k * step] - shift);
            sum += y[k * step];
        }
        for (std::int64_t k = 0; k < size; ++k) y[k * step] /= sum;
    });
}

/// x - max - log Σ exp(x - max)
Result<void> log_softmax(KernelContext& context) {
    return for_each_line(context, []<class T>(const T* x, T* y, std::int64_t size, std::int64_t step) {
        const T shift = largest(x, size, step);
        T sum{0};
        for (std::int64_t k = 0; k < size; ++k) sum += std::exp(x[k * step] - shift);
        const T logarithm = std::log(sum);
        for (std::int64_t k = 0; k < size; ++k) y[k * step] = x[k * step] - shift - logarithm;
    });
}

/// 1 at the first largest element, 0 elsewhere.
Result<void> hardmax(KernelContext& context) {
    return for_each_line(context, []<class T>(const T* x, T* y, std::int64_t size, std::int64_t step) {
        std::int64_t best = 0;
        for (std::int64_t k = 0; k < size; ++k) {
            if (x[k * step] > x[best * step]) best = k;
            y[k * step] = T{0};
        }
        y[best * step] = T{1};
    });
}

} // namespace

std::vector<KernelEntry> softmax_kernels() {
    return {{"Hardmax", hardmax}, {"LogSoftmax", log_softmax}, {"Softmax", softmax}};
}

} // namespace detect::reference
