// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d.h"
#include "executor/kernels/expression.h"
#include "executor/kernels/int8/conv.h"
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
    bool group_layer_norm(std::size_t node);
    bool group_matrix_product(std::size_t node);
    void group_elementwise(std::size_t node);
    struct HardSwishProduct {
        ValueId gate;
        std::size_t node;
    };
    [[nodiscard]] std::optional<HardSwishProduct> hard_swish_product(ValueId x) const;
    /// Whether these are rows that a Flatten makes of RoIs pooled to a size that is known.
    [[nodiscard]] bool flattens_regions(ValueId rows) const;
    [[nodiscard]] bool adds_bias(const Node& add, ValueId product, std::int64_t n) const;
    [[nodiscard]] bool adds_residual(const Node& add, ValueId product) const;
    [[nodiscard]] bool is_row_mean(const Node& node) const;
    [[nodiscard]] bool are_row_weights(ValueId id, ValueId x) const;
    [[nodiscard]] std::optional<float> single_number(ValueId id, ValueId operand) const;
    [[nodiscard]] std::optional<Expression::Operation> element_operation(const Node& node) const;
    [[nodiscard]] std::optional<Expression> to_expression(const Group& group, std::vector<ValueId>& inputs) const;

    /// Says which nodes are one step from now on, and what makes it.
    using LowerGroup = Result<void> (Lowering::*)(const Group&);
    void claim(Group group, LowerGroup lower);

    // One step per group or single node.
    Result<void> lower_image_transform(const Group& group);
    Result<void> lower_convolution(const Group& group);
    Result<void> lower_fully_connected(const Group& group);
    Result<void> lower_layer_norm(const Group& group);
    Result<void> lower_matrix_product(const Group& group);
    Result<void> lower_elementwise(const Group& group);
    [[nodiscard]] bool averages_regions(const Node& node) const;
    /// Map, RoIs, pictures.
    std::vector<std::int32_t> region_inputs(const Node& roi_align);
    Result<bool> lower_roi_align(const Node& node);
    Result<bool> lower_pooling(const Node& node);
    Result<bool> lower_channels_last(const Node& node);
    bool lower_rows(const Node& node);
    Result<void> lower_reference(const Node& node, Layout layout);

    // 8-bit networks (lowering_int8.cpp). Bytes lie as channels-last tensors, signed ones shifted by 128.
    struct Int8Group;
    struct ByteValue {
        ValueId bytes;
        Quantisation quantisation;
    };
    /// What a QuantizeLinear or DequantizeLinear of one scale makes of its other side.
    [[nodiscard]] std::optional<Quantisation> quantisation_of(const Node& node) const;
    /// The bytes that a value is dequantised from, and how.
    [[nodiscard]] std::optional<ByteValue> dequantised(ValueId id) const;
    struct ByteWeights {
        ValueId bytes;
        std::vector<float> scales;
        std::vector<float> bias;
    };
    /// The trained bytes of a Conv or Gemm, a scale for each output.
    [[nodiscard]] std::optional<ByteWeights> byte_weights(const Node& node) const;
    [[nodiscard]] Int8Weights view(const ByteWeights& weights) const;
    /// The one reader, if it is a QuantizeLinear of one scale, and there is none beside it.
    [[nodiscard]] std::optional<std::size_t> only_quantiser(ValueId id) const;
    Result<void> group_int8();
    bool group_int8_convolution(std::size_t node);
    bool group_int8_fully_connected(std::size_t node);
    void claim_gate(Int8Group& group, Int8ConvParameters& parameters) const;
    void claim_finish(Int8Group& group, Int8ConvParameters& parameters) const;
    void claim_pooled_input(Int8Group& group, std::size_t& pixels);
    void keep(Int8Group group);
    Result<void> unpack_weights(const Node& node);
    Result<void> lower_int8_group(const Int8Group& group);
    Result<void> lower_int8_convolution(const Int8Group& group);
    Result<void> lower_int8_fully_connected(const Int8Group& group);
    Result<void> lower_int8_roi_align(const Int8Group& group);
    Result<bool> lower_quantiser(const Node& node);
    /// Dequantises what a node of floats reads, if that has not been done yet.
    Result<void> dequantise_inputs(const Node& node);
    Result<void> dequantise(ValueId id);
    void release_packed_bytes();
    void fuse_int8_blocks();

    // Steps that are better taken together.
    void fuse_inverted_residuals();
    /// Which step writes each slot, and how many read it (the graph's outputs included).
    struct SlotUses {
        std::vector<std::int32_t> writer;
        std::vector<int> readers;
    };
    [[nodiscard]] SlotUses slot_uses() const;

    // The graph around a node.
    [[nodiscard]] const Node& node(std::size_t index) const { return program_.graph_.nodes[index]; }
    [[nodiscard]] const Value& value(ValueId id) const { return program_.graph_[id]; }
    /// The one node that reads the value, if it is a single one and the value is no output of the graph.
    [[nodiscard]] std::optional<std::size_t> only_reader(ValueId id) const;
    [[nodiscard]] const Node* producer(ValueId id) const;
    [[nodiscard]] const Tensor* constant(ValueId id, DataType type) const;
    /// The one of a node's two inputs that is not `id`.
    [[nodiscard]] static ValueId other_input(const Node& node, ValueId id) {
        return node.inputs[0] == id ? node.inputs[1] : node.inputs[0];
    }

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
    struct Claim {
        Group group;
        LowerGroup lower = nullptr;
    };
    std::map<std::size_t, Claim> claims_; // by last node
    std::vector<bool> grouped_;
    /// By value: the GlobalAveragePool that its convolution computes along with it.
    std::map<std::int32_t, std::size_t> mean_of_;
    std::set<std::int32_t> written_;
    /// By step: its convolution; and those that take a gate.
    std::map<std::size_t, std::shared_ptr<const Conv2d>> convolutions_;
    /// By last node.
    std::map<std::size_t, std::shared_ptr<const Int8Group>> int8_group_at_;
    /// Values that are dequantised when somebody reads them.
    std::set<std::int32_t> deferred_;
    /// Trained bytes that were packed, with what was made of them.
    std::multimap<std::int32_t, std::shared_ptr<const Int8Conv>> prepared_bytes_;
    std::map<std::size_t, std::shared_ptr<const Int8Conv>> int8_convolutions_;
    std::set<std::size_t> gated_;
};

} // namespace detect
