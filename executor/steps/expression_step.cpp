// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/expression_step.h"

#include "base/try.h"

#include <algorithm>

namespace detect {

std::optional<Dims> broadcast_dims(std::span<const std::span<const std::int64_t>> tensors) {
    std::size_t rank = 0;
    for (const auto& sizes : tensors) rank = std::max(rank, sizes.size());
    Dims dims;
    for (std::size_t axis = 0; axis < rank; ++axis) dims.push_back(1);
    for (const auto& sizes : tensors) {
        const std::size_t added = rank - sizes.size();
        for (std::size_t axis = added; axis < rank; ++axis) {
            const std::int64_t size = sizes[axis - added];
            if (size == dims[axis] || size == 1) continue;
            if (dims[axis] != 1) return std::nullopt;
            dims[axis] = size;
        }
    }
    return dims;
}

Result<Tensor> evaluate(const KernelTable& kernels, const Expression& expression, std::span<const Tensor> inputs,
                        StepContext& context) {
    std::array<Expression::Input, Expression::most_inputs> operands;
    std::array<std::span<const std::int64_t>, Expression::most_inputs> sizes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        sizes[i] = inputs[i].dims().sizes();
        operands[i] = {inputs[i].data<float>().data(), sizes[i]};
    }
    const auto dims = broadcast_dims(std::span(sizes).first(inputs.size()));
    if (!dims) {
        std::string found;
        for (const Tensor& input : inputs) found += (found.empty() ? "" : " and ") + to_string(input.dims());
        return Error{ErrorCode::bad_model, "sizes " + found + " do not broadcast to one another"};
    }
    DETECT_TRY_ASSIGN(Tensor result, context.memory.allocate(DataType::float32, *dims));
    expression.evaluate(kernels, std::span(operands).first(inputs.size()), dims->sizes(),
                        result.mutable_data<float>().data(), context.threads);
    return result;
}

namespace {

class ExpressionStep final : public Step {
public:
    ExpressionStep(const KernelTable& kernels, Expression expression, std::string label)
        : kernels_(kernels), expression_(std::move(expression)), label_(std::move(label)) {}

    Result<void> run(StepContext& context) const override {
        auto result = evaluate(kernels_, expression_, context.inputs, context);
        if (!result) return Error{result.error().code, label_ + ": " + result.error().message};
        context.outputs[0] = *std::move(result);
        return {};
    }

    std::string label() const override { return label_; }

private:
    const KernelTable& kernels_;
    Expression expression_;
    std::string label_;
};

} // namespace

std::shared_ptr<const Step> make_expression_step(const KernelTable& kernels, Expression expression, std::string label) {
    return std::make_shared<ExpressionStep>(kernels, std::move(expression), std::move(label));
}

} // namespace detect
