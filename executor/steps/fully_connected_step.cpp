// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/fully_connected_step.h"

#include "base/try.h"
#include "executor/steps/expression_step.h"

namespace detect {

namespace {

class FullyConnectedStep final : public Step {
public:
    FullyConnectedStep(const KernelTable& kernels, PackedMatrix weights, const FullyConnectedParameters& parameters)
        : kernels_(kernels), weights_(std::move(weights)), parameters_(parameters) {}

    Result<void> run(StepContext& context) const override {
        DETECT_TRY_ASSIGN(const Dims dims, output_dims(context.inputs[0]));
        const Tensor* const residual = parameters_.adds ? &context.inputs[1] : nullptr;
        if (residual == nullptr || residual->dims() == dims) {
            DETECT_TRY_ASSIGN(context.outputs[0], multiply(context, dims, residual, parameters_.activation));
            return {};
        }
        // What is added has other sizes: afterwards, then.
        DETECT_TRY_ASSIGN(Tensor product, multiply(context, dims, nullptr, Activation::none));
        std::vector<Expression::Operation> operations{{.combination = ElementOperation::add, .a = 0, .b = 1}};
        if (parameters_.activation == Activation::relu)
            operations.push_back({.function = ElementFunction::relu, .a = 2});
        const std::array<Tensor, 2> terms{std::move(product), *residual};
        auto sum = evaluate(kernels_, *Expression::create(2, std::move(operations)), terms, context);
        if (!sum) return Error{sum.error().code, label() + ": " + sum.error().message};
        context.outputs[0] = *std::move(sum);
        return {};
    }

    std::string label() const override {
        return (parameters_.keeps_axes ? "MatMul " : "Gemm ") + std::to_string(weights_.k()) + "->" +
               std::to_string(weights_.n()) + (parameters_.adds ? " add" : "");
    }

    std::size_t weight_bytes() const override { return weights_.bytes(); }

private:
    Result<Dims> output_dims(const Tensor& x) const {
        const auto k = static_cast<std::int64_t>(weights_.k());
        const auto n = static_cast<std::int64_t>(weights_.n());
        const std::size_t rank = x.dims().rank();
        const std::int64_t rows = rank == 0 ? 0 : x.dims()[0];
        const bool fits =
            rank > 0 && (parameters_.keeps_axes ? x.dims()[rank - 1] == k : x.element_count() == rows * k);
        if (!fits) return Error{ErrorCode::invalid_argument, label() + ": input is " + to_string(x.dims())};
        if (!parameters_.keeps_axes) return Dims{rows, n};
        Dims dims = x.dims();
        dims[rank - 1] = n;
        return dims;
    }

    Result<Tensor> multiply(StepContext& context, const Dims& dims, const Tensor* residual,
                            Activation activation) const {
        DETECT_TRY_ASSIGN(Tensor result, context.memory.allocate(DataType::float32, dims));
        if (result.element_count() == 0) return result;
        const PackedView weights = weights_.view();
        const std::size_t rows = static_cast<std::size_t>(result.element_count()) / weights.n;
        const auto scratch_bytes =
            gemm_scratch_bytes(weights, rows, static_cast<std::size_t>(context.threads.threads()));
        DETECT_TRY_ASSIGN(Tensor scratch,
                          context.memory.allocate(DataType::uint8, {static_cast<std::int64_t>(scratch_bytes)}));
        Epilogue epilogue{.activation = activation};
        if (residual != nullptr) {
            epilogue.residual = residual->data<float>().data();
            epilogue.residual_stride = weights.n;
        }
        gemm(weights, context.inputs[0].data<float>().data(), weights.k, rows, result.mutable_data<float>().data(),
             weights.n, epilogue, scratch.mutable_bytes(), context.threads);
        return result;
    }

    const KernelTable& kernels_;
    PackedMatrix weights_;
    FullyConnectedParameters parameters_;
};

} // namespace

std::shared_ptr<const Step> make_fully_connected_step(const KernelTable& kernels, PackedMatrix weights,
                                                      const FullyConnectedParameters& parameters) {
    return std::make_shared<FullyConnectedStep>(kernels, std::move(weights), parameters);
}

} // namespace detect
