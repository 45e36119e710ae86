// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "graph/graph.h"
#include "graph/parameters.h"

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

namespace detect {

/// Writes a network down as a graph. Each call adds one ONNX operator (opset 17) and returns its output, so that a
/// module reads like its paper. The first failure is kept and later calls do nothing: `finish` hands it over, and
/// definitions need no error handling of their own.
class GraphBuilder {
public:
    explicit GraphBuilder(const ParameterSource& parameters) : parameters_(parameters) {}

    /// Node and value names get this in front ("rpn/head/") for as long as the returned guard lives.
    class [[nodiscard]] Scope {
    public:
        Scope(GraphBuilder& builder, std::string_view name);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        GraphBuilder& builder_;
        std::size_t outer_length_;
    };
    Scope scope(std::string_view name) { return Scope(*this, name); }

    ValueId input(std::string_view name, DataType type, Shape shape);
    /// A trained tensor by its name in the checkpoint. A missing tensor, or one of another shape, is remembered and
    /// reported by `finish` with all others; `why` explains the expected shape ("7×7 pooling of 256 channels").
    ValueId parameter(std::string_view name, const Dims& expected, std::string_view why = "");
    [[nodiscard]] bool has_parameter(std::string_view name) const { return parameters_.find(name).has_value(); }
    ValueId constant(std::string_view name, Tensor tensor);
    /// A setting that stays in the file under this very name, for users to find and edit.
    ValueId setting(std::string_view name, Tensor tensor);
    ValueId scalar(float value);
    ValueId scalar(std::int64_t value);
    ValueId vector(std::initializer_list<std::int64_t> values);
    ValueId vector(std::initializer_list<float> values);

    ValueId node(std::string_view op, std::vector<ValueId> inputs,
                 std::map<std::string, Attribute, std::less<>> attributes = {});
    std::vector<ValueId> nodes(std::string_view op, std::vector<ValueId> inputs,
                               std::map<std::string, Attribute, std::less<>> attributes, std::size_t output_count);

    // Shorthands for what the definitions use most. Each is one operator unless its comment says otherwise.
    ValueId add(ValueId a, ValueId b) { return node("Add", {a, b}); }
    ValueId sub(ValueId a, ValueId b) { return node("Sub", {a, b}); }
    ValueId mul(ValueId a, ValueId b) { return node("Mul", {a, b}); }
    ValueId div(ValueId a, ValueId b) { return node("Div", {a, b}); }
    ValueId min(ValueId a, ValueId b) { return node("Min", {a, b}); }
    ValueId max(ValueId a, ValueId b) { return node("Max", {a, b}); }
    ValueId cast(ValueId a, DataType type);
    ValueId shape_of(ValueId a) { return node("Shape", {a}); }
    /// The size along one axis, as an int64 vector of one element (Shape and Gather).
    ValueId size_of(ValueId a, std::int64_t axis);
    ValueId concat(std::vector<ValueId> parts, std::int64_t axis);
    ValueId gather(ValueId data, ValueId indices, std::int64_t axis);
    ValueId slice(ValueId data, std::int64_t start, std::int64_t end, std::int64_t axis);
    ValueId reshape(ValueId data, ValueId shape) { return node("Reshape", {data, shape}); }
    ValueId transpose(ValueId data, std::vector<std::int64_t> permutation);
    ValueId unsqueeze(ValueId data, std::initializer_list<std::int64_t> axes);
    ValueId squeeze(ValueId data, std::initializer_list<std::int64_t> axes);

    /// Gives a value a name of its own (feature maps, proposals), so that it can be found in the file.
    ValueId named(ValueId value, std::string_view name);
    void output(std::string_view name, ValueId value, std::optional<Shape> shape);
    void fail(Error error);
    [[nodiscard]] const Graph& graph() const { return graph_; }
    [[nodiscard]] Graph& graph() { return graph_; }

    /// The graph, or the first error; `bad_model` listing every missing and mis-shaped parameter.
    [[nodiscard]] Result<Graph> finish();
    /// Names of parameters asked for so far.
    [[nodiscard]] const std::set<std::string, std::less<>>& used_parameters() const { return used_; }

private:
    std::string scoped(std::string_view name) const { return prefix_ + std::string(name); }

    const ParameterSource& parameters_;
    Graph graph_;
    std::string prefix_;
    std::map<std::string, int, std::less<>> node_names_;
    std::map<std::string, ValueId, std::less<>> constants_;
    std::set<std::string, std::less<>> used_;
    std::vector<std::string> missing_;
    std::vector<std::string> mismatched_;
    std::optional<Error> error_;
};

} // namespace detect
