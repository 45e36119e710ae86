// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/int8_layer_steps.h"

#include "base/try.h"
#include "executor/steps/map_sizes.h"

namespace detect {

namespace {

Error wrong_input(const Step& step, const Tensor& x) {
    return Error{ErrorCode::invalid_argument, step.label() + ": an input is " + std::string(to_string(x.type())) + " " +
                                                  to_string(x.dims()) + " (channels last)"};
}

Result<MapSize> byte_map_size(const Step& step, const Tensor& x, std::size_t channels) {
    const Dims& d = x.dims();
    if (x.type() != DataType::uint8 || d.rank() != 4 || d[3] != static_cast<std::int64_t>(channels)) {
        return wrong_input(step, x);
    }
    return map_size(d);
}

/// Allocates y and puts its place, and the residual's if there is one, into `data`.
Result<void> place(StepContext& context, const Step& step, const Dims& dims, bool bytes, const Tensor* residual,
                   bool byte_residual, Int8ConvData& data) {
    DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(bytes ? DataType::uint8 : DataType::float32, dims));
    if (bytes) {
        data.bytes = context.outputs[0].mutable_data<std::uint8_t>().data();
    } else {
        data.floats = context.outputs[0].mutable_data<float>().data();
    }
    if (residual == nullptr) return {};
    if (residual->dims() != dims || residual->type() != (byte_residual ? DataType::uint8 : DataType::float32)) {
        return wrong_input(step, *residual);
    }
    if (byte_residual) {
        data.byte_residual = residual->data<std::uint8_t>().data();
    } else {
        data.float_residual = residual->data<float>().data();
    }
    return {};
}

Result<Tensor> scratch_memory(StepContext& context, std::size_t bytes) {
    return context.memory.allocate(DataType::uint8, {static_cast<std::int64_t>(bytes)});
}

std::size_t threads_of(const StepContext& context) { return static_cast<std::size_t>(context.threads.threads()); }

class Int8ConvolutionStep final : public Step {
public:
    Int8ConvolutionStep(std::shared_ptr<const Int8Conv> convolution, bool residual)
        : convolution_(std::move(convolution)), residual_(residual) {}

    Result<void> run(StepContext& context) const override {
        const Int8ConvParameters& p = convolution_->parameters();
        DETECT_TRY_ASSIGN(const MapSize size, byte_map_size(*this, context.inputs[0], p.shape.input_channels));
        Int8ConvData data;
        data.x = context.inputs[0].data<std::uint8_t>().data();
        if (p.gated) {
            const Tensor& gate = context.inputs[1];
            const Dims& x = context.inputs[0].dims();
            if (gate.type() != DataType::float32 || gate.dims() != Dims{x[0], 1, 1, x[3]}) {
                return wrong_input(*this, gate);
            }
            data.gate = gate.data<float>().data();
        }
        const Tensor* residual = residual_ ? &context.inputs[p.gated ? 2 : 1] : nullptr;
        DETECT_TRY(place(context, *this, output_dims(size, p.shape, p.shape.output_channels), p.output.has_value(),
                         residual, p.residual.has_value(), data));
        DETECT_TRY_ASSIGN(Tensor scratch,
                          scratch_memory(context, convolution_->scratch_bytes(size, threads_of(context))));
        if (context.outputs[0].element_count() == 0) return {};
        convolution_->run(data, size, scratch.mutable_bytes(), context.threads);
        return {};
    }

    std::string label() const override {
        const Int8ConvParameters& p = convolution_->parameters();
        return "Conv int8 " + std::to_string(p.shape.kernel_h) + "x" + std::to_string(p.shape.kernel_w) + " " +
               std::to_string(p.shape.input_channels) + "->" + std::to_string(p.shape.output_channels) +
               (p.gated ? " gate" : "") + (residual_ ? " add" : "") + (p.output ? "" : " float");
    }

    std::size_t weight_bytes() const override { return convolution_->weight_bytes(); }

    [[nodiscard]] std::shared_ptr<const Int8Conv> ungated() const {
        return convolution_->parameters().gated ? nullptr : convolution_;
    }

private:
    std::shared_ptr<const Int8Conv> convolution_;
    bool residual_;
};

class Int8InvertedResidualStep final : public Step {
public:
    Int8InvertedResidualStep(Int8InvertedResidual block, bool residual)
        : block_(std::move(block)), residual_(residual) {}

    Result<void> run(StepContext& context) const override {
        const auto& [expand, depthwise, project] = block_.steps();
        const Conv2dParameters& window = depthwise->parameters().shape;
        const Int8ConvParameters& last = project ? project->parameters() : depthwise->parameters();
        DETECT_TRY_ASSIGN(const MapSize size, byte_map_size(*this, context.inputs[0], inputs()));
        Int8ConvData data;
        data.x = context.inputs[0].data<std::uint8_t>().data();
        DETECT_TRY(place(context, *this, output_dims(size, window, last.shape.output_channels), last.output.has_value(),
                         residual_ ? &context.inputs[1] : nullptr, last.residual.has_value(), data));
        float* mean = nullptr;
        if (context.outputs.size() > 1) {
            const Dims dims{static_cast<std::int64_t>(size.batch), 1, 1,
                            static_cast<std::int64_t>(window.output_channels)};
            DETECT_TRY_ASSIGN(context.outputs[1], context.memory.allocate(DataType::float32, dims));
            mean = context.outputs[1].mutable_data<float>().data();
        }
        DETECT_TRY_ASSIGN(Tensor scratch, scratch_memory(context, block_.scratch_bytes(size, threads_of(context))));
        if (context.outputs[0].element_count() == 0) return {};
        block_.run(data, size, mean, scratch.mutable_bytes(), context.threads);
        return {};
    }

    std::string label() const override {
        const auto& [expand, depthwise, project] = block_.steps();
        const Conv2dParameters& window = depthwise->parameters().shape;
        std::string text = expand || project ? "InvertedResidual int8 " : "Depthwise int8 ";
        text += std::to_string(window.kernel_h) + "x" + std::to_string(window.kernel_w);
        if (window.stride_h > 1) text += " /" + std::to_string(window.stride_h);
        text += " " + std::to_string(inputs());
        if (expand) text += "->" + std::to_string(window.output_channels);
        if (project) text += "->" + std::to_string(project->parameters().shape.output_channels);
        return text;
    }

    std::size_t weight_bytes() const override {
        const auto& [expand, depthwise, project] = block_.steps();
        std::size_t bytes = 0;
        for (const auto& part : {expand, depthwise, project}) bytes += part ? part->weight_bytes() : 0;
        return bytes;
    }

    /// Null if there are others beside it.
    [[nodiscard]] std::shared_ptr<const Int8Conv> lone_depthwise() const {
        const auto& [expand, depthwise, project] = block_.steps();
        return expand || project ? nullptr : depthwise;
    }

private:
    [[nodiscard]] std::size_t inputs() const {
        const auto& first = block_.steps().expand ? block_.steps().expand : block_.steps().depthwise;
        return first->parameters().shape.input_channels;
    }

    Int8InvertedResidual block_;
    bool residual_;
};

class Int8FullyConnectedStep final : public Step {
public:
    Int8FullyConnectedStep(Int8Matrix weights, const Int8ConvParameters& parameters)
        : weights_(std::move(weights)), activation_(parameters.shape.activation), output_(parameters.output) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const std::int64_t rows = x.dims().rank() == 0 ? 0 : x.dims()[0];
        if (x.type() != DataType::uint8 || x.element_count() != rows * static_cast<std::int64_t>(weights_.k())) {
            return wrong_input(*this, x);
        }
        Int8ConvData data;
        DETECT_TRY(place(context, *this, {rows, static_cast<std::int64_t>(weights_.columns())}, output_.has_value(),
                         nullptr, false, data));
        const auto m = static_cast<std::size_t>(rows);
        DETECT_TRY_ASSIGN(Tensor scratch,
                          scratch_memory(context, int8_gemm_scratch_bytes(weights_, m, false, threads_of(context))));
        if (context.outputs[0].element_count() == 0) return {};
        Int8Finish finish;
        finish.unit = unit_of(activation_, output_ ? &*output_ : nullptr);
        finish.activation = activation_;
        finish.bytes = data.bytes;
        finish.floats = data.floats;
        finish.stride = weights_.columns();
        finish.output = output_.value_or(Quantisation{});
        int8_gemm(weights_, x.data<std::uint8_t>().data(), weights_.k(), m, finish, {}, scratch.mutable_bytes(),
                  context.threads);
        return {};
    }

    std::string label() const override {
        return "Gemm int8 " + std::to_string(weights_.k()) + "->" + std::to_string(weights_.columns());
    }

    std::size_t weight_bytes() const override { return weights_.bytes(); }

private:
    Int8Matrix weights_;
    Activation activation_;
    std::optional<Quantisation> output_;
};

} // namespace

std::shared_ptr<const Step> make_int8_convolution_step(std::shared_ptr<const Int8Conv> convolution, bool residual) {
    return std::make_shared<Int8ConvolutionStep>(std::move(convolution), residual);
}

std::shared_ptr<const Step> make_int8_inverted_residual_step(Int8InvertedResidual::Steps parts, bool residual) {
    auto block = Int8InvertedResidual::make(std::move(parts));
    if (!block) return nullptr;
    return std::make_shared<Int8InvertedResidualStep>(*std::move(block), residual);
}

std::shared_ptr<const Int8Conv> ungated_int8_convolution(const Step& step) {
    if (const auto* convolution = dynamic_cast<const Int8ConvolutionStep*>(&step)) return convolution->ungated();
    const auto* block = dynamic_cast<const Int8InvertedResidualStep*>(&step);
    return block == nullptr ? nullptr : block->lone_depthwise();
}

std::shared_ptr<const Step> make_int8_fully_connected_step(Int8Matrix weights, const Int8ConvParameters& parameters) {
    return std::make_shared<Int8FullyConnectedStep>(std::move(weights), parameters);
}

} // namespace detect
