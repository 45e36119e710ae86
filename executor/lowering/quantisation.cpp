// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/quantisation.h"

#include "executor/lowering/nodes.h"

#include <algorithm>

namespace detect {

namespace {

/// A scale and its reciprocal are normal numbers.
bool is_sound_scale(float scale) { return scale > 1e-30F && scale < 1e30F; }

/// Bytes that stand for zero are all that is taken for weights.
bool is_zero(const Tensor* zeros) {
    return zeros == nullptr || std::ranges::all_of(zeros->bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

} // namespace

std::optional<Quantisation> quantisation_of(const GraphView& graph, const Node& node) {
    if (!node.domain.empty() || (node.op != "QuantizeLinear" && node.op != "DequantizeLinear")) return std::nullopt;
    const Tensor* scale = graph.constant(node.inputs[1], DataType::float32);
    if (scale == nullptr || scale->element_count() != 1 || !is_sound_scale(scale->data<float>()[0]))
        return std::nullopt;
    Quantisation q{.scale = scale->data<float>()[0], .zero_point = 0};
    if (!node.input(2).present()) {
        // Unsigned bytes by default.
        const Value& bytes = graph.value(node.op == "QuantizeLinear" ? node.outputs[0] : node.inputs[0]);
        if (bytes.type == DataType::int8) q.zero_point = 128;
        return is_bytes(bytes) ? std::optional(q) : std::nullopt;
    }
    if (const Tensor* zero = graph.constant(node.inputs[2], DataType::uint8);
        zero != nullptr && zero->element_count() == 1) {
        q.zero_point = zero->data<std::uint8_t>()[0];
        return q;
    }
    if (const Tensor* zero = graph.constant(node.inputs[2], DataType::int8);
        zero != nullptr && zero->element_count() == 1) {
        q.zero_point = zero->data<std::int8_t>()[0] + 128;
        return q;
    }
    return std::nullopt;
}

std::optional<ByteValue> dequantised(const GraphView& graph, ValueId id) {
    const auto node = graph.producer(id, "DequantizeLinear");
    if (!node) return std::nullopt;
    const ValueId bytes = graph.node(*node).inputs[0];
    const auto quantisation = quantisation_of(graph, graph.node(*node));
    if (!quantisation || graph.value(bytes).constant.defined()) return std::nullopt;
    return ByteValue{bytes, *quantisation, *node};
}

namespace {

std::optional<Quantiser> as_quantiser(const GraphView& graph, std::optional<std::size_t> node) {
    const auto quantisation = node ? quantisation_of(graph, graph.node(*node)) : std::nullopt;
    if (!quantisation) return std::nullopt;
    return Quantiser{*node, graph.node(*node).outputs[0], *quantisation};
}

} // namespace

std::optional<Quantiser> only_quantiser(const GraphView& graph, ValueId id) {
    return as_quantiser(graph, graph.free_reader(id, "QuantizeLinear"));
}

std::optional<Quantiser> quantiser_of(const GraphView& graph, ValueId bytes) {
    return as_quantiser(graph, graph.producer(bytes, "QuantizeLinear"));
}

namespace {

/// A layer's bias: floats, or sums with a scale for each or for all.
std::optional<std::vector<float>> float_bias(const GraphView& graph, ValueId id) {
    if (const Tensor* bias = graph.constant(id, DataType::float32)) {
        return std::vector<float>(bias->data<float>().begin(), bias->data<float>().end());
    }
    const auto index = graph.producer(id, "DequantizeLinear");
    if (!index) return std::nullopt;
    const Node& unpack = graph.node(*index);
    const Tensor* sums = graph.constant(unpack.inputs[0], DataType::int32);
    const Tensor* scales = graph.constant(unpack.inputs[1], DataType::float32);
    if (sums == nullptr || scales == nullptr) return std::nullopt;
    const auto count = static_cast<std::size_t>(sums->element_count());
    const auto scale_count = static_cast<std::size_t>(scales->element_count());
    const bool by_output = scale_count == 1 || (unpack.int_or("axis", 1) == 0 && scale_count == count);
    if (!by_output) return std::nullopt;
    if (unpack.input(2).present() && !is_zero(graph.constant(unpack.inputs[2], DataType::int32))) return std::nullopt;
    std::vector<float> bias;
    for (std::size_t i = 0; i < count; ++i) {
        const float scale = scales->data<float>()[scale_count == 1 ? 0 : i];
        bias.push_back(static_cast<float>(sums->data<std::int32_t>()[i]) * scale);
    }
    return bias;
}

} // namespace

std::optional<ByteWeights> byte_weights(const GraphView& graph, const Node& node) {
    const auto index = graph.producer(node.inputs[1], "DequantizeLinear");
    if (!index) return std::nullopt;
    const Node& unpack = graph.node(*index);
    const Tensor* bytes = graph.constant(unpack.inputs[0], DataType::int8);
    const Tensor* scale = graph.constant(unpack.inputs[1], DataType::float32);
    if (bytes == nullptr || scale == nullptr || bytes->dims().rank() < 2 || bytes->element_count() == 0)
        return std::nullopt;
    if (unpack.input(2).present() && !is_zero(graph.constant(unpack.inputs[2], DataType::int8))) return std::nullopt;
    const auto outputs = static_cast<std::size_t>(bytes->dims()[0]);
    ByteWeights weights{.bytes = unpack.inputs[0], .scales = {}, .bias = {}};
    if (scale->element_count() == 1) {
        weights.scales.assign(outputs, scale->data<float>()[0]);
    } else {
        const bool by_output = unpack.int_or("axis", 1) == 0 && scale->dims() == Dims{bytes->dims()[0]};
        if (!by_output) return std::nullopt;
        weights.scales.assign(scale->data<float>().begin(), scale->data<float>().end());
    }
    if (!std::ranges::all_of(weights.scales, is_sound_scale)) return std::nullopt;

    if (!node.input(2).present()) return weights;
    auto bias = float_bias(graph, node.inputs[2]);
    if (!bias || bias->size() != outputs) return std::nullopt;
    weights.bias = *std::move(bias);
    return weights;
}

Int8Weights int8_weights(const GraphView& graph, const ByteWeights& weights) {
    return {.bytes = graph.value(weights.bytes).constant.data<std::int8_t>(),
            .scales = weights.scales,
            .bias = weights.bias,
            .outputs = weights.scales.size()};
}

} // namespace detect
