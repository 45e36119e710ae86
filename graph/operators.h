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

/// How many inputs or outputs: `2`, `between(1, 3)`, `at_least(1)`. The first `least` must be there, the others are
/// optional.
struct Arity {
    static constexpr std::size_t any_number = static_cast<std::size_t>(-1);

    constexpr Arity(std::size_t count) : least(count), most(count) {}
    constexpr Arity(std::size_t from, std::size_t to) : least(from), most(to) {}

    std::size_t least;
    std::size_t most;
};

constexpr Arity between(std::size_t least, std::size_t most) { return {least, most}; }
constexpr Arity at_least(std::size_t least) { return {least, Arity::any_number}; }

/// How a node's time grows with the bytes that it reads and writes.
enum class Work : std::uint8_t {
    /// In proportion.
    bounded,
    /// Out of proportion: a few bytes of a file could keep it busy for years. Such a node is not computed ahead of a
    /// run.
    unbounded
};

/// An operator: how many inputs and outputs, which attributes, the rule that gives its outputs' types and shapes, and
/// its traits. A row names only what differs from the defaults.
struct Operator {
    std::string_view name;
    /// Empty: ONNX's own.
    std::string_view domain = {};
    /// The first opset that has it.
    int since = 1;
    Arity inputs = 1;
    Arity outputs = 1;
    std::vector<AttributeRule> attributes = {};
    /// Rejects a wrong graph when it is built or loaded, not when it runs.
    Result<void> (*infer)(ShapeContext&) = nullptr;

    /// To forget `unbounded` here lets a file keep its reader busy.
    Work work = Work::bounded;

    // What more may be assumed of it. To leave one of these out is always safe.

    /// Treats every element alike, so that any common layout of all inputs does.
    bool elementwise = false;
    /// Hands the numbers of its first input on unchanged (Concat those of all), though perhaps in another order, shape
    /// or type, or only some of them.
    bool moves_numbers = false;
    /// Its constant inputs are trained weights, of which none may be infinite.
    bool takes_weights = false;
};

/// All operators known, sorted by domain and name.
[[nodiscard]] std::span<const Operator> operators();
/// Null if unknown.
[[nodiscard]] const Operator* find_operator(std::string_view domain, std::string_view name);
[[nodiscard]] const Operator* find_operator(const Node& node);
/// Whether a node's operator has a trait: `has_trait(node, &Operator::elementwise)`. An unknown operator has none.
[[nodiscard]] bool has_trait(const Node& node, bool Operator::*trait);
/// Whether a node's operator is known to work in proportion to what it reads and writes.
[[nodiscard]] bool has_bounded_work(const Node& node);

/// Checks what stands in `context` against its operator (arity, attributes, opset), runs its rule and checks that the
/// shapes it gave are possible. Fails with `unsupported`, `bad_model` or `resource_limit`, naming the node.
[[nodiscard]] Result<void> infer(const Operator& op, ShapeContext& context);

/// What a node's rule sees of its inputs, as its graph has them.
[[nodiscard]] std::vector<ShapeContext::Input> rule_inputs(const Graph& graph, const Node& node);

/// `infer` for a node of a graph: checks it against its operator (arity, attributes) and runs its rule.
/// `unsupported` if the operator is unknown, `bad_model` if the node breaks its rules; both name the node.
[[nodiscard]] Result<std::vector<ShapeContext::Output>> infer_node(const Graph& graph, const Node& node);

/// "node 'name' (Op)" for messages.
[[nodiscard]] std::string describe(const Node& node);

} // namespace detect
