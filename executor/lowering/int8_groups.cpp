// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/lowering/int8_group.h"
#include "executor/lowering/nodes.h"
#include "executor/reference/kernel.h"

#include <algorithm>
#include <cmath>

/// Which nodes of a quantised graph (QuantizeLinear and DequantizeLinear around float operators) are taken together.
namespace detect {

namespace {

/// A scale and its reciprocal are normal numbers.
bool is_sound_scale(float scale) { return scale > 1e-30F && scale < 1e30F; }

/// Bytes that stand for zero are all that is taken for weights.
bool is_zero(const Tensor* zeros) {
    return zeros == nullptr || std::ranges::all_of(zeros->bytes(), [](std::byte byte) { return byte == std::byte{0}; });
}

} // namespace

std::optional<Quantisation> Lowering::quantisation_of(const Node& node) const {
    if (!node.domain.empty() || (node.op != "QuantizeLinear" && node.op != "DequantizeLinear")) return std::nullopt;
    const Tensor* scale = constant(node.inputs[1], DataType::float32);
    if (scale == nullptr || scale->element_count() != 1 || !is_sound_scale(scale->data<float>()[0]))
        return std::nullopt;
    Quantisation q{.scale = scale->data<float>()[0], .zero_point = 0};
    if (!node.input(2).present()) {
        // Unsigned bytes by default.
        const ValueId bytes = node.op == "QuantizeLinear" ? node.outputs[0] : node.inputs[0];
        if (value(bytes).type == DataType::int8) q.zero_point = 128;
        return value(bytes).type == DataType::int8 || value(bytes).type == DataType::uint8 ? std::optional(q)
                                                                                           : std::nullopt;
    }
    if (const Tensor* zero = constant(node.inputs[2], DataType::uint8); zero != nullptr && zero->element_count() == 1) {
        q.zero_point = zero->data<std::uint8_t>()[0];
        return q;
    }
    if (const Tensor* zero = constant(node.inputs[2], DataType::int8); zero != nullptr && zero->element_count() == 1) {
        q.zero_point = zero->data<std::int8_t>()[0] + 128;
        return q;
    }
    return std::nullopt;
}

std::optional<Lowering::ByteValue> Lowering::dequantised(ValueId id) const {
    const Node* node = producer(id);
    if (node == nullptr || node->op != "DequantizeLinear" || value(node->inputs[0]).constant.defined())
        return std::nullopt;
    const auto quantisation = quantisation_of(*node);
    if (!quantisation) return std::nullopt;
    return ByteValue{node->inputs[0], *quantisation};
}

std::optional<Lowering::ByteWeights> Lowering::byte_weights(const Node& node) const {
    const Node* unpack = producer(node.inputs[1]);
    if (unpack == nullptr || unpack->op != "DequantizeLinear" || !unpack->domain.empty()) return std::nullopt;
    const Tensor* bytes = constant(unpack->inputs[0], DataType::int8);
    const Tensor* scale = constant(unpack->inputs[1], DataType::float32);
    if (bytes == nullptr || scale == nullptr || bytes->dims().rank() < 2 || bytes->element_count() == 0)
        return std::nullopt;
    if (unpack->input(2).present() && !is_zero(constant(unpack->inputs[2], DataType::int8))) return std::nullopt;
    const auto outputs = static_cast<std::size_t>(bytes->dims()[0]);
    ByteWeights weights{.bytes = unpack->inputs[0], .scales = {}, .bias = {}};
    if (scale->element_count() == 1) {
        weights.scales.assign(outputs, scale->data<float>()[0]);
    } else {
        const bool by_output = unpack->int_or("axis", 1) == 0 && scale->dims() == Dims{bytes->dims()[0]};
        if (!by_output) return std::nullopt;
        weights.scales.assign(scale->data<float>().begin(), scale->data<float>().end());
    }
    if (!std::ranges::all_of(weights.scales, is_sound_scale)) return std::nullopt;

    if (!node.input(2).present()) return weights;
    if (const Tensor* bias = constant(node.inputs[2], DataType::float32)) {
        weights.bias.assign(bias->data<float>().begin(), bias->data<float>().end());
    } else if (const Node* of_bias = producer(node.inputs[2]);
               of_bias != nullptr && of_bias->op == "DequantizeLinear") {
        const Tensor* sums = constant(of_bias->inputs[0], DataType::int32);
        const Tensor* scales = constant(of_bias->inputs[1], DataType::float32);
        const bool by_output = of_bias->int_or("axis", 1) == 0 || (scales != nullptr && scales->element_count() == 1);
        if (sums == nullptr || scales == nullptr || !by_output) return std::nullopt;
        if (of_bias->input(2).present() && !is_zero(constant(of_bias->inputs[2], DataType::int32))) return std::nullopt;
        const auto count = static_cast<std::size_t>(sums->element_count());
        const auto scale_count = static_cast<std::size_t>(scales->element_count());
        if (scale_count != 1 && scale_count != count) return std::nullopt;
        for (std::size_t i = 0; i < count; ++i) {
            const float scale_of = scales->data<float>()[scale_count == 1 ? 0 : i];
            weights.bias.push_back(static_cast<float>(sums->data<std::int32_t>()[i]) * scale_of);
        }
    }
    return weights.bias.size() == outputs ? std::optional(weights) : std::nullopt;
}

Int8Weights Lowering::view(const ByteWeights& weights) const {
    return {.bytes = value(weights.bytes).constant.data<std::int8_t>(),
            .scales = weights.scales,
            .bias = weights.bias,
            .outputs = weights.scales.size()};
}

std::optional<std::size_t> Lowering::only_quantiser(ValueId id) const {
    const auto reader = only_reader(id);
    if (!reader || grouped_[*reader] || node(*reader).op != "QuantizeLinear" || !quantisation_of(node(*reader))) {
        return std::nullopt;
    }
    return reader;
}

Result<void> Lowering::group_int8() {
    const std::size_t count = program_.graph_.nodes.size();
    for (std::size_t n = 0; n < count; ++n) {
        if (grouped_[n] || !node(n).domain.empty()) continue;
        if (node(n).op == "Conv") group_int8_convolution(n);
        if (node(n).op == "Gemm") group_int8_fully_connected(n);
    }
    for (std::size_t n = 0; n < count; ++n) {
        const Node& unpack = node(n);
        if (grouped_[n] || unpack.op != "DequantizeLinear" || !unpack.domain.empty()) continue;
        const ValueId output = unpack.outputs[0];
        if (dequantised(output)) {
            deferred_.insert(output.index);
            grouped_[n] = true;
            continue;
        }
        const bool constants = std::ranges::all_of(
            unpack.inputs, [&](ValueId id) { return !id.present() || value(id).constant.defined(); });
        if (!constants) continue;
        const auto& readers = readers_[static_cast<std::size_t>(output.index)];
        const bool packed = std::ranges::all_of(readers, [&](std::size_t reader) { return grouped_[reader]; });
        grouped_[n] = true;
        if (!packed || is_output_[static_cast<std::size_t>(output.index)]) DETECT_TRY(unpack_weights(unpack));
    }
    return {};
}

/// Weights of layers that are computed in floats.
Result<void> Lowering::unpack_weights(const Node& unpack) {
    std::vector<Tensor> inputs;
    for (const ValueId id : unpack.inputs) inputs.push_back(id.present() ? value(id).constant : Tensor{});
    std::vector<Tensor> outputs(1);
    KernelResources resources;
    KernelContext context(unpack, program_.graph_.opset, inputs, outputs, resources);
    DETECT_TRY(find_reference_kernel("", unpack.op)(context));
    program_.graph_[unpack.outputs[0]].constant = std::move(outputs[0]);
    return {};
}

/// x → Mul by squeeze-excite's gate → Q → DQ → the convolution, where nothing else reads what is between.
void Lowering::claim_gate(Int8Group& group, Int8ConvParameters& parameters) const {
    const ValueId input = node(group.node).inputs[0];
    const Node* quantiser = producer(group.x);
    if (quantiser == nullptr || !only_reader(input) || !only_reader(group.x)) return;
    const Node* mul = quantiser->op == "QuantizeLinear" ? producer(quantiser->inputs[0]) : nullptr;
    if (mul == nullptr || mul->op != "Mul" || !only_reader(quantiser->inputs[0])) return;
    const bool first_is_gate = has_unit_pixels(value(mul->inputs[0]));
    if (first_is_gate == has_unit_pixels(value(mul->inputs[1]))) return;
    const ValueId gate = mul->inputs[first_is_gate ? 0 : 1];
    const auto x = dequantised(mul->inputs[first_is_gate ? 1 : 0]);
    const auto& shape = value(gate).shape;
    const bool fits =
        shape && shape->size() == 4 && (*shape)[1].size == static_cast<std::int64_t>(parameters.shape.input_channels) &&
        value(mul->outputs[0]).shape && value(mul->outputs[0]).shape == value(mul->inputs[first_is_gate ? 1 : 0]).shape;
    if (!x || !fits || producer(gate) == nullptr || quantisation_of(*quantiser) != parameters.input) return;
    for (const ValueId output : {mul->outputs[0], group.x, input}) {
        group.members.push_back(static_cast<std::size_t>(producers_[static_cast<std::size_t>(output.index)]));
    }
    parameters.gated = x->quantisation;
    group.x = x->bytes;
    group.gate = gate;
}

/// What stands behind a convolution: (Q → DQ →) Add, activation, Q.
void Lowering::claim_finish(Int8Group& group, Int8ConvParameters& parameters) const {
    const auto claim = [&](std::size_t next) {
        group.members.push_back(next);
        group.result = node(next).outputs[0];
    };
    const auto shortcut_of = [&](ValueId id) -> std::optional<std::size_t> {
        const auto next = only_reader(id);
        if (!next || node(*next).op != "Add" || grouped_[*next] || parameters.shape.is_depthwise()) return std::nullopt;
        const Node& add = node(*next);
        const ValueId other = add.inputs[0] == id ? add.inputs[1] : add.inputs[0];
        const bool same_shape = value(other).shape && value(other).shape == value(id).shape;
        return other != id && same_shape && !value(other).constant.defined() ? next : std::nullopt;
    };
    const auto claim_shortcut = [&](ValueId id, std::size_t add) {
        const ValueId other = node(add).inputs[0] == id ? node(add).inputs[1] : node(add).inputs[0];
        const auto bytes = dequantised(other);
        group.residual = bytes ? bytes->bytes : other;
        if (bytes) parameters.residual = bytes->quantisation;
        claim(add);
    };
    if (const auto add = shortcut_of(group.result)) {
        claim_shortcut(group.result, *add);
    } else if (const auto quantiser = only_quantiser(group.result)) {
        const auto back = only_reader(node(*quantiser).outputs[0]);
        const bool fits = back && quantisation_of(node(*back)) == quantisation_of(node(*quantiser));
        const auto sum = fits ? shortcut_of(node(*back).outputs[0]) : std::nullopt;
        if (sum) {
            parameters.rounding = quantisation_of(node(*quantiser));
            group.members.insert(group.members.end(), {*quantiser, *back});
            claim_shortcut(node(*back).outputs[0], *sum);
        }
    }
    if (const auto next = only_reader(group.result); next && as_activation(node(*next)) && !grouped_[*next]) {
        parameters.shape.activation = *as_activation(node(*next));
        claim(*next);
    } else if (const auto product = hard_swish_product(group.result)) {
        parameters.shape.activation = Activation::hard_swish;
        group.members.push_back(static_cast<std::size_t>(producers_[static_cast<std::size_t>(product->gate.index)]));
        claim(product->node);
    }
    if (const auto quantiser = only_quantiser(group.result)) {
        parameters.output = quantisation_of(node(*quantiser));
        claim(*quantiser);
    }
}

void Lowering::keep(Int8Group group) {
    for (const std::size_t member : group.members) grouped_[member] = true;
    const std::size_t last = *std::ranges::max_element(group.members);
    int8_group_at_[last] = std::make_shared<const Int8Group>(std::move(group));
}

bool Lowering::group_int8_convolution(std::size_t n) {
    const Node& conv = node(n);
    const auto x = dequantised(conv.inputs[0]);
    auto weights = byte_weights(conv);
    if (!x || !weights || conv.string_or("auto_pad", "NOTSET") != "NOTSET") return false;
    const Dims& dims = value(weights->bytes).constant.dims();
    if (dims.rank() != 4) return false;
    const auto shape = convolution_parameters(conv, dims);
    if (!shape || !Int8Conv::supports(int8_kernels(isa_), *shape)) return false;
    const std::size_t terms = shape->input_channels / shape->groups * shape->kernel_h * shape->kernel_w;
    if (!view(*weights).fit(x->quantisation.scale, terms)) return false;
    Int8Group group;
    group.node = n;
    group.members = {n};
    group.x = x->bytes;
    group.result = conv.outputs[0];
    group.weights = *std::move(weights);
    Int8ConvParameters& p = group.parameters;
    p = {.shape = *shape, .input = x->quantisation, .gated = {}, .rounding = {}, .residual = {}, .output = {}};
    claim_finish(group, p);
    if (shape->is_depthwise() && !p.output) return false;
    if (shape->is_pointwise()) claim_gate(group, p);
    if (shape->is_depthwise()) {
        // The average that squeeze-excite asks for comes with it.
        const auto back = only_reader(group.result);
        const ValueId floats = back && dequantised(node(*back).outputs[0]) ? node(*back).outputs[0] : ValueId{};
        for (std::size_t i = 0; floats.present() && i < readers_[static_cast<std::size_t>(floats.index)].size(); ++i) {
            const std::size_t reader = readers_[static_cast<std::size_t>(floats.index)][i];
            if (node(reader).op != "GlobalAveragePool" || grouped_[reader] || group.mean.present()) continue;
            group.mean = node(reader).outputs[0];
            grouped_[reader] = true;
        }
    }
    keep(std::move(group));
    return true;
}

/// Bytes of a RoIAlign that only this product reads are written in the order in which they are read: RoiAlign →
/// Flatten → Q → DQ, all claimed.
void Lowering::claim_pooled_input(Int8Group& group, std::size_t& pixels) {
    const ValueId input = node(group.node).inputs[0];
    const Node* quantiser = producer(group.x);
    if (quantiser == nullptr || quantiser->op != "QuantizeLinear" || !only_reader(input) || !only_reader(group.x))
        return;
    if (!flattens_regions(quantiser->inputs[0])) return;
    const Node* flatten = producer(quantiser->inputs[0]);
    const Node* pooled = producer(flatten->inputs[0]);
    const Shape& shape = *value(flatten->inputs[0]).shape;
    const bool average = pooled->domain.empty() && pooled->string_or("mode", "avg") == "avg" &&
                         value(pooled->inputs[0]).type == DataType::float32;
    if (!average || !only_reader(flatten->inputs[0]) || !only_reader(quantiser->inputs[0])) return;
    Int8Group roi_align;
    for (const ValueId output : {flatten->inputs[0], flatten->outputs[0], group.x}) {
        roi_align.members.push_back(static_cast<std::size_t>(producers_[static_cast<std::size_t>(output.index)]));
    }
    roi_align.node = roi_align.members.front();
    roi_align.x = pooled->inputs[0];
    roi_align.result = group.x;
    roi_align.parameters.output = quantisation_of(*quantiser);
    pixels = static_cast<std::size_t>(*shape[2].size * *shape[3].size);
    keep(std::move(roi_align));
}

bool Lowering::group_int8_fully_connected(std::size_t n) {
    const Node& gemm = node(n);
    const bool linear = gemm.float_or("alpha", 1.0F) == 1.0F && gemm.float_or("beta", 1.0F) == 1.0F &&
                        gemm.int_or("transA", 0) == 0 && gemm.int_or("transB", 0) != 0;
    const auto x = dequantised(gemm.inputs[0]);
    auto weights = byte_weights(gemm);
    if (!linear || !x || !weights) return false;
    const Dims& dims = value(weights->bytes).constant.dims();
    const auto k = static_cast<std::size_t>(dims[1]);
    if (dims.rank() != 2 || !Int8Matrix::supports(int8_kernels(isa_), k, 1)) return false;
    if (!view(*weights).fit(x->quantisation.scale, k)) return false;
    Int8Group group;
    group.node = n;
    group.members = {n};
    group.x = x->bytes;
    group.result = gemm.outputs[0];
    group.weights = *std::move(weights);
    group.parameters.input = x->quantisation;
    if (const auto next = only_reader(group.result); next && node(*next).op == "Relu" && !grouped_[*next]) {
        group.parameters.shape.activation = Activation::relu;
        group.members.push_back(*next);
        group.result = node(*next).outputs[0];
    }
    if (const auto quantiser = only_quantiser(group.result)) {
        group.parameters.output = quantisation_of(node(*quantiser));
        group.members.push_back(*quantiser);
        group.result = node(*quantiser).outputs[0];
    }
    claim_pooled_input(group, group.pixels);
    if (k % group.pixels != 0) return false;
    keep(std::move(group));
    return true;
}

} // namespace detect
