// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/lowering.h"
#include "executor/steps/expression_step.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace detect {

namespace {

struct NamedFunction {
    std::string_view op;
    ElementFunction function;
};
constexpr std::array<NamedFunction, 13> functions{{{"Abs", ElementFunction::absolute},
                                                   {"Neg", ElementFunction::negative},
                                                   {"Reciprocal", ElementFunction::reciprocal},
                                                   {"Sqrt", ElementFunction::square_root},
                                                   {"Exp", ElementFunction::exponential},
                                                   {"Erf", ElementFunction::error_function},
                                                   {"Tanh", ElementFunction::hyperbolic_tangent},
                                                   {"Sigmoid", ElementFunction::sigmoid},
                                                   {"Relu", ElementFunction::relu},
                                                   {"LeakyRelu", ElementFunction::leaky_relu},
                                                   {"Clip", ElementFunction::clip},
                                                   {"HardSigmoid", ElementFunction::hard_sigmoid},
                                                   {"HardSwish", ElementFunction::hard_swish}}};

struct NamedOperation {
    std::string_view op;
    ElementOperation operation;
};
constexpr std::array<NamedOperation, 4> operations{{{"Add", ElementOperation::add},
                                                    {"Sub", ElementOperation::subtract},
                                                    {"Mul", ElementOperation::multiply},
                                                    {"Div", ElementOperation::divide}}};

/// How many of a node's inputs are operands: the others are parameters.
std::size_t operand_count(const Node& node) {
    return std::ranges::find(operations, std::string_view(node.op), &NamedOperation::op) != operations.end() ? 2 : 1;
}

/// Whether one is known to have fewer elements than the other: what is computed on it alone is cheaper there.
bool is_smaller(const std::optional<Shape>& one, const std::optional<Shape>& other) {
    if (!one || !other || one->size() != other->size()) return true;
    for (std::size_t axis = 0; axis < one->size(); ++axis) {
        if ((*one)[axis].size == 1 && (*other)[axis].size != 1) return true;
    }
    return false;
}

} // namespace

/// A constant of one element that does not add axes to `operand`.
std::optional<float> Lowering::single_number(ValueId id, ValueId operand) const {
    const Tensor* tensor = constant(id, DataType::float32);
    const auto& shape = value(operand).shape;
    if (tensor == nullptr || tensor->element_count() != 1 || value(id).editable) return std::nullopt;
    if (tensor->dims().rank() > 0 && (!shape || tensor->dims().rank() > shape->size())) return std::nullopt;
    return tensor->data<float>()[0];
}

/// What a node does to each element, if that is one of the operations of an expression; operands are not set.
std::optional<Expression::Operation> Lowering::element_operation(const Node& node) const {
    if (!node.domain.empty() || node.inputs.empty() || node.outputs.size() != 1) return std::nullopt;
    for (std::size_t i = 0; i < operand_count(node); ++i) {
        if (!node.input(i).present() || value(node.inputs[i]).type != DataType::float32) return std::nullopt;
    }
    Expression::Operation operation;
    const std::string_view op = node.op;
    if (const auto found = std::ranges::find(operations, op, &NamedOperation::op); found != operations.end()) {
        operation.combination = found->operation;
        return operation;
    }
    if (op == "Pow") {
        const auto exponent = single_number(node.inputs[1], node.inputs[0]);
        if (exponent != 2.F && exponent != 3.F) return std::nullopt;
        operation.function = exponent == 2.F ? ElementFunction::square : ElementFunction::cube;
        return operation;
    }
    const auto found = std::ranges::find(functions, op, &NamedFunction::op);
    if (found == functions.end()) return std::nullopt;
    operation.function = found->function;
    if (op == "Clip") {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const auto bound = [&](std::size_t input, std::string_view attribute, float none) -> std::optional<float> {
            if (!node.input(input).present()) return node.float_or(attribute, none);
            return single_number(node.inputs[input], node.inputs[0]);
        };
        const auto low = bound(1, "min", -infinity);
        const auto high = bound(2, "max", infinity);
        if (!low || !high) return std::nullopt;
        operation.alpha = *low;
        operation.beta = *high;
    } else if (op == "LeakyRelu") {
        operation.alpha = node.float_or("alpha", 0.01F);
    } else if (op == "HardSigmoid" || op == "HardSwish") {
        operation.alpha = op == "HardSwish" ? 1.F / 6.F : node.float_or("alpha", 0.2F);
        operation.beta = op == "HardSwish" ? 0.5F : node.float_or("beta", 0.5F);
    }
    return operation;
}

/// A group's nodes as an expression; its inputs are appended to `inputs`.
std::optional<Expression> Lowering::to_expression(const Group& group, std::vector<ValueId>& inputs) const {
    std::map<std::int32_t, std::size_t> computed; // by value: the operation
    for (const std::size_t member : group) computed.emplace(node(member).outputs[0].index, computed.size());
    for (const std::size_t member : group) {
        for (std::size_t i = 0; i < operand_count(node(member)); ++i) {
            const ValueId id = node(member).inputs[i];
            if (!computed.contains(id.index) && std::ranges::find(inputs, id) == inputs.end()) inputs.push_back(id);
        }
    }
    std::vector<Expression::Operation> steps;
    for (const std::size_t member : group) {
        Expression::Operation operation = *element_operation(node(member));
        const auto operand = [&](std::size_t index) {
            const ValueId id = node(member).inputs[index];
            const auto found = computed.find(id.index);
            if (found != computed.end()) return static_cast<std::int32_t>(inputs.size() + found->second);
            return static_cast<std::int32_t>(std::ranges::find(inputs, id) - inputs.begin());
        };
        operation.a = operand(0);
        operation.b = operand_count(node(member)) == 2 ? operand(1) : -1;
        steps.push_back(operation);
    }
    return Expression::create(inputs.size(), std::move(steps));
}

/// Starts at what is read last and takes in what is computed for it alone.
void Lowering::group_elementwise(std::size_t root) {
    if (grouped_[root] || !element_operation(node(root))) return;
    Group group{root};
    const auto only_the_group_reads = [&](ValueId id) {
        const auto& readers = readers_[static_cast<std::size_t>(id.index)];
        return !is_output_[static_cast<std::size_t>(id.index)] && std::ranges::all_of(readers, [&](std::size_t reader) {
            return std::ranges::find(group, reader) != group.end();
        });
    };
    // From the back, so that all readers of a value have been looked at before the node that computes it.
    std::set<std::size_t> candidates;
    const auto add_producers = [&](std::size_t n) {
        for (std::size_t i = 0; i < operand_count(node(n)); ++i) {
            const std::int32_t before = producers_[static_cast<std::size_t>(node(n).inputs[i].index)];
            if (before >= 0) candidates.insert(static_cast<std::size_t>(before));
        }
    };
    add_producers(root);
    while (!candidates.empty()) {
        const std::size_t n = *candidates.rbegin();
        candidates.erase(n);
        if (grouped_[n] || !element_operation(node(n)) || !only_the_group_reads(node(n).outputs[0])) continue;
        if (is_smaller(value(node(n).outputs[0]).shape, value(node(root).outputs[0]).shape)) continue;
        Group larger = group;
        larger.insert(larger.begin(), n);
        std::vector<ValueId> inputs;
        if (!to_expression(larger, inputs)) continue;
        group = std::move(larger);
        add_producers(n);
    }
    claim(std::move(group), &Lowering::lower_elementwise);
}

Result<void> Lowering::lower_elementwise(const Group& group) {
    std::vector<ValueId> inputs;
    auto expression = to_expression(group, inputs);
    if (!expression) return Error{ErrorCode::internal, describe(node(group.back())) + ": too large an expression"};
    // One number fits any layout; other constants are plain.
    const auto is_number = [&](ValueId id) {
        const Tensor& tensor = value(id).constant;
        return tensor.defined() && tensor.element_count() == 1 && tensor.dims().rank() <= 4;
    };
    const auto is_map = [&](ValueId id) {
        return exists(id, Layout::channels_last) && value(id).shape && value(id).shape->size() == 4;
    };
    const bool maps = std::ranges::any_of(inputs, is_map) &&
                      std::ranges::all_of(inputs, [&](ValueId id) { return is_map(id) || is_number(id); });
    const Layout layout = maps ? Layout::channels_last : Layout::plain;
    std::vector<std::int32_t> slots;
    for (const ValueId id : inputs) slots.push_back(in_layout(id, is_number(id) ? Layout::plain : layout));
    std::string label;
    for (const std::size_t member : group) label += (label.empty() ? "" : " ") + node(member).op;
    const Node& last = node(group.back());
    append(make_expression_step(kernel_table(isa_), *std::move(expression), std::move(label)), last.name,
           std::move(slots), {slot(last.outputs[0], layout)});
    return {};
}

} // namespace detect
