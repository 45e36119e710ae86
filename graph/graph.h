// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "graph/tensor.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

namespace detect {

class Graph;

/// Which value of a graph. A default one stands for an optional input that is left out.
struct ValueId {
    std::int32_t index = -1;
    [[nodiscard]] bool present() const { return index >= 0; }
    auto operator<=>(const ValueId&) const = default;
};

/// One size of a shape: a number, a name (the same name means the same number), or neither: not known.
struct Dim {
    Dim() = default;
    Dim(std::int64_t known) : size(known) {}
    Dim(int known) : size(known) {}
    Dim(std::string name) : symbol(std::move(name)) {}
    Dim(const char* name) : symbol(name) {}

    std::optional<std::int64_t> size;
    std::string symbol;
    bool operator==(const Dim&) const = default;
};

/// Sizes of a value as far as they are known before a run. "Rank unknown" is an absent Shape.
using Shape = std::vector<Dim>;

[[nodiscard]] Shape to_shape(const Dims& dims);
/// The sizes, if every one of them is a number and there are at most Dims::max_rank.
[[nodiscard]] std::optional<Dims> to_dims(const std::optional<Shape>& shape);
/// "[batch, 3, height, ?]"; "[...]" if the rank is unknown.
[[nodiscard]] std::string to_string(const std::optional<Shape>& shape);

/// An edge of the graph: an input, a constant, or what a node computes.
struct Value {
    std::string name;
    DataType type = DataType::undefined;
    std::optional<Shape> shape;
    /// Defined if the value is a constant (ONNX: an initializer).
    Tensor constant;
    /// A constant that users may find by its name and edit in the file: never folded away, never renamed.
    bool editable = false;
};

using Attribute = std::variant<std::int64_t, float, std::string, Tensor, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, std::shared_ptr<const Graph>>;

/// One operation. `op` and the attributes are ONNX's; an empty `domain` is ONNX's own.
struct Node {
    std::string op;
    std::string name;
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;
    std::map<std::string, Attribute, std::less<>> attributes;
    std::string domain;

    /// The attribute if it is there and of this type.
    template <class T>
    [[nodiscard]] const T* attribute(std::string_view key) const {
        const auto found = attributes.find(key);
        return found == attributes.end() ? nullptr : std::get_if<T>(&found->second);
    }
    [[nodiscard]] std::int64_t int_or(std::string_view key, std::int64_t fallback) const {
        const auto* found = attribute<std::int64_t>(key);
        return found == nullptr ? fallback : *found;
    }
    [[nodiscard]] float float_or(std::string_view key, float fallback) const {
        const auto* found = attribute<float>(key);
        return found == nullptr ? fallback : *found;
    }
    [[nodiscard]] std::string string_or(std::string_view key, std::string_view fallback) const {
        const auto* found = attribute<std::string>(key);
        return found == nullptr ? std::string(fallback) : *found;
    }
    [[nodiscard]] ValueId input(std::size_t index) const { return index < inputs.size() ? inputs[index] : ValueId{}; }
};

/// A computation, one-to-one with an ONNX model: what is exported is what is run.
/// Nodes stand in an order in which they can run. `opset` is the version of ONNX's own operators they follow.
class Graph {
public:
    int opset = 17;
    std::string name;
    std::vector<Value> values;
    std::vector<Node> nodes;
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;
    /// For a body of If or Loop: how many of its last inputs are values of the graph around it. The node hands them in
    /// behind its own inputs, so a body reads nothing that is not an input of it.
    std::size_t captured = 0;
    /// ONNX metadata_props: class names, sizes, thresholds …
    std::map<std::string, std::string> metadata;

    [[nodiscard]] const Value& operator[](ValueId id) const { return values[static_cast<std::size_t>(id.index)]; }
    [[nodiscard]] Value& operator[](ValueId id) { return values[static_cast<std::size_t>(id.index)]; }
    [[nodiscard]] bool is_constant(ValueId id) const { return id.present() && (*this)[id].constant.defined(); }

    ValueId add_value(std::string_view wanted_name, DataType type, std::optional<Shape> shape);
    ValueId add_input(std::string_view wanted_name, DataType type, std::optional<Shape> shape);
    ValueId add_constant(std::string_view wanted_name, Tensor tensor);

    /// Appends a node with `output_count` new outputs, checks it against its operator's rules (operators.h) and sets
    /// the outputs' types and shapes. Fails with `bad_model` or `unsupported`, naming the node.
    Result<std::vector<ValueId>> add_node(Node node, std::size_t output_count = 1);

    /// A name no value has yet: `wanted`, or `wanted` with a number behind it.
    [[nodiscard]] std::string unique_name(std::string_view wanted);

    /// Every reader of `old_value` (nodes and graph outputs) reads `new_value` instead.
    void replace_uses(ValueId old_value, ValueId new_value);
    /// How many nodes and graph outputs read each value, by value index.
    [[nodiscard]] std::vector<int> use_counts() const;
    /// By value index: the node that computes it, or -1 for inputs and constants.
    [[nodiscard]] std::vector<std::int32_t> producers() const;
    /// Drops nodes whose outputs nobody reads, and the values nobody mentions; ids change.
    void remove_unused();
    /// Puts nodes in an order in which they can run, keeping the present order where it is free.
    /// Fails with `bad_model` if they form a cycle.
    Result<void> sort_topologically();
    /// Everything that must hold: ids in range, one producer per value, order, operators' rules.
    [[nodiscard]] Result<void> validate() const;

private:
    std::unordered_set<std::string> names_;
};

} // namespace detect
