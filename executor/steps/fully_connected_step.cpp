#include "executor/steps/fully_connected_step.h"

#include "graph/try.h"

namespace detect {

namespace {

class FullyConnectedStep final : public Step {
public:
    FullyConnectedStep(PackedMatrix weights, Activation activation)
        : weights_(std::move(weights)), activation_(activation) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const std::int64_t rows = x.dims().rank() == 0 ? 0 : x.dims()[0];
        if (x.element_count() != rows * static_cast<std::int64_t>(weights_.k())) {
            return Error{ErrorCode::invalid_argument, label() + ": input is " + to_string(x.dims())};
        }
        DETECT_TRY_ASSIGN(context.outputs[0],
                          context.memory.allocate(DataType::float32, {rows, static_cast<std::int64_t>(weights_.n())}));
        if (context.outputs[0].element_count() == 0) return {};
        const PackedView weights = weights_.view();
        const auto scratch_bytes = gemm_scratch_bytes(weights, static_cast<std::size_t>(rows),
                                                      static_cast<std::size_t>(context.threads.threads()));
        DETECT_TRY_ASSIGN(Tensor scratch,
                          context.memory.allocate(DataType::uint8, {static_cast<std::int64_t>(scratch_bytes)}));
        gemm(weights, x.data<float>().data(), weights.k, static_cast<std::size_t>(rows),
             context.outputs[0].mutable_data<float>().data(), weights.n, {.activation = activation_},
             scratch.mutable_bytes(), context.threads);
        return {};
    }

    std::string label() const override {
        return "Gemm " + std::to_string(weights_.k()) + "->" + std::to_string(weights_.n());
    }

    std::size_t weight_bytes() const override { return weights_.bytes(); }

private:
    PackedMatrix weights_;
    Activation activation_;
};

} // namespace

std::shared_ptr<const Step> make_fully_connected_step(PackedMatrix weights, Activation activation) {
    return std::make_shared<FullyConnectedStep>(std::move(weights), activation);
}

} // namespace detect
