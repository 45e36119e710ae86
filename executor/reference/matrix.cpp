// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/broadcast.h"
#include "executor/reference/convert.h"
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <Eigen/Core>

namespace detect::reference {

namespace {

using MatrixTypes = TypeList<float, double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;

/// Integers are multiplied as unsigned ones: the same bits, but overflow is defined.
template <class T, bool = std::is_integral_v<T>>
struct Element {
    using type = T;
};
template <class T>
struct Element<T, true> {
    using type = std::make_unsigned_t<T>;
};

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>>;

/// c = op(a) · op(b), row-major; a is [rows, inner] before it is turned, b [inner, columns].
template <class T>
void multiply(const T* a, bool turn_a, const T* b, bool turn_b, T* c, std::int64_t rows, std::int64_t inner,
              std::int64_t columns) {
    using E = typename Element<T>::type;
    const auto* const left = reinterpret_cast<const E*>(a);
    const auto* const right = reinterpret_cast<const E*>(b);
    Eigen::Map<Matrix<E>> result(reinterpret_cast<E*>(c), rows, columns);
    if (rows == 0 || columns == 0) return;
    if (inner == 0) {
        result.setZero();
        return;
    }
    const ConstMap<E> a_map(left, turn_a ? inner : rows, turn_a ? rows : inner);
    const ConstMap<E> b_map(right, turn_b ? columns : inner, turn_b ? inner : columns);
    if (turn_a && turn_b)
        result.noalias() = a_map.transpose() * b_map.transpose();
    else if (turn_a)
        result.noalias() = a_map.transpose() * b_map;
    else if (turn_b)
        result.noalias() = a_map * b_map.transpose();
    else
        result.noalias() = a_map * b_map;
}

template <class T>
T scaled(float factor, T value) {
    if constexpr (std::is_floating_point_v<T>)
        return static_cast<T>(factor) * value;
    else
        return convert<T>(static_cast<double>(factor) * static_cast<double>(value));
}

/// alpha · op(A) · op(B) + beta · C
Result<void> gemm(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& a = context.input(0);
    const bool turn_a = context.node().int_or("transA", 0) != 0;
    const bool turn_b = context.node().int_or("transB", 0) != 0;
    const float alpha = context.node().float_or("alpha", 1.0F);
    const float beta = context.node().float_or("beta", 1.0F);
    return dispatch(context, output->type(), MatrixTypes{}, [&]<class T>() -> Result<void> {
        T* const result = output->mutable_data<T>().data();
        multiply(a.data<T>().data(), turn_a, context.input(1).data<T>().data(), turn_b, result, output->dims()[0],
                 a.dims()[turn_a ? 0 : 1], output->dims()[1]);
        if (alpha != 1.0F) {
            for (T& value : output->mutable_data<T>()) value = scaled(alpha, value);
        }
        if (!context.has_input(2)) return {};
        const Tensor& bias = context.input(2);
        broadcast_binary(
            output->dims(), result, output->dims(), result, bias.dims(), bias.data<T>().data(), [beta](T x, T y) {
                const T term = beta == 1.0F ? y : scaled(beta, y);
                if constexpr (std::is_floating_point_v<T>)
                    return x + term;
                else
                    return static_cast<T>(static_cast<std::uint64_t>(x) + static_cast<std::uint64_t>(term));
            });
        return {};
    });
}

/// The batch dimensions of a matmul operand, in matrices.
Dims batch_dims(const Dims& dims) { return dims.rank() <= 2 ? Dims{} : Dims(dims.sizes().first(dims.rank() - 2)); }

Result<void> matmul(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Tensor& a = context.input(0);
    const Tensor& b = context.input(1);
    const std::size_t a_rank = a.dims().rank();
    const std::size_t b_rank = b.dims().rank();
    const std::int64_t rows = a_rank == 1 ? 1 : a.dims()[a_rank - 2];
    const std::int64_t inner = a.dims()[a_rank - 1];
    const std::int64_t columns = b_rank == 1 ? 1 : b.dims()[b_rank - 1];
    // The output's leading dimensions, without those a vector operand has no part in.
    const std::size_t own = (a_rank > 1 ? 1U : 0U) + (b_rank > 1 ? 1U : 0U);
    const Dims batch(output->dims().sizes().first(output->dims().rank() - own));
    const Dims a_batch = batch_dims(a.dims());
    const Dims b_batch = batch_dims(b.dims());
    return dispatch(context, output->type(), MatrixTypes{}, [&]<class T>() -> Result<void> {
        const T* const left = a.data<T>().data();
        const T* const right = b.data<T>().data();
        T* const result = output->mutable_data<T>().data();
        const BroadcastLoop<2> loop(batch, {&a_batch, &b_batch});
        loop.run([&](std::int64_t at, const auto& from, std::int64_t count, const auto& step) {
            for (std::int64_t i = 0; i < count; ++i) {
                multiply(left + (from[0] + i * step[0]) * rows * inner, false,
                         right + (from[1] + i * step[1]) * inner * columns, false, result + (at + i) * rows * columns,
                         rows, inner, columns);
            }
        });
        return {};
    });
}

} // namespace

std::vector<KernelEntry> matrix_kernels() { return {{"Gemm", gemm}, {"MatMul", matmul}}; }

} // namespace detect::reference
