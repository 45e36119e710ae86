// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/lowering.h"
#include "executor/lowering/nodes.h"
#include "executor/steps/convolution_step.h"
#include "graph/operators/window_attributes.h"

#include <algorithm>
#include <cmath>

namespace detect {

std::optional<Activation> as_activation(const Node& node) {
    if (!node.domain.empty()) return std::nullopt;
    if (node.op == "Relu") return Activation::relu;
    if (node.op == "HardSwish") return Activation::hard_swish;
    const bool torch_slope =
        std::abs(node.float_or("alpha", 0.2F) - 1.0F / 6.0F) < 1e-7F && node.float_or("beta", 0.5F) == 0.5F;
    if (node.op == "HardSigmoid" && torch_slope) return Activation::hard_sigmoid;
    return std::nullopt;
}

Result<Conv2dParameters> convolution_parameters(const Node& node, const Dims& weight) {
    DETECT_TRY_ASSIGN(const WindowAttributes windows, window_attributes(node, 2, weight.sizes().subspan(2)));
    const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
    const Window& rows = windows.axes[0];
    const Window& columns = windows.axes[1];
    const std::int64_t groups = node.int_or("group", 1);
    return Conv2dParameters{.input_channels = size(weight[1] * groups),
                            .output_channels = size(weight[0]),
                            .kernel_h = size(rows.kernel),
                            .kernel_w = size(columns.kernel),
                            .stride_h = size(rows.stride),
                            .stride_w = size(columns.stride),
                            .pad_top = size(rows.pad_begin),
                            .pad_left = size(columns.pad_begin),
                            .pad_bottom = size(rows.pad_end),
                            .pad_right = size(columns.pad_end),
                            .dilation_h = size(rows.dilation),
                            .dilation_w = size(columns.dilation),
                            .groups = size(groups)};
}

bool has_unit_pixels(const Value& value) {
    return value.shape && value.shape->size() == 4 && (*value.shape)[2].size == 1 && (*value.shape)[3].size == 1;
}

/// Before opset 14 hard-swish is x · HardSigmoid(x), which nothing else reads.
std::optional<Lowering::HardSwishProduct> Lowering::hard_swish_product(ValueId x) const {
    const auto& readers = readers_[static_cast<std::size_t>(x.index)];
    if (readers.size() != 2 || is_output_[static_cast<std::size_t>(x.index)]) return std::nullopt;
    for (const std::size_t reader : readers) {
        const Node& gate = node(reader);
        if (gate.op != "HardSigmoid" || as_activation(gate) != Activation::hard_sigmoid || grouped_[reader]) continue;
        const auto product = only_reader(gate.outputs[0]);
        const bool by_x = product && std::ranges::find(node(*product).inputs, x) != node(*product).inputs.end();
        if (by_x && node(*product).op == "Mul" && !grouped_[*product])
            return HardSwishProduct{gate.outputs[0], *product};
    }
    return std::nullopt;
}

bool Lowering::group_convolution(std::size_t n) {
    const Node& conv = node(n);
    if (conv.op != "Conv" || conv.string_or("auto_pad", "NOTSET") != "NOTSET") return false;
    const Tensor* weight = constant(conv.inputs[1], DataType::float32);
    if (weight == nullptr || weight->dims().rank() != 4 || weight->element_count() == 0) return false;
    if (conv.input(2).present() && constant(conv.inputs[2], DataType::float32) == nullptr) return false;
    if (value(conv.inputs[0]).type != DataType::float32) return false;

    Group group{n};
    const auto read = convolution_parameters(conv, weight->dims());
    if (!read) return false;
    const Conv2dParameters& parameters = *read;
    ValueId result = conv.outputs[0];
    const auto claim_next = [&](std::size_t next) {
        group.push_back(next);
        result = node(next).outputs[0];
    };
    // A shortcut that is added to the output; both have the same shape.
    if (const auto next = only_reader(result);
        next && !parameters.is_depthwise() && node(*next).op == "Add" && !grouped_[*next]) {
        const Node& add = node(*next);
        const ValueId other = add.inputs[0] == result ? add.inputs[1] : add.inputs[0];
        const bool same_shape = value(other).shape && value(other).shape == value(result).shape;
        if (other != result && same_shape && !value(other).constant.defined()) claim_next(*next);
    }
    if (const auto next = only_reader(result); next && as_activation(node(*next)) && !grouped_[*next]) {
        claim_next(*next);
    } else if (const auto product = hard_swish_product(result)) {
        group.push_back(static_cast<std::size_t>(producers_[static_cast<std::size_t>(product->gate.index)]));
        claim_next(product->node);
    }

    // A squeeze-excite gate on the input of a pointwise convolution.
    const Node* before = producer(conv.inputs[0]);
    if (before != nullptr && before->op == "Mul" && parameters.is_pointwise() && only_reader(conv.inputs[0])) {
        const auto mul = static_cast<std::size_t>(producers_[static_cast<std::size_t>(conv.inputs[0].index)]);
        const bool one_gate = has_unit_pixels(value(before->inputs[0])) != has_unit_pixels(value(before->inputs[1]));
        const bool computed = producer(before->inputs[0]) != nullptr && producer(before->inputs[1]) != nullptr;
        if (one_gate && computed && !grouped_[mul] && !has_unit_pixels(value(conv.inputs[0])))
            group.insert(group.begin(), mul);
    }
    // The average that squeeze-excite asks of a depthwise convolution comes with it.
    if (parameters.is_depthwise()) {
        for (const std::size_t reader : readers_[static_cast<std::size_t>(result.index)]) {
            if (node(reader).op != "GlobalAveragePool" || grouped_[reader]) continue;
            grouped_[reader] = true;
            mean_of_[result.index] = reader;
            break;
        }
    }
    claim(std::move(group), &Lowering::lower_convolution);
    return true;
}

Result<void> Lowering::lower_convolution(const Group& group) {
    const bool gated = node(group.front()).op == "Mul";
    const Node& conv = node(group[gated ? 1 : 0]);
    const Tensor& weight = *constant(conv.inputs[1], DataType::float32);
    DETECT_TRY_ASSIGN(Conv2dParameters parameters, convolution_parameters(conv, weight.dims()));

    ConvolutionInputs extras;
    std::vector<std::int32_t> inputs;
    if (gated) {
        const Node& mul = node(group.front());
        const std::size_t gate = has_unit_pixels(value(mul.inputs[0])) ? 0 : 1;
        extras.gate = true;
        inputs = {in_layout(mul.inputs[1 - gate], Layout::channels_last),
                  in_layout(mul.inputs[gate], Layout::channels_last)};
    } else {
        inputs = {in_layout(conv.inputs[0], Layout::channels_last)};
    }
    ValueId result = conv.outputs[0];
    for (std::size_t i = gated ? 2 : 1; i < group.size(); ++i) {
        const Node& next = node(group[i]);
        const bool product = next.op == "HardSigmoid" && i + 1 < group.size(); // its Mul is the next one
        if (product || as_activation(next)) {
            parameters.activation = product ? Activation::hard_swish : *as_activation(next);
            i += product ? 1 : 0;
        } else {
            extras.residual = true;
            const ValueId other = next.inputs[0] == result ? next.inputs[1] : next.inputs[0];
            inputs.push_back(in_layout(other, Layout::channels_last));
        }
        result = node(group[i]).outputs[0];
    }
    std::vector<std::int32_t> outputs{slot(result, Layout::channels_last)};
    if (const auto mean = mean_of_.find(result.index); mean != mean_of_.end()) {
        outputs.push_back(slot(node(mean->second).outputs[0], Layout::channels_last));
    }
    const std::span<const float> bias =
        conv.input(2).present() ? value(conv.inputs[2]).constant.data<float>() : std::span<const float>();
    // The RPN's convolutions run on every level with the same weights.
    auto& convolution = prepared_[{conv.inputs[1].index, conv.input(2).present() ? conv.inputs[2].index : -1}];
    if (convolution == nullptr || convolution->parameters() != parameters) {
        auto prepared = Conv2d::prepare(kernel_table(isa_), parameters, weight.data<float>(), bias);
        if (!prepared) return Error{prepared.error().code, describe(conv) + ": " + prepared.error().message};
        convolution = std::make_shared<const Conv2d>(*std::move(prepared));
    }
    release(conv.inputs[1]);
    convolutions_.emplace(program_.steps_.size(), convolution);
    if (extras.gate) gated_.insert(program_.steps_.size());
    append(make_convolution_step(convolution, extras), conv.name, std::move(inputs), std::move(outputs));
    return {};
}

} // namespace detect
