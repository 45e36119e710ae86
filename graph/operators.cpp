// SPDX-License-Identifier: Apache-2.0
#include "graph/operators.h"

#include "base/checked.h"
#include "base/try.h"
#include "graph/operators/families.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace detect {

namespace {

std::vector<Operator> all_operators() {
    std::vector<Operator> all;
    for (const auto& family :
         {unary_operators, binary_operators, shape_operators, movement_operators, indexing_operators,
          reduction_operators, matrix_operators, convolution_operators, normalization_operators, detection_operators,
          control_flow_operators, quantization_operators, integer_product_operators}) {
        std::ranges::move(family(), std::back_inserter(all));
    }
    std::ranges::sort(all, {}, [](const Operator& op) { return std::tuple(op.domain, op.name); });
    return all;
}

AttributeKind kind_of(const Attribute& attribute) { return static_cast<AttributeKind>(attribute.index()); }

// `kind_of` relies on both lists naming the kinds in the same order.
static_assert(
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(AttributeKind::tensor), Attribute>, Tensor>);
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(AttributeKind::graph), Attribute>,
                             std::shared_ptr<const Graph>>);

std::string_view to_string(AttributeKind kind) {
    switch (kind) {
    case AttributeKind::integer: return "an integer";
    case AttributeKind::real: return "a float";
    case AttributeKind::text: return "a string";
    case AttributeKind::tensor: return "a tensor";
    case AttributeKind::integers: return "integers";
    case AttributeKind::reals: return "floats";
    case AttributeKind::texts: return "strings";
    case AttributeKind::graph: return "a graph";
    }
    return "unknown";
}

std::string to_string(const Arity& arity) {
    if (arity.least == arity.most) return std::to_string(arity.least);
    if (arity.most == Arity::any_number) return "at least " + std::to_string(arity.least);
    return std::to_string(arity.least) + " to " + std::to_string(arity.most);
}

bool holds(const Arity& arity, std::size_t count) { return count >= arity.least && count <= arity.most; }

Result<void> check_arity(const Operator& op, const ShapeContext& context) {
    const std::size_t inputs = context.input_count();
    if (!holds(op.inputs, inputs)) {
        return context.error("has " + std::to_string(inputs) + " inputs, expected " + to_string(op.inputs));
    }
    for (std::size_t i = 0; i < op.inputs.least; ++i) {
        if (!context.has_input(i)) return context.error("input " + std::to_string(i) + " is required, but left out");
    }
    const std::size_t outputs = context.outputs().size();
    if (!holds(op.outputs, outputs)) {
        return context.error("has " + std::to_string(outputs) + " outputs, expected " + to_string(op.outputs));
    }
    return {};
}

Result<void> check_attributes(const Operator& op, const ShapeContext& context) {
    const Node& node = context.node();
    for (const auto& [name, value] : node.attributes) {
        const auto rule = std::ranges::find(op.attributes, std::string_view(name), &AttributeRule::name);
        if (rule == op.attributes.end()) return context.error("has no attribute named '" + name + "'");
        if (rule->kind != kind_of(value)) {
            return context.error("attribute '" + name + "' is " + std::string(to_string(kind_of(value))) +
                                 ", expected " + std::string(to_string(rule->kind)));
        }
    }
    for (const AttributeRule& rule : op.attributes) {
        if (rule.required && !node.attributes.contains(rule.name)) {
            return context.error("attribute '" + std::string(rule.name) + "' is missing");
        }
    }
    return {};
}

/// Whether offsets into a tensor of these sizes can be computed without overflow, even if one of them is 0.
bool addressable(const Dims& dims) {
    std::int64_t bytes = 8;
    for (const std::int64_t size : dims) {
        const auto product = checked_mul(bytes, std::max<std::int64_t>(size, 1));
        if (!product) return false;
        bytes = *product;
    }
    return true;
}

Result<void> check_shape(const ShapeContext& context, std::string_view what, const std::optional<Shape>& shape) {
    if (!shape) return {};
    if (shape->size() > Dims::max_rank) {
        Error error = context.error(std::string(what) + " has " + std::to_string(shape->size()) +
                                    " dimensions; at most " + std::to_string(Dims::max_rank) + " are supported");
        error.code = ErrorCode::unsupported;
        return error;
    }
    if (std::ranges::any_of(*shape, [](const Dim& dim) { return dim.size && *dim.size < 0; })) {
        return context.error(std::string(what) + " has a negative size: " + to_string(shape));
    }
    const auto dims = to_dims(shape);
    if (!dims || addressable(*dims)) return {};
    Error error = context.error(std::string(what) + " has sizes " + to_string(*dims) + ", too large to address");
    error.code = ErrorCode::resource_limit;
    return error;
}

} // namespace

const ShapeContext::Input& ShapeContext::input(std::size_t index) const {
    static const Input absent;
    return index < inputs_.size() ? inputs_[index] : absent;
}

void ShapeContext::set_output(std::size_t index, DataType type, std::optional<Shape> shape) {
    if (index < outputs_.size()) outputs_[index] = {type, std::move(shape)};
}

Error ShapeContext::error(std::string_view what) const {
    return {ErrorCode::bad_model, describe(node_) + ": " + std::string(what)};
}

std::span<const Operator> operators() {
    static const std::vector<Operator> all = all_operators();
    return all;
}

const Operator* find_operator(std::string_view domain, std::string_view name) {
    const auto key = [](const Operator& op) { return std::tuple(op.domain, op.name); };
    const auto all = operators();
    const auto found = std::ranges::lower_bound(all, std::tuple(domain, name), {}, key);
    if (found == all.end() || found->domain != domain || found->name != name) return nullptr;
    return &*found;
}

const Operator* find_operator(const Node& node) { return find_operator(node.domain, node.op); }

bool has_trait(const Node& node, bool Operator::*trait) {
    const Operator* op = find_operator(node);
    return op != nullptr && op->*trait;
}

bool has_bounded_work(const Node& node) {
    const Operator* op = find_operator(node);
    return op != nullptr && op->work == Work::bounded;
}

std::string describe(const Node& node) {
    const std::string op = node.domain.empty() ? node.op : node.domain + "." + node.op;
    return node.name.empty() ? "unnamed node (" + op + ")" : "node '" + node.name + "' (" + op + ")";
}

Result<void> infer(const Operator& op, ShapeContext& context) {
    if (context.opset() < op.since) {
        Error error = context.error("exists from opset " + std::to_string(op.since) + " on, the graph is opset " +
                                    std::to_string(context.opset()));
        error.code = ErrorCode::unsupported;
        return error;
    }
    DETECT_TRY(check_arity(op, context));
    DETECT_TRY(check_attributes(op, context));
    for (std::size_t i = 0; i < context.input_count(); ++i) {
        DETECT_TRY(check_shape(context, "an input", context.input(i).shape));
    }
    DETECT_TRY(op.infer(context));
    for (const ShapeContext::Output& output : std::as_const(context).outputs()) {
        DETECT_TRY(check_shape(context, "an output", output.shape));
    }
    return {};
}

std::vector<ShapeContext::Input> rule_inputs(const Graph& graph, const Node& node) {
    std::vector<ShapeContext::Input> inputs(node.inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!node.inputs[i].present()) continue;
        const Value& value = graph[node.inputs[i]];
        inputs[i] = {true, value.type, value.shape, value.constant.defined() ? &value.constant : nullptr};
    }
    return inputs;
}

Result<std::vector<ShapeContext::Output>> infer_node(const Graph& graph, const Node& node) {
    const Operator* op = find_operator(node);
    if (op == nullptr) {
        return Error{ErrorCode::unsupported,
                     describe(node) + ": the operator is not implemented (opset " + std::to_string(graph.opset) + ")"};
    }
    ShapeContext context(node, graph.opset, rule_inputs(graph, node), node.outputs.size());
    DETECT_TRY(infer(*op, context));
    return std::vector<ShapeContext::Output>(context.outputs().begin(), context.outputs().end());
}

} // namespace detect
