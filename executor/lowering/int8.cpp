// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/int8_group.h"
#include "executor/lowering/nodes.h"
#include "executor/steps/int8_layer_steps.h"
#include "executor/steps/int8_steps.h"

#include <algorithm>

namespace detect {

Result<void> Lowering::lower_int8_group(const Int8Group& group) {
    const std::string& op = node(group.node).op;
    if (op == "RoiAlign") return lower_int8_roi_align(group);
    return op == "Conv" ? lower_int8_convolution(group) : lower_int8_fully_connected(group);
}

Result<void> Lowering::lower_int8_convolution(const Int8Group& group) {
    const Node& conv = node(group.node);
    const Int8ConvParameters& p = group.parameters;
    std::vector<std::int32_t> inputs{in_layout(group.x, Layout::channels_last)};
    for (const ValueId id : {group.gate, group.residual}) {
        if (!id.present()) continue;
        DETECT_TRY(dequantise(id));
        inputs.push_back(in_layout(id, Layout::channels_last));
    }
    std::vector<std::int32_t> outputs{slot(group.result, Layout::channels_last)};
    if (group.mean.present()) outputs.push_back(slot(group.mean, Layout::channels_last));

    // The RPN's convolutions run on every level with the same weights.
    std::shared_ptr<const Int8Conv> convolution;
    const auto [first, last] = prepared_bytes_.equal_range(group.weights.bytes.index);
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second->parameters() == p) convolution = entry->second;
    }
    if (convolution == nullptr) {
        const Int8Weights weights = view(group.weights);
        auto prepared = Int8Conv::prepare(int8_kernels(isa_), p, weights);
        if (!prepared) return Error{prepared.error().code, describe(conv) + ": " + prepared.error().message};
        convolution = std::make_shared<const Int8Conv>(*std::move(prepared));
        prepared_bytes_.emplace(group.weights.bytes.index, convolution);
    }
    int8_convolutions_.emplace(program_.steps_.size(), convolution);
    std::shared_ptr<const Step> step = p.shape.is_depthwise()
                                           ? make_int8_inverted_residual_step({nullptr, convolution, nullptr}, false)
                                           : make_int8_convolution_step(convolution, group.residual.present());
    append(std::move(step), conv.name, std::move(inputs), std::move(outputs));
    return {};
}

Result<void> Lowering::lower_int8_fully_connected(const Int8Group& group) {
    const Node& gemm = node(group.node);
    const Int8Weights weights = view(group.weights);
    auto packed = Int8Matrix::pack(int8_kernels(isa_), weights, group.pixels, true, group.parameters.input,
                                   group.parameters.sum_unit());
    if (!packed) return Error{packed.error().code, describe(gemm) + ": " + packed.error().message};
    prepared_bytes_.emplace(group.weights.bytes.index, nullptr);
    const Layout layout = group.parameters.output ? Layout::channels_last : Layout::plain;
    const std::int32_t input = in_layout(group.x, Layout::channels_last);
    append(make_int8_fully_connected_step(*std::move(packed), group.parameters), gemm.name, {input},
           {slot(group.result, layout)});
    return {};
}

Result<void> Lowering::lower_int8_roi_align(const Int8Group& group) {
    const Node& roi_align = node(group.node);
    for (const ValueId id : roi_align.inputs) DETECT_TRY(dequantise(id));
    std::vector<std::int32_t> inputs = region_inputs(roi_align);
    append(make_int8_roi_align(kernel_table(isa_), int8_kernels(isa_),
                               roi_align_parameters(roi_align, program_.graph_.opset), *group.parameters.output),
           roi_align.name, std::move(inputs), {slot(group.result, Layout::channels_last)});
    return {};
}

Result<bool> Lowering::lower_quantiser(const Node& node) {
    if (node.op != "QuantizeLinear" || value(node.inputs[0]).type != DataType::float32) return false;
    const auto quantisation = quantisation_of(node);
    const auto& shape = value(node.inputs[0]).shape;
    if (!quantisation || !shape || value(node.inputs[0]).constant.defined()) return false;
    const Layout layout = shape->size() == 4 ? Layout::channels_last : Layout::plain;
    const std::int32_t input = in_layout(node.inputs[0], layout);
    append(make_quantise_step(int8_kernels(isa_), *quantisation), node.name, {input},
           {slot(node.outputs[0], Layout::channels_last)});
    return true;
}

Result<void> Lowering::dequantise_inputs(const Node& node) {
    for (const ValueId id : node.inputs) DETECT_TRY(dequantise(id));
    return {};
}

Result<void> Lowering::dequantise(ValueId id) {
    if (!id.present() || deferred_.erase(id.index) == 0) return {};
    const Node& node = *producer(id);
    const auto& shape = value(id).shape;
    if (!exists(node.inputs[0], Layout::channels_last) || !shape) return lower_reference(node, Layout::plain);
    const Layout layout = shape->size() == 4 ? Layout::channels_last : Layout::plain;
    append(make_dequantise_step(int8_kernels(isa_), *quantisation_of(node)), node.name,
           {slot(node.inputs[0], Layout::channels_last)}, {slot(id, layout)});
    return {};
}

/// Trained bytes are needed no more once all that read them have packed them.
void Lowering::release_packed_bytes() {
    for (const auto& [index, convolution] : prepared_bytes_) {
        const auto& readers = readers_[static_cast<std::size_t>(index)];
        const bool packed = std::ranges::none_of(readers, [&](std::size_t reader) {
            const ValueId floats = node(reader).outputs[0];
            return is_output_[static_cast<std::size_t>(floats.index)];
        });
        Value& bytes = program_.graph_.values[static_cast<std::size_t>(index)];
        if (!packed || !bytes.constant.defined()) continue;
        bytes.shape = to_shape(bytes.constant.dims());
        bytes.constant = Tensor{};
    }
}

/// Expand → depthwise → project, as fuse_inverted_residuals does it.
void Lowering::fuse_int8_blocks() {
    const SlotUses uses = slot_uses();
    const auto read_once = [&](std::int32_t slot) { return uses.readers[static_cast<std::size_t>(slot)] == 1; };
    for (const auto& [index, depthwise] : int8_convolutions_) {
        if (depthwise->depthwise() == nullptr) continue;
        const PlannedStep& middle = program_.steps_[index];
        std::optional<std::size_t> expand;
        const std::int32_t writer = uses.writer[static_cast<std::size_t>(middle.inputs[0])];
        if (writer >= 0 && read_once(middle.inputs[0])) {
            const auto before = static_cast<std::size_t>(writer);
            const auto candidate = int8_convolutions_.find(before);
            const bool fits = candidate != int8_convolutions_.end() && candidate->second->matrix() != nullptr &&
                              program_.steps_[before].inputs.size() == 1;
            if (fits) expand = before;
        }
        std::optional<std::size_t> project;
        for (const auto& [reader, candidate] : int8_convolutions_) {
            const PlannedStep& step = program_.steps_[reader];
            const bool reads = step.step && step.inputs[0] == middle.outputs[0] && read_once(middle.outputs[0]);
            if (reads && candidate->matrix() != nullptr && !candidate->parameters().gated) project = reader;
        }
        Int8InvertedResidual::Steps parts{.expand = expand ? int8_convolutions_.at(*expand) : nullptr,
                                          .depthwise = depthwise,
                                          .project = project ? int8_convolutions_.at(*project) : nullptr};
        PlannedStep fused = program_.steps_[project.value_or(index)];
        fused.step = make_int8_inverted_residual_step(std::move(parts), fused.inputs.size() > 1);
        if (!fused.step) continue;
        fused.inputs[0] = program_.steps_[expand.value_or(index)].inputs[0];
        if (project) fused.outputs.insert(fused.outputs.end(), middle.outputs.begin() + 1, middle.outputs.end());
        program_.steps_[project.value_or(index)] = std::move(fused);
        // Steps keep their numbers; fuse_inverted_residuals drops the empty ones.
        if (expand) program_.steps_[*expand] = {};
        if (project) program_.steps_[index] = {};
    }
}

} // namespace detect
