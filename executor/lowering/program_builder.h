// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d.h"
#include "executor/kernels/int8/conv.h"
#include "executor/lowering/graph_view.h"
#include "executor/program.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace detect {

/// Layers that were prepared, for others with the same weights: the RPN's convolutions run on every level.
struct PreparedLayers {
    /// By weights and bias (or -1).
    std::map<std::pair<std::int32_t, std::int32_t>, std::shared_ptr<const Conv2d>> convolutions;
    /// By weights.
    std::multimap<std::int32_t, std::shared_ptr<const Int8Conv>> int8_convolutions;
};

/// A program while it is made, step by step.
class ProgramBuilder {
public:
    ProgramBuilder(Graph graph, Isa isa);
    ProgramBuilder(const ProgramBuilder&) = delete;
    ProgramBuilder& operator=(const ProgramBuilder&) = delete;

    [[nodiscard]] const GraphView& view() const { return view_; }
    [[nodiscard]] const Node& node(std::size_t index) const { return view_.node(index); }
    [[nodiscard]] const Value& value(ValueId id) const { return view_.value(id); }
    [[nodiscard]] std::size_t node_count() const { return program_.graph_.nodes.size(); }
    [[nodiscard]] const KernelTable& kernels() const;
    [[nodiscard]] const Int8Kernels& int8_kernels() const;
    [[nodiscard]] PreparedLayers& prepared() { return prepared_; }
    void claim(std::span<const std::size_t> nodes) { view_.claim(nodes); }

    /// The slot of a value in this layout. Of what is left out: -1.
    std::int32_t slot(ValueId id, Layout layout);
    /// The same for reading it: appends a conversion if it is there in the other layout only.
    std::int32_t in_layout(ValueId id, Layout layout);
    std::vector<std::int32_t> in_layout(std::span<const ValueId> ids, Layout layout);
    void append(std::shared_ptr<const Step> step, std::string_view name, std::vector<std::int32_t> inputs,
                std::vector<std::int32_t> outputs);

    using MakeStep = std::function<Result<void>(ProgramBuilder&)>;
    /// `make` computes the value, when somebody wants it.
    void defer(ValueId id, MakeStep make) { deferred_.emplace(id.index, std::move(make)); }
    /// Computes the value, or what the node reads, now if that was deferred.
    Result<void> require(ValueId id);
    Result<void> require_inputs(std::size_t node);

    void set_constant(ValueId id, Tensor constant);
    /// Says that one of the nodes that read these weights has packed them, and hands them over. After the last, only
    /// their shape is kept.
    Tensor take(ValueId weights);
    /// The same for weights that were packed where they stood.
    void release(ValueId weights) { static_cast<void>(take(weights)); }
    /// Bytes that were packed are kept until the end, for layers with the same weights; then they go, unless floats
    /// made of them are outputs of the graph.
    void release_at_end(ValueId bytes) { packed_bytes_.insert(bytes); }

    /// Makes sure that the graph's outputs are there, plain. Nothing may be appended behind that but by changing
    /// `steps`.
    Result<void> require_outputs();
    [[nodiscard]] std::vector<PlannedStep>& steps() { return program_.steps_; }
    /// The graph's outputs.
    [[nodiscard]] std::vector<std::int32_t> output_slots() const;
    /// The builder is of no use behind that.
    [[nodiscard]] Program finish();

private:
    Program program_;
    GraphView view_;
    PreparedLayers prepared_;
    std::map<std::int32_t, MakeStep> deferred_; // by value
    /// By value: nodes that have packed it.
    std::map<std::int32_t, std::size_t> packed_by_;
    std::set<ValueId> packed_bytes_;
};

} // namespace detect
