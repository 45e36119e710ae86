// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/isa.h"
#include "executor/step.h"
#include "graph/graph.h"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace detect {

/// What a pattern may ask while it looks at a node: the graph around it, which nodes have found their step already,
/// which layouts the steps made so far have written, and which instruction set the steps are for.
class GraphView {
public:
    /// The graph must outlive the view.
    GraphView(const Graph& graph, Isa isa);

    [[nodiscard]] Isa isa() const { return isa_; }
    [[nodiscard]] int opset() const { return graph_->opset; }
    [[nodiscard]] const Node& node(std::size_t index) const { return graph_->nodes[index]; }
    [[nodiscard]] const Value& value(ValueId id) const { return (*graph_)[id]; }

    /// The node that computes a value: none for inputs, constants and what is left out.
    [[nodiscard]] std::optional<std::size_t> producer(ValueId id) const;
    /// The same, if it is ONNX's operator of this name.
    [[nodiscard]] std::optional<std::size_t> producer(ValueId id, std::string_view op) const;
    /// The nodes that read a value, one that reads it twice twice. None of what is left out.
    [[nodiscard]] std::span<const std::size_t> readers(ValueId id) const;
    [[nodiscard]] bool is_output(ValueId id) const { return id.present() && is_output_[index_of(id)]; }
    /// The one node that reads the value, if there is one and the value is no output of the graph.
    [[nodiscard]] std::optional<std::size_t> only_reader(ValueId id) const;
    /// The same, if no step has it yet.
    [[nodiscard]] std::optional<std::size_t> free_reader(ValueId id) const;
    /// The same, if it is ONNX's operator of this name, too.
    [[nodiscard]] std::optional<std::size_t> free_reader(ValueId id, std::string_view op) const;
    [[nodiscard]] bool is_read_once(ValueId id) const { return only_reader(id).has_value(); }

    /// Null unless the value is a constant of this type.
    [[nodiscard]] const Tensor* constant(ValueId id, DataType type) const;
    /// A constant float of one element that users do not edit and that adds no axes to `operand`.
    [[nodiscard]] std::optional<float> single_number(ValueId id, ValueId operand) const;

    [[nodiscard]] bool is_free(std::size_t node) const { return !claimed_[node]; }
    void claim(std::span<const std::size_t> nodes);

    /// Whether a step has written the value in this layout.
    [[nodiscard]] bool is_written(ValueId id, Layout layout) const {
        return id.present() && written_[index_of(id)].contains(layout);
    }
    void note_written(ValueId id, Layout layout) { written_[index_of(id)].insert(layout); }

private:
    /// A set of layouts.
    class Layouts {
    public:
        [[nodiscard]] bool contains(Layout layout) const { return layout == Layout::plain ? plain_ : channels_last_; }
        void insert(Layout layout) { (layout == Layout::plain ? plain_ : channels_last_) = true; }

    private:
        bool plain_ = false;
        bool channels_last_ = false;
    };

    static std::size_t index_of(ValueId id) { return static_cast<std::size_t>(id.index); }
    [[nodiscard]] bool is_onnx(std::size_t node, std::string_view op) const;

    const Graph* graph_;
    Isa isa_;
    std::vector<std::int32_t> producers_;
    std::vector<std::vector<std::size_t>> readers_;
    std::vector<bool> is_output_;
    std::vector<bool> claimed_;
    std::vector<Layouts> written_;
};

} // namespace detect
