// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/einsum.h"

#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <array>
#include <cmath>

namespace detect::reference {

namespace {

/// One label's axis in a walk: its size, and how far each operand moves along it.
struct LabelAxis {
    std::int64_t size = 1;
    std::vector<std::int64_t> strides;
};

/// Output axes first, then those that are summed over.
struct Walk {
    std::vector<LabelAxis> output;
    std::vector<LabelAxis> summed;
};

Walk plan(const KernelContext& context, const EinsumLabels& labels) {
    std::array<LabelAxis, einsum_label_count> axes;
    std::array<bool, einsum_label_count> used{};
    for (LabelAxis& axis : axes) axis.strides.resize(context.input_count(), 0);
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        const Dims& dims = context.input(i).dims();
        for (std::size_t d = 0; d < dims.rank(); ++d) {
            const auto label = static_cast<std::size_t>(labels.operands[i][d]);
            used[label] = true;
            if (dims[d] == 1) continue;
            axes[label].size = dims[d];
            // A label that an operand has twice runs along the diagonal.
            axes[label].strides[i] += extent(dims, d + 1, dims.rank());
        }
    }
    Walk walk;
    for (const int label : labels.output) {
        walk.output.push_back(axes[static_cast<std::size_t>(label)]);
        used[static_cast<std::size_t>(label)] = false;
    }
    for (std::size_t label = 0; label < axes.size(); ++label) {
        if (used[label]) walk.summed.push_back(axes[label]);
    }
    return walk;
}

/// Calls body() at every position of `axes`, with `offsets` moved along; offsets come back as they were.
template <class Body>
void walk_axes(std::span<const LabelAxis> axes, std::vector<std::int64_t>& offsets, Body&& body) {
    if (axes.empty()) return body();
    const LabelAxis& axis = axes.front();
    for (std::int64_t i = 0; i < axis.size; ++i) {
        walk_axes(axes.subspan(1), offsets, body);
        for (std::size_t k = 0; k < offsets.size(); ++k) offsets[k] += axis.strides[k];
    }
    for (std::size_t k = 0; k < offsets.size(); ++k) offsets[k] -= axis.strides[k] * axis.size;
}

template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

/// Every output element: the sum, over the labels it does not have, of the product of all operands' elements.
Result<void> einsum(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    std::vector<std::size_t> ranks;
    for (std::size_t i = 0; i < context.input_count(); ++i) ranks.push_back(context.input(i).dims().rank());
    DETECT_TRY_ASSIGN(const EinsumLabels labels, parse_einsum(context.node().string_or("equation", ""), ranks));
    const Walk walk = plan(context, labels);
    if (output->element_count() == 0) return {};
    using Types = TypeList<float, double, std::int32_t, std::int64_t, std::uint32_t, std::uint64_t>;
    return dispatch(context, output->type(), Types{}, [&]<class T>() -> Result<void> {
        std::vector<const T*> operands;
        for (std::size_t i = 0; i < context.input_count(); ++i) operands.push_back(context.input(i).data<T>().data());
        std::vector<std::int64_t> offsets(operands.size(), 0);
        T* target = output->mutable_data<T>().data();
        walk_axes(walk.output, offsets, [&] {
            Sum<T> sum{0};
            walk_axes(walk.summed, offsets, [&] {
                Sum<T> product{1};
                for (std::size_t i = 0; i < operands.size(); ++i)
                    product *= static_cast<Sum<T>>(operands[i][offsets[i]]);
                sum += product;
            });
            *target++ = static_cast<T>(sum);
        });
        return {};
    });
}

/// By Gaussian elimination with row pivots.
double determinant(std::vector<double> matrix, std::size_t size) {
    double result = 1.0;
    for (std::size_t column = 0; column < size; ++column) {
        std::size_t pivot = column;
        for (std::size_t row = column + 1; row < size; ++row) {
            if (std::fabs(matrix[row * size + column]) > std::fabs(matrix[pivot * size + column])) pivot = row;
        }
        const double head = matrix[pivot * size + column];
        if (head == 0.0) return 0.0;
        if (pivot != column) {
            for (std::size_t k = 0; k < size; ++k) std::swap(matrix[pivot * size + k], matrix[column * size + k]);
            result = -result;
        }
        result *= head;
        for (std::size_t row = column + 1; row < size; ++row) {
            const double factor = matrix[row * size + column] / head;
            for (std::size_t k = column; k < size; ++k) matrix[row * size + k] -= factor * matrix[column * size + k];
        }
    }
    return result;
}

Result<void> det(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Dims& dims = context.input(0).dims();
    const auto size = static_cast<std::size_t>(dims[dims.rank() - 1]);
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        const T* matrix = context.input(0).data<T>().data();
        for (T& value : output->mutable_data<T>()) {
            value = static_cast<T>(determinant({matrix, matrix + size * size}, size));
            matrix += size * size;
        }
        return {};
    });
}

} // namespace

std::vector<KernelEntry> einsum_kernels() { return {{"Det", det}, {"Einsum", einsum}}; }

} // namespace detect::reference
