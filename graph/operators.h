// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"

#include <span>

namespace detect {

/// What an operator's rule sees and sets: the types, shapes and constant values of a node's inputs.
class ShapeContext {
public:
    struct Input {
        bool present = false;
        DataType type = DataType::undefined;
        std::optional<Shape> shape;
        /// Null unless the value is known before the run.
        const Tensor* constant = nullptr;
    };
    struct Output {
        DataType type = DataType::undefined;
        std::optional<Shape> shape;
    };

    ShapeContext(const Node& node, int opset, std::vector<Input> inputs, std::size_t output_count)
        : node_(node), opset_(opset), inputs_(std::move(inputs)), outputs_(output_count) {}

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] int opset() const { return opset_; }
    [[nodiscard]] std::size_t input_count() const { return inputs_.size(); }
    /// An input past the node's last one is an absent one.
    [[nodiscard]] const Input& input(std::size_t index) const;
    [[nodiscard]] bool has_input(std::size_t index) const { return input(index).present; }
    [[nodiscard]] std::span<Output> outputs() { return outputs_; }
    [[nodiscard]] std::span<const Output> outputs() const { return outputs_; }
    [[nodiscard]] std::size_t output_count() const { return outputs_.size(); }
    void set_output(std::size_t index, DataType type, std::optional<Shape> shape);

    /// `bad_model`: "node 'rpn/nms' (NonMaxSuppression): <what>".
    [[nodiscard]] Error error(std::string_view what) const;

private:
    const Node& node_;
    int opset_;
    std::vector<Input> inputs_;
    std::vector<Output> outputs_;
};

enum class AttributeKind : std::uint8_t { integer, real, text, tensor, integers, reals, texts, graph };

struct AttributeRule {
    std::string_view name;
    AttributeKind kind;
    bool required = false;
};

/// An operator: how many inputs and outputs, which attributes, and the rule that gives its outputs' types and shapes.
/// The rule rejects a wrong graph when it is built or loaded, not when it runs.
struct Operator {
    std::string_view name;
    std::string_view domain;
    std::size_t min_inputs = 0;
    std::size_t max_inputs = 0;
    std::size_t min_outputs = 1;
    std::size_t max_outputs = 1;
    std::vector<AttributeRule> attributes;
    Result<void> (*infer)(ShapeContext&) = nullptr;
    /// The first opset that has it.
    int since = 1;
};

constexpr std::size_t any_number = static_cast<std::size_t>(-1);

/// All operators known, sorted by domain and name.
[[nodiscard]] std::span<const Operator> operators();
/// Null if unknown.
[[nodiscard]] const Operator* find_operator(std::string_view domain, std::string_view name);

/// Checks what stands in `context` against its operator (arity, attributes, opset), runs its rule and checks that the
/// shapes it gave are possible. Fails with `unsupported`, `bad_model` or `resource_limit`, naming the node.
[[nodiscard]] Result<void> infer(const Operator& op, ShapeContext& context);

/// The same for a node of a graph: checks it against its operator (arity, attributes) and runs its rule.
/// `unsupported` if the operator is unknown, `bad_model` if the node breaks its rules; both name the node.
[[nodiscard]] Result<std::vector<ShapeContext::Output>> infer_node(const Graph& graph, const Node& node);

/// "node 'name' (Op)" for messages.
[[nodiscard]] std::string describe(const Node& node);

} // namespace detect
