#include "executor/kernels/kernel_table.h"
#include "executor/lowering.h"
#include "executor/steps/fully_connected_step.h"
#include "graph/try.h"

namespace detect {

namespace {

/// Gemm as torch.nn.Linear exports it: x · Wᵀ + b, or x · W + b.
bool is_linear(const Node& node) {
    return node.op == "Gemm" && node.domain.empty() && node.float_or("alpha", 1.0F) == 1.0F &&
           node.float_or("beta", 1.0F) == 1.0F && node.int_or("transA", 0) == 0;
}

} // namespace

bool Lowering::group_fully_connected(std::size_t n) {
    const Node& gemm = node(n);
    if (!is_linear(gemm)) return false;
    const Tensor* weight = constant(gemm.inputs[1], DataType::float32);
    if (weight == nullptr || weight->dims().rank() != 2 || weight->element_count() == 0) return false;
    const std::int64_t outputs = weight->dims()[gemm.int_or("transB", 0) != 0 ? 0 : 1];
    if (gemm.input(2).present()) {
        const Tensor* bias = constant(gemm.inputs[2], DataType::float32);
        if (bias == nullptr || bias->dims() != Dims{outputs}) return false;
    }
    Group group{n};
    // Flatten of a pooled map: no need to bring it into another order first, if the weights are.
    const Node* before = producer(gemm.inputs[0]);
    if (before != nullptr && before->op == "Flatten" && before->int_or("axis", 1) == 1 &&
        gemm.int_or("transB", 0) != 0 && only_reader(gemm.inputs[0])) {
        const auto& shape = value(before->inputs[0]).shape;
        const bool sizes_known =
            shape && shape->size() == 4 && (*shape)[1].size && (*shape)[2].size && (*shape)[3].size;
        const Node* pooled = producer(before->inputs[0]);
        if (sizes_known && pooled != nullptr && pooled->op == "RoiAlign") {
            group.insert(group.begin(),
                         static_cast<std::size_t>(producers_[static_cast<std::size_t>(gemm.inputs[0].index)]));
        }
    }
    if (const auto next = only_reader(gemm.outputs[0]); next && node(*next).op == "Relu") group.push_back(*next);
    for (const std::size_t member : group) grouped_[member] = true;
    group_at_[group.back()] = std::move(group);
    return true;
}

Result<void> Lowering::lower_fully_connected(const Group& group) {
    const bool flattened = node(group.front()).op == "Flatten";
    const Node& gemm = node(group[flattened ? 1 : 0]);
    const bool relu = node(group.back()).op == "Relu";
    const Tensor& weight = *constant(gemm.inputs[1], DataType::float32);
    const bool output_major = gemm.int_or("transB", 0) != 0;
    const auto k = static_cast<std::size_t>(weight.dims()[output_major ? 1 : 0]);
    const auto n = static_cast<std::size_t>(weight.dims()[output_major ? 0 : 1]);

    std::int32_t input = 0;
    std::size_t pixels = 1;
    if (flattened) {
        const ValueId map = node(group.front()).inputs[0];
        const Shape& shape = *value(map).shape;
        const auto channels = static_cast<std::size_t>(*shape[1].size);
        pixels = static_cast<std::size_t>(*shape[2].size * *shape[3].size);
        if (channels * pixels != k)
            return Error{ErrorCode::bad_model, describe(gemm) + ": weights do not fit the input"};
        input = in_layout(map, Layout::channels_last);
    } else {
        input = in_layout(gemm.inputs[0], Layout::plain);
    }
    const std::span<const float> bias =
        gemm.input(2).present() ? value(gemm.inputs[2]).constant.data<float>() : std::span<const float>();
    const KernelTable& kernels = kernel_table(isa_);
    Tensor weights = take(gemm.inputs[1]);
    auto packed = output_major
                      ? PackedMatrix::pack(kernels, std::move(weights), bias, pixels)
                      : PackedMatrix::pack(kernels, WeightOrder::input_major, weights.data<float>(), k, n, bias);
    if (!packed) return Error{packed.error().code, describe(gemm) + ": " + packed.error().message};
    append(make_fully_connected_step(*std::move(packed), relu ? Activation::relu : Activation::none), gemm.name,
           {input}, {slot(node(group.back()).outputs[0], Layout::plain)});
    return {};
}

} // namespace detect
