// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/kernel.h"

#include "base/checked.h"
#include "base/try.h"
#include "executor/reference/kernel_families.h"
#include "graph/operators/work.h"

#include <algorithm>
#include <tuple>

namespace detect {

namespace {

std::vector<reference::KernelEntry> all_kernels() {
    using namespace reference;
    std::vector<KernelEntry> all;
    for (const auto& family : {unary_kernels,        cast_kernels,           binary_kernels,
                               shape_kernels,        movement_kernels,       pad_kernels,
                               gather_kernels,       scatter_kernels,        selection_kernels,
                               reduction_kernels,    softmax_kernels,        matrix_kernels,
                               convolution_kernels,  pooling_kernels,        normalization_kernels,
                               resize_kernels,       roi_align_kernels,      non_max_suppression_kernels,
                               control_flow_kernels, einsum_kernels,         grid_sample_kernels,
                               quantization_kernels, integer_product_kernels}) {
        std::ranges::move(family(), std::back_inserter(all));
    }
    std::ranges::sort(all, {}, [](const KernelEntry& entry) { return std::tuple(entry.domain, entry.op); });
    return all;
}

} // namespace

std::span<const reference::KernelEntry> reference::kernels() {
    static const std::vector<KernelEntry> all = all_kernels();
    return all;
}

Kernel find_reference_kernel(std::string_view domain, std::string_view op) {
    const auto key = [](const reference::KernelEntry& entry) { return std::tuple(entry.domain, entry.op); };
    const auto all = reference::kernels();
    const auto found = std::ranges::lower_bound(all, std::tuple(domain, op), {}, key);
    return found != all.end() && key(*found) == std::tuple(domain, op) ? found->kernel : nullptr;
}

const Tensor& KernelContext::input(std::size_t index) const {
    static const Tensor absent;
    return index < inputs_.size() ? inputs_[index] : absent;
}

Result<Tensor*> KernelContext::allocate(std::size_t index, DataType type, const Dims& dims) {
    const auto bytes = checked_byte_count(dims.sizes(), element_size(type));
    if (!bytes || *bytes > max_output_bytes) {
        Error failure = error("would give a tensor of sizes " + to_string(dims) + ", more than the allowed " +
                              std::to_string(max_output_bytes >> 20) + " MiB");
        failure.code = ErrorCode::resource_limit;
        return failure;
    }
    resources_.bytes -= *bytes;
    auto tensor = resources_.allocate(type, dims);
    if (!tensor) {
        Error failure = std::move(tensor).error();
        failure.message = describe(node_) + ": " + failure.message;
        return failure;
    }
    outputs_[index] = *std::move(tensor);
    return &outputs_[index];
}

Result<void> KernelContext::take_work() {
    RunControl* const control = resources_.control;
    if (control == nullptr) return {};
    DETECT_TRY(control->go_on());
    // Looking at a node takes about as long as this many operations, however little it computes.
    double work = 2048.0;
    const Operator* const op = find_operator(node_);
    if (op != nullptr && op->work == Work::unbounded && op->name != "Loop") {
        std::vector<ShapeContext::Input> inputs(inputs_.size());
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const Tensor& tensor = inputs_[i];
            if (tensor.defined()) inputs[i] = {true, tensor.type(), to_shape(tensor.dims()), &tensor};
        }
        ShapeContext shapes(node_, opset_, std::move(inputs), outputs_.size());
        if (!infer(*op, shapes)) return {}; // the kernel says why
        work += estimated_work(shapes);
    }
    for (const Tensor& input : inputs_) work += input.defined() ? static_cast<double>(input.element_count()) : 0.0;
    return control->take(work) ? Result<void>() : Result<void>(control->refusal(describe(node_), work));
}

bool KernelContext::wants_output(std::size_t index) const {
    return index < outputs_.size() && index < node_.outputs.size() && node_.outputs[index].present();
}

Error KernelContext::error(std::string_view what) const {
    return {ErrorCode::bad_model, describe(node_) + ": " + std::string(what)};
}

} // namespace detect
