// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>
#include <array>

namespace detect {

using namespace rules;

namespace {

using Output = ShapeContext::Output;
using Input = ShapeContext::Input;

/// Runs the rules of a body's nodes, given what is known of its inputs.
Result<std::vector<Output>> infer_body(const Graph& body, std::span<const Input> inputs) {
    Graph scratch = body;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        Value& value = scratch[scratch.inputs[i]];
        value.type = inputs[i].type;
        value.shape = inputs[i].shape;
        if (inputs[i].constant != nullptr) value.constant = *inputs[i].constant;
    }
    for (const Node& node : scratch.nodes) {
        DETECT_TRY_ASSIGN(auto inferred, infer_node(scratch, node));
        for (std::size_t i = 0; i < node.outputs.size(); ++i) {
            if (!node.outputs[i].present()) continue;
            scratch[node.outputs[i]].type = inferred[i].type;
            scratch[node.outputs[i]].shape = std::move(inferred[i].shape);
        }
    }
    std::vector<Output> outputs;
    for (const ValueId id : scratch.outputs) outputs.push_back({scratch[id].type, scratch[id].shape});
    return outputs;
}

/// What holds of a value that is described by one or the other shape.
std::optional<Shape> either(const std::optional<Shape>& a, const std::optional<Shape>& b) {
    if (!a || !b || a->size() != b->size()) return std::nullopt;
    Shape result = *a;
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (result[i] != (*b)[i]) result[i] = Dim{};
    }
    return result;
}

Result<const Graph*> body_of(const ShapeContext& context, std::string_view attribute, std::size_t inputs,
                             std::size_t outputs) {
    const auto* held = context.node().attribute<std::shared_ptr<const Graph>>(attribute);
    if (held == nullptr || *held == nullptr) return context.error("'" + std::string(attribute) + "' is missing");
    const Graph& body = **held;
    if (body.inputs.size() != inputs || body.outputs.size() != outputs) {
        return context.error("'" + std::string(attribute) + "' has " + std::to_string(body.inputs.size()) +
                             " inputs and " + std::to_string(body.outputs.size()) + " outputs, expected " +
                             std::to_string(inputs) + " and " + std::to_string(outputs));
    }
    return &body;
}

Result<void> require_single_bool(const ShapeContext& context, std::size_t index) {
    DETECT_TRY(require_type(context, index, bool_type));
    const auto& shape = context.input(index).shape;
    if (!shape || product(*shape, 0, shape->size()).size.value_or(1) == 1) return {};
    return context.error("the condition must be a single bool, is " + to_string(shape));
}

/// Inputs behind the first `skipped`.
std::vector<Input> inputs_from(const ShapeContext& context, std::size_t skipped) {
    std::vector<Input> inputs;
    for (std::size_t i = skipped; i < context.input_count(); ++i) inputs.push_back(context.input(i));
    return inputs;
}

void set_outputs(ShapeContext& context, std::span<const Output> outputs) {
    for (std::size_t i = 0; i < outputs.size(); ++i) context.set_output(i, outputs[i].type, outputs[i].shape);
}

/// A branch that cannot run with these inputs is one that will not be taken: it then says nothing about the outputs,
/// unless the other cannot run either.
Result<void> if_rule(ShapeContext& context) {
    DETECT_TRY(require_single_bool(context, 0));
    const std::vector<Input> captured = inputs_from(context, 1);
    const std::size_t count = context.output_count();
    DETECT_TRY_ASSIGN(const Graph* const yes, body_of(context, "then_branch", captured.size(), count));
    DETECT_TRY_ASSIGN(const Graph* const no, body_of(context, "else_branch", captured.size(), count));
    if (const Tensor* condition = context.input(0).constant; condition != nullptr) {
        DETECT_TRY_ASSIGN(const auto outputs, infer_body(condition->data<bool>()[0] ? *yes : *no, captured));
        set_outputs(context, outputs);
        return {};
    }
    auto then_outputs = infer_body(*yes, captured);
    auto else_outputs = infer_body(*no, captured);
    if (!then_outputs && !else_outputs) return std::move(then_outputs).error();
    if (!then_outputs || !else_outputs) {
        std::vector<Output> outputs = then_outputs ? *then_outputs : *else_outputs;
        for (Output& output : outputs) output.shape.reset();
        set_outputs(context, outputs);
        return {};
    }
    for (std::size_t i = 0; i < count; ++i) {
        const Output& a = (*then_outputs)[i];
        const Output& b = (*else_outputs)[i];
        if (a.type != b.type) {
            return context.error("output " + std::to_string(i) + " is " + std::string(to_string(a.type)) +
                                 " in one branch, " + std::string(to_string(b.type)) + " in the other");
        }
        context.set_output(i, a.type, either(a.shape, b.shape));
    }
    return {};
}

/// How deep loops are nested in a body.
int depth_of_loops(const Graph& body) {
    int deepest = 0;
    for (const Node& node : body.nodes) {
        for (const auto& [name, value] : node.attributes) {
            const auto* inner = std::get_if<std::shared_ptr<const Graph>>(&value);
            if (inner == nullptr || *inner == nullptr) continue;
            deepest = std::max(deepest, depth_of_loops(**inner) + (node.op == "Loop" ? 1 : 0));
        }
    }
    return deepest;
}

/// How often a body is inferred at most before the shapes of all carried values are given up: the rounds of loops in
/// loops multiply, and values that are handed on like a bucket would change one a round, for as many rounds as there
/// are.
int most_rounds(const Graph& body) {
    constexpr std::array rounds{16, 6};
    const auto depth = static_cast<std::size_t>(depth_of_loops(body));
    return depth < rounds.size() ? rounds[depth] : 0;
}

/// Infers the body until what it is told of the carried values holds after an iteration as well.
Result<std::vector<Output>> infer_iterations(const ShapeContext& context, const Graph& body, std::vector<Input> inputs,
                                             std::size_t carried) {
    for (std::size_t i = 2; i < 2 + carried; ++i) inputs[i].constant = nullptr;
    constexpr int patience = 4;
    const int most = most_rounds(body);
    for (int round = 0;; ++round) {
        if (round == most) {
            for (std::size_t i = 0; i < carried; ++i) inputs[2 + i].shape.reset();
        }
        bool settled = true;
        DETECT_TRY_ASSIGN(auto outputs, infer_body(body, inputs));
        for (std::size_t i = 0; i < carried; ++i) {
            Input& before = inputs[2 + i];
            const Output& after = outputs[1 + i];
            if (after.type != before.type) {
                return context.error("carried value " + std::to_string(i) + " changes its type from " +
                                     std::string(to_string(before.type)) + " to " + std::string(to_string(after.type)));
            }
            auto both = either(before.shape, after.shape);
            if (both == before.shape) continue;
            settled = false;
            // What is still changing after a few rounds is given up, so that the rounds end.
            before.shape = round < patience ? std::move(both) : std::nullopt;
        }
        if (settled) return outputs;
    }
}

/// Inputs: trip count and condition (either may be left out), carried values, captured ones.
/// Outputs: the carried values after the last iteration, then one row per iteration of every scan output.
Result<void> loop_rule(ShapeContext& context) {
    if (context.input_count() < 2) return context.error("needs a trip count and a condition, or empty names for them");
    const auto* held = context.node().attribute<std::shared_ptr<const Graph>>("body");
    const std::size_t captured = held != nullptr && *held != nullptr ? (*held)->captured : 0;
    if (context.input_count() < 2 + captured) return context.error("has fewer inputs than its body captures");
    const std::size_t carried = context.input_count() - 2 - captured;
    DETECT_TRY_ASSIGN(const Graph* const body,
                      body_of(context, "body", context.input_count(), context.output_count() + 1));
    if (context.output_count() < carried) return context.error("has fewer outputs than carried values");
    DETECT_TRY(require_type(context, 0, int64_type));
    DETECT_TRY(require_single_bool(context, 1));
    std::vector<Input> inputs = inputs_from(context, 0);
    inputs[0] = {.present = true, .type = DataType::int64, .shape = Shape{}, .constant = nullptr};
    inputs[1] = {.present = true, .type = DataType::boolean, .shape = Shape{}, .constant = nullptr};
    DETECT_TRY_ASSIGN(auto outputs, infer_iterations(context, *body, std::move(inputs), carried));
    if (outputs[0].type != DataType::boolean) return context.error("the body's first output must be its condition");
    outputs.erase(outputs.begin());
    for (std::size_t i = carried; i < outputs.size(); ++i) {
        if (outputs[i].shape) outputs[i].shape->insert(outputs[i].shape->begin(), Dim{});
    }
    set_outputs(context, outputs);
    return {};
}

} // namespace

std::vector<Operator> control_flow_operators() {
    using enum AttributeKind;
    return {
        {.name = "If",
         .inputs = at_least(1),
         .outputs = at_least(1),
         .attributes = {{"then_branch", graph, required}, {"else_branch", graph, required}},
         .infer = if_rule},
        {.name = "Loop",
         .inputs = at_least(0),
         .outputs = at_least(1),
         .attributes = {{"body", graph, required}},
         .infer = loop_rule,
         .work = Work::unbounded},
    };
}

} // namespace detect
