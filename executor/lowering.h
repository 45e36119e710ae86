#pragma once

#include "executor/kernels/conv2d.h"
#include "executor/program.h"
#include "graph/operators.h"

#include <set>

namespace detect {

/// Turns a graph into a program. First nodes are grouped (a convolution with its activation, the picture's transform);
/// then each group becomes a step at the place of its last node, where all that it reads is there.
class Lowering {
public:
    Lowering(Graph graph, Isa isa);
    Result<Program> run();

private:
    /// Nodes that one step computes, in order; the last one's output is the step's.
    using Group = std::vector<std::size_t>;

    // Grouping. Each looks at one node and claims it with those behind it, if they fit.
    void group_nodes();
    bool group_image_transform(std::size_t node);
    bool group_convolution(std::size_t node);
    bool group_fully_connected(std::size_t node);
    struct HardSwishProduct {
        ValueId gate;
        std::size_t node;
    };
    [[nodiscard]] std::optional<HardSwishProduct> hard_swish_product(ValueId x) const;

    // One step per group or single node.
    Result<void> lower_group(const Group& group);
    Result<void> lower_image_transform(const Group& group);
    Result<void> lower_convolution(const Group& group);
    Result<void> lower_fully_connected(const Group& group);
    Result<bool> lower_roi_align(const Node& node);
    Result<bool> lower_pooling(const Node& node);
    Result<bool> lower_channels_last(const Node& node);
    Result<void> lower_reference(const Node& node, Layout layout);

    // Steps that are better taken together.
    void fuse_inverted_residuals();
    struct SlotUses;
    [[nodiscard]] SlotUses slot_uses() const;

    // The graph around a node.
    [[nodiscard]] const Node& node(std::size_t index) const { return program_.graph_.nodes[index]; }
    [[nodiscard]] const Value& value(ValueId id) const { return program_.graph_[id]; }
    /// The one node that reads the value, if it is a single one and the value is no output of the graph.
    [[nodiscard]] std::optional<std::size_t> only_reader(ValueId id) const;
    [[nodiscard]] const Node* producer(ValueId id) const;
    [[nodiscard]] const Tensor* constant(ValueId id, DataType type) const;

    /// Says that one of the nodes that read these weights has packed them. After the last, only their shape is kept.
    void release(ValueId weights) { static_cast<void>(take(weights)); }
    /// The same, and hands them over.
    Tensor take(ValueId weights);

    // Slots.
    std::int32_t slot(ValueId id, Layout layout);
    [[nodiscard]] bool exists(ValueId id, Layout layout) const;
    /// The slot of a value in this layout; appends a conversion if it is there in the other one only.
    std::int32_t in_layout(ValueId id, Layout layout);
    void append(std::shared_ptr<const Step> step, std::string_view name, std::vector<std::int32_t> inputs,
                std::vector<std::int32_t> outputs);

    Program program_;
    Isa isa_;
    std::vector<std::int32_t> producers_;
    std::vector<std::vector<std::size_t>> readers_;
    std::vector<bool> is_output_;
    /// By value: nodes that have packed it.
    std::map<std::int32_t, std::size_t> packed_by_;
    /// By weights and bias (or -1).
    std::map<std::pair<std::int32_t, std::int32_t>, std::shared_ptr<const Conv2d>> prepared_;
    std::map<std::size_t, Group> group_at_; // by last node
    std::vector<bool> grouped_;
    /// By value: the GlobalAveragePool that its convolution computes along with it.
    std::map<std::int32_t, std::size_t> mean_of_;
    std::set<std::int32_t> written_;
    /// By step: its convolution; and those that take a gate.
    std::map<std::size_t, std::shared_ptr<const Conv2d>> convolutions_;
    std::set<std::size_t> gated_;
};

} // namespace detect
