// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/lowering.h"
#include "executor/lowering/nodes.h"
#include "executor/steps/image_transform_step.h"
#include "executor/steps/pooling_steps.h"
#include "executor/steps/roi_align_step.h"
#include "graph/operators/window_attributes.h"

#include <algorithm>

namespace detect {

namespace {

bool is_per_channel(const Tensor* tensor) { return tensor != nullptr && tensor->dims() == Dims{1, 3, 1, 1}; }

std::array<float, 3> three(const Tensor& tensor) {
    const auto data = tensor.data<float>();
    return {data[0], data[1], data[2]};
}

} // namespace

RoiAlignParameters roi_align_parameters(const Node& node, int opset) {
    const std::string default_mode = opset >= 16 ? "half_pixel" : "output_half_pixel";
    const std::string mode = node.string_or("coordinate_transformation_mode", default_mode);
    return {.pooled_h = static_cast<std::size_t>(node.int_or("output_height", 1)),
            .pooled_w = static_cast<std::size_t>(node.int_or("output_width", 1)),
            .sampling_ratio = static_cast<std::size_t>(node.int_or("sampling_ratio", 0)),
            .spatial_scale = node.float_or("spatial_scale", 1.0F),
            .aligned = mode == "half_pixel",
            .layout = RoiLayout::channels_last};
}

/// (x − mean) / std, bilinear Resize by `sizes`, constant Pad: torchvision's transform.
bool Lowering::group_image_transform(std::size_t n) {
    const Node& sub = node(n);
    if (sub.op != "Sub" || !is_per_channel(constant(sub.inputs[1], DataType::float32))) return false;
    const auto next_of = [&](std::size_t index, std::string_view op) -> std::optional<std::size_t> {
        const auto next = only_reader(node(index).outputs[0]);
        return next && node(*next).op == op && node(*next).inputs[0] == node(index).outputs[0] ? next : std::nullopt;
    };
    const auto div = next_of(n, "Div");
    if (!div || !is_per_channel(constant(node(*div).inputs[1], DataType::float32))) return false;
    const auto resize = next_of(*div, "Resize");
    if (!resize) return false;
    const Node& r = node(*resize);
    const bool bilinear = r.string_or("mode", "nearest") == "linear" &&
                          r.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel" &&
                          r.input(3).present();
    const auto pad = next_of(*resize, "Pad");
    if (!bilinear || !pad || node(*pad).string_or("mode", "constant") != "constant" || node(*pad).input(2).present())
        return false;
    if (!node(*pad).input(1).present()) return false;
    // The step's result is channels last: worth it if a convolution reads it, or what makes bytes for one. (Others ask
    // for its shape.)
    const auto& readers = readers_[static_cast<std::size_t>(node(*pad).outputs[0].index)];
    const auto reads_maps = [&](std::size_t reader) {
        return node(reader).op == "Conv" || node(reader).op == "QuantizeLinear";
    };
    if (std::ranges::none_of(readers, reads_maps)) return false;

    claim({n, *div, *resize, *pad}, &Lowering::lower_image_transform);
    return true;
}

Result<void> Lowering::lower_image_transform(const Group& group) {
    const Node& sub = node(group[0]);
    const Node& pad = node(group[3]);
    const ImageTransform::Normalisation normalisation{
        .mean = three(*constant(sub.inputs[1], DataType::float32)),
        .deviation = three(*constant(node(group[1]).inputs[1], DataType::float32))};
    append(make_image_transform(kernel_table(isa_), normalisation), pad.name,
           {in_layout(sub.inputs[0], Layout::plain), in_layout(node(group[2]).inputs[3], Layout::plain),
            in_layout(pad.inputs[1], Layout::plain)},
           {slot(pad.outputs[0], Layout::channels_last)});
    return {};
}

bool Lowering::averages_regions(const Node& node) const {
    return node.op == "RoiAlign" && node.domain.empty() && node.string_or("mode", "avg") == "avg" &&
           value(node.inputs[0]).type == DataType::float32;
}

std::vector<std::int32_t> Lowering::region_inputs(const Node& roi_align) {
    return {in_layout(roi_align.inputs[0], Layout::channels_last), in_layout(roi_align.inputs[1], Layout::plain),
            in_layout(roi_align.inputs[2], Layout::plain)};
}

Result<bool> Lowering::lower_roi_align(const Node& node) {
    if (!averages_regions(node)) return false;
    append(make_roi_align(kernel_table(isa_), roi_align_parameters(node, program_.graph_.opset)), node.name,
           region_inputs(node), {slot(node.outputs[0], Layout::channels_last)});
    return true;
}

Result<bool> Lowering::lower_pooling(const Node& node) {
    if (!node.domain.empty() || node.inputs.empty() || !exists(node.inputs[0], Layout::channels_last)) return false;
    if (value(node.inputs[0]).type != DataType::float32) return false;
    std::shared_ptr<const Step> step;
    if (node.op == "GlobalAveragePool") {
        step = make_global_average_pool(kernel_table(isa_));
    } else if (node.op == "MaxPool") {
        const auto* kernel = node.attribute<std::vector<std::int64_t>>("kernel_shape");
        const bool plain = node.outputs.size() == 1 && node.int_or("ceil_mode", 0) == 0 &&
                           node.string_or("auto_pad", "NOTSET") == "NOTSET" && kernel != nullptr && kernel->size() == 2;
        if (!plain) return false;
        DETECT_TRY_ASSIGN(const WindowAttributes windows, window_attributes(node, 2, *kernel));
        step = make_max_pool(kernel_table(isa_), windows.axes[0], windows.axes[1]);
    } else {
        return false;
    }
    append(std::move(step), node.name, {slot(node.inputs[0], Layout::channels_last)},
           {slot(node.outputs[0], Layout::channels_last)});
    return true;
}

} // namespace detect
