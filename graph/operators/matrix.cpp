// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/einsum.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <array>

namespace detect {

using namespace rules;

namespace {

constexpr TypeSet matrix_types = float_types | index_types | type_set({DataType::uint32, DataType::uint64});

Result<void> gemm(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, matrix_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_same_type(context, 0, 2));
    DETECT_TRY(require_rank(context, 0, 2));
    DETECT_TRY(require_rank(context, 1, 2));
    if (context.opset() < 11 && !context.has_input(2)) return context.error("needs a third input before opset 11");
    const std::size_t a_turned = context.node().int_or("transA", 0) != 0 ? 1 : 0;
    const std::size_t b_turned = context.node().int_or("transB", 0) != 0 ? 1 : 0;
    const auto& a = context.input(0).shape;
    const auto& b = context.input(1).shape;
    if (a && b && differ((*a)[1 - a_turned], (*b)[b_turned])) {
        return context.error("inner sizes of " + to_string(a) + " and " + to_string(b) + " differ (transA " +
                             std::to_string(a_turned) + ", transB " + std::to_string(b_turned) + ")");
    }
    Shape output{a ? (*a)[a_turned] : Dim{}, b ? (*b)[1 - b_turned] : Dim{}};
    if (const auto& bias = context.input(2).shape) {
        DETECT_TRY_ASSIGN(const bool fits, broadcasts_to(context, *bias, output));
        if (!fits) return context.error("bias " + to_string(bias) + " does not fit output " + to_string(output));
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// NumPy's matmul: vectors get a dimension for the product and lose it again, leading dimensions broadcast.
Result<std::optional<Shape>> matmul_shape(const ShapeContext& context, const std::optional<Shape>& left,
                                          const std::optional<Shape>& right) {
    if (!left || !right) return std::optional<Shape>{};
    Shape a = *left;
    Shape b = *right;
    if (a.empty() || b.empty()) return context.error("cannot multiply a scalar");
    const bool left_vector = a.size() == 1;
    const bool right_vector = b.size() == 1;
    if (left_vector) a.insert(a.begin(), 1);
    if (right_vector) b.push_back(1);
    if (differ(a.back(), b[b.size() - 2])) {
        return context.error("inner sizes of " + to_string(left) + " and " + to_string(right) + " differ");
    }
    const Dim rows = a[a.size() - 2];
    const Dim columns = b.back();
    a.resize(a.size() - 2);
    b.resize(b.size() - 2);
    DETECT_TRY_ASSIGN(auto shape, broadcast(context, a, b));
    if (!left_vector) shape->push_back(rows);
    if (!right_vector) shape->push_back(columns);
    return shape;
}

Result<void> matmul(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, matrix_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY_ASSIGN(auto shape, matmul_shape(context, context.input(0).shape, context.input(1).shape));
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

Result<void> einsum(ShapeContext& context) {
    std::vector<std::size_t> ranks;
    DETECT_TRY(require_type(context, 0, matrix_types));
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        if (!context.has_input(i)) return context.error("input " + std::to_string(i) + " is left out");
        DETECT_TRY(require_same_type(context, 0, i));
        if (context.input(i).shape) ranks.push_back(context.input(i).shape->size());
    }
    if (ranks.size() != context.input_count()) {
        context.set_output(0, context.input(0).type, std::nullopt);
        return {};
    }
    const auto labels = parse_einsum(context.node().string_or("equation", ""), ranks);
    if (!labels) return context.error(labels.error().message);
    std::array<Dim, einsum_label_count> sizes;
    sizes.fill(Dim(1));
    for (std::size_t i = 0; i < ranks.size(); ++i) {
        for (std::size_t axis = 0; axis < ranks[i]; ++axis) {
            Dim& size = sizes[static_cast<std::size_t>(labels->operands[i][axis])];
            auto met = broadcast(size, (*context.input(i).shape)[axis]);
            if (!met) return context.error("one label of the equation stands for different sizes");
            size = *std::move(met);
        }
    }
    Shape output;
    for (const int label : labels->output) output.push_back(sizes[static_cast<std::size_t>(label)]);
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> determinant(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    auto shape = context.input(0).shape;
    if (shape) {
        if (shape->size() < 2 || differ((*shape)[shape->size() - 2], shape->back())) {
            return context.error("needs square matrices, is " + to_string(shape));
        }
        shape->resize(shape->size() - 2);
    }
    context.set_output(0, context.input(0).type, std::move(shape));
    return {};
}

} // namespace

std::vector<Operator> matrix_operators() {
    using enum AttributeKind;
    return {
        {.name = "Det", .since = 11, .infer = determinant, .work = Work::unbounded},
        {.name = "Einsum",
         .since = 12,
         .inputs = at_least(1),
         .attributes = {{"equation", text, required}},
         .infer = einsum,
         .work = Work::unbounded},
        {.name = "Gemm",
         .since = 7,
         .inputs = between(2, 3),
         .attributes = {{"alpha", real}, {"beta", real}, {"transA", integer}, {"transB", integer}},
         .infer = gemm,
         .work = Work::unbounded,
         .takes_weights = true},
        {.name = "MatMul", .inputs = 2, .infer = matmul, .work = Work::unbounded, .takes_weights = true},
    };
}

} // namespace detect
