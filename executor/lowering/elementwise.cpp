// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/expression.h"
#include "executor/lowering/nodes.h"
#include "executor/lowering/patterns.h"
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

/// A node of an expression.
struct Element {
    std::size_t node = 0;
    /// Which of its inputs are operands: the others are parameters.
    std::vector<ValueId> operands;
    ValueId result;
    /// Its operands are not set.
    Expression::Operation operation;
};

struct FoundExpression {
    std::vector<std::size_t> nodes;
    std::vector<ValueId> inputs;
    Expression expression;
    /// Its operators' names.
    std::string label;
    ValueId result;
};

/// Of a Clip, which has its bounds as inputs or, before opset 11, as attributes.
std::optional<float> clip_bound(const GraphView& graph, const Node& node, std::size_t input, std::string_view attribute,
                                float none) {
    if (!node.input(input).present()) return node.float_or(attribute, none);
    return graph.single_number(node.inputs[input], node.inputs[0]);
}

/// What a node of one operand does to each element.
std::optional<Expression::Operation> element_function(const GraphView& graph, const Node& node) {
    Expression::Operation operation;
    const std::string_view op = node.op;
    if (op == "Pow") {
        const auto exponent = graph.single_number(node.inputs[1], node.inputs[0]);
        if (exponent != 2.F && exponent != 3.F) return std::nullopt;
        operation.function = exponent == 2.F ? ElementFunction::square : ElementFunction::cube;
        return operation;
    }
    const auto found = std::ranges::find(functions, op, &NamedFunction::op);
    if (found == functions.end()) return std::nullopt;
    operation.function = found->function;
    if (op == "Clip") {
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const auto low = clip_bound(graph, node, 1, "min", -infinity);
        const auto high = clip_bound(graph, node, 2, "max", infinity);
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

/// Nothing unless the node is one of the operations of an expression.
std::optional<Element> find_element(const GraphView& graph, std::size_t n) {
    const Node& node = graph.node(n);
    if (!node.domain.empty() || node.inputs.empty()) return std::nullopt;
    if (node.outputs.size() != 1 || !node.outputs[0].present()) return std::nullopt;
    const auto combination = std::ranges::find(operations, std::string_view(node.op), &NamedOperation::op);
    const std::size_t operands = combination != operations.end() ? 2 : 1;
    for (std::size_t i = 0; i < operands; ++i) {
        if (!node.input(i).present() || graph.value(node.inputs[i]).type != DataType::float32) return std::nullopt;
    }
    Element element{.node = n,
                    .operands = {node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(operands)},
                    .result = node.outputs[0],
                    .operation = {}};
    if (combination != operations.end()) {
        element.operation.combination = combination->operation;
        return element;
    }
    const auto function = element_function(graph, node);
    if (!function) return std::nullopt;
    element.operation = *function;
    return element;
}

/// Nothing if it is too large.
std::optional<FoundExpression> to_expression(const GraphView& graph, std::span<const Element> elements) {
    std::map<ValueId, std::size_t> computed; // by value: the operation
    for (const Element& element : elements) computed.emplace(element.result, computed.size());
    std::vector<ValueId> inputs;
    for (const Element& element : elements) {
        for (const ValueId id : element.operands) {
            if (!computed.contains(id) && std::ranges::find(inputs, id) == inputs.end()) inputs.push_back(id);
        }
    }
    const auto number_of = [&](ValueId id) {
        const auto found = computed.find(id);
        if (found != computed.end()) return static_cast<std::int32_t>(inputs.size() + found->second);
        return static_cast<std::int32_t>(std::ranges::find(inputs, id) - inputs.begin());
    };
    std::vector<Expression::Operation> steps;
    std::vector<std::size_t> nodes;
    std::string label;
    for (const Element& element : elements) {
        Expression::Operation operation = element.operation;
        operation.a = number_of(element.operands[0]);
        operation.b = element.operands.size() == 2 ? number_of(element.operands[1]) : -1;
        steps.push_back(operation);
        nodes.push_back(element.node);
        label += (label.empty() ? "" : " ") + graph.node(element.node).op;
    }
    auto expression = Expression::create(inputs.size(), std::move(steps));
    if (!expression) return std::nullopt;
    return FoundExpression{.nodes = std::move(nodes),
                           .inputs = std::move(inputs),
                           .expression = *std::move(expression),
                           .label = std::move(label),
                           .result = elements.back().result};
}

/// Whether one is known to have fewer elements than the other: what is computed on it alone is cheaper there.
bool is_smaller(const std::optional<Shape>& one, const std::optional<Shape>& other) {
    if (!one || !other || one->size() != other->size()) return true;
    for (std::size_t axis = 0; axis < one->size(); ++axis) {
        if ((*one)[axis].size == 1 && (*other)[axis].size != 1) return true;
    }
    return false;
}

bool is_read_by_others(const GraphView& graph, ValueId id, std::span<const Element> elements) {
    return graph.is_output(id) || !std::ranges::all_of(graph.readers(id), [&](std::size_t reader) {
               return std::ranges::find(elements, reader, &Element::node) != elements.end();
           });
}

/// Starts at what is read last and takes in what is computed for it alone.
std::optional<FoundExpression> find_expression(const GraphView& graph, std::size_t root) {
    const auto last = find_element(graph, root);
    if (!last) return std::nullopt;
    std::vector<Element> elements{*last};
    auto found = to_expression(graph, elements);
    // From the back, so that all readers of a value have been looked at before the node that computes it.
    std::set<std::size_t> candidates;
    const auto add_producers = [&](const Element& element) {
        for (const ValueId id : element.operands) {
            if (const auto before = graph.producer(id)) candidates.insert(*before);
        }
    };
    add_producers(*last);
    while (!candidates.empty()) {
        const std::size_t n = *candidates.rbegin();
        candidates.erase(n);
        const auto element = graph.is_free(n) ? find_element(graph, n) : std::nullopt;
        if (!element || is_read_by_others(graph, element->result, elements)) continue;
        if (is_smaller(graph.value(element->result).shape, graph.value(last->result).shape)) continue;
        elements.insert(elements.begin(), *element);
        auto larger = to_expression(graph, elements);
        if (!larger) {
            elements.erase(elements.begin());
            continue;
        }
        found = std::move(larger);
        add_producers(*element);
    }
    return found;
}

Result<void> lower_expression(ProgramBuilder& program, const FoundExpression& found) {
    // One number fits any layout; other constants are plain.
    const auto is_one = [&](ValueId id) { return is_number(program.value(id)); };
    const auto is_map = [&](ValueId id) {
        return program.view().is_written(id, Layout::channels_last) && is_rank_4(program.value(id));
    };
    const bool maps = std::ranges::any_of(found.inputs, is_map) &&
                      std::ranges::all_of(found.inputs, [&](ValueId id) { return is_map(id) || is_one(id); });
    const Layout layout = maps ? Layout::channels_last : Layout::plain;
    std::vector<std::int32_t> inputs;
    for (const ValueId id : found.inputs) inputs.push_back(program.in_layout(id, is_one(id) ? Layout::plain : layout));
    program.append(make_expression_step(program.kernels(), found.expression, found.label),
                   program.node(found.nodes.back()).name, std::move(inputs), {program.slot(found.result, layout)});
    return {};
}

} // namespace

std::optional<Match> match_elementwise(const GraphView& graph, std::size_t node) {
    return as_match(find_expression(graph, node), lower_expression);
}

} // namespace detect
