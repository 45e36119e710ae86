// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/row_steps.h"

#include "base/try.h"
#include "executor/kernels/elementwise.h"

namespace detect {

namespace {

/// The last axis's size; 0 if there are no elements.
std::size_t columns_of(const Tensor& x) {
    return x.element_count() == 0 ? 0 : static_cast<std::size_t>(x.dims()[x.dims().rank() - 1]);
}

Error no_axis(std::string_view label) {
    return {ErrorCode::bad_model, std::string(label) + ": needs a tensor of at least one axis, got a single number"};
}

class SoftmaxStep final : public Step {
public:
    explicit SoftmaxStep(const KernelTable& kernels) : kernels_(kernels) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        if (x.dims().rank() == 0) return no_axis(label());
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, x.dims()));
        const std::size_t columns = columns_of(x);
        if (columns == 0) return {};
        long_softmax_rows(kernels_, x.data<float>().data(), static_cast<std::size_t>(x.element_count()) / columns,
                          columns, context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    std::string label() const override { return "Softmax"; }

private:
    const KernelTable& kernels_;
};

class LayerNormStep final : public Step {
public:
    LayerNormStep(const KernelTable& kernels, float epsilon) : kernels_(kernels), epsilon_(epsilon) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        if (x.dims().rank() == 0) return no_axis(label());
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, x.dims()));
        const std::size_t columns = columns_of(x);
        if (columns == 0) return {};
        std::array<const float*, 2> weights{};
        for (std::size_t i = 1; i < context.inputs.size(); ++i) {
            const Tensor& weight = context.inputs[i];
            if (!weight.defined()) continue;
            if (static_cast<std::size_t>(weight.element_count()) != columns) {
                return Error{ErrorCode::bad_model, label() + ": scale or bias is " + to_string(weight.dims()) +
                                                       ", the input " + to_string(x.dims())};
            }
            weights[i - 1] = weight.data<float>().data();
        }
        layer_norm_rows(kernels_, x.data<float>().data(), static_cast<std::size_t>(x.element_count()) / columns,
                        columns, epsilon_, weights[0], weights[1], context.outputs[0].mutable_data<float>().data(),
                        context.threads);
        return {};
    }
    std::string label() const override { return "LayerNormalization"; }

private:
    const KernelTable& kernels_;
    float epsilon_;
};

} // namespace

std::shared_ptr<const Step> make_softmax(const KernelTable& kernels) { return std::make_shared<SoftmaxStep>(kernels); }

std::shared_ptr<const Step> make_layer_norm(const KernelTable& kernels, float epsilon) {
    return std::make_shared<LayerNormStep>(kernels, epsilon);
}

} // namespace detect
