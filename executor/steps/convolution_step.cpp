// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/convolution_step.h"

#include "base/try.h"
#include "executor/kernels/row_layers.h"
#include "executor/row_step.h"
#include "executor/steps/map_sizes.h"

namespace detect {

namespace {

std::string_view suffix(Activation activation) {
    switch (activation) {
    case Activation::none: return "";
    case Activation::relu: return " relu";
    case Activation::hard_swish: return " hard_swish";
    case Activation::hard_sigmoid: return " hard_sigmoid";
    }
    return "";
}

class ConvolutionStep final : public RowStep {
public:
    ConvolutionStep(std::shared_ptr<const Conv2d> convolution, ConvolutionInputs inputs)
        : convolution_(std::move(convolution)), inputs_(inputs) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const Conv2dParameters& p = convolution_->parameters();
        const Dims& in = x.dims();
        if (in.rank() != 4 || in[3] != static_cast<std::int64_t>(p.input_channels)) {
            return Error{ErrorCode::invalid_argument, label() + ": input is " + to_string(in) + " (channels last)"};
        }
        const MapSize size = map_size(in);
        const Dims out = output_dims(size, p, p.output_channels);
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, out));

        Conv2dExtras extras;
        std::size_t next = 1;
        if (inputs_.gate) {
            DETECT_TRY_ASSIGN(extras.gate, optional_input(context, next++, {in[0], 1, 1, in[3]}));
        }
        if (inputs_.residual) {
            DETECT_TRY_ASSIGN(extras.residual, optional_input(context, next++, out));
        }
        if (context.outputs.size() > 1) {
            DETECT_TRY_ASSIGN(context.outputs[1], context.memory.allocate(DataType::float32, {in[0], 1, 1, out[3]}));
            extras.mean = context.outputs[1].mutable_data<float>().data();
        }
        const auto scratch_bytes = static_cast<std::int64_t>(
            convolution_->scratch_bytes(size, static_cast<std::size_t>(context.threads.threads())));
        DETECT_TRY_ASSIGN(Tensor scratch, context.memory.allocate(DataType::uint8, {scratch_bytes}));
        if (context.outputs[0].element_count() == 0) return {};
        convolution_->run(x.data<float>().data(), size, context.outputs[0].mutable_data<float>().data(), extras,
                          scratch.mutable_bytes(), context.threads);
        return {};
    }

    double work(std::span<const Tensor> inputs) const override {
        const Conv2dParameters& p = convolution_->parameters();
        const Dims& in = inputs[0].dims();
        if (in.rank() != 4) return 0.0; // which is refused
        const Dims out = output_dims(map_size(in), p, p.output_channels);
        const double filter = static_cast<double>(p.kernel_h) * static_cast<double>(p.kernel_w) *
                              static_cast<double>(p.input_channels) / static_cast<double>(p.groups);
        return static_cast<double>(out[0] * out[1] * out[2] * out[3]) * filter / 16.0;
    }

    std::optional<RowMap> append_layers(const RowMap& x, RowLayers& layers) const override {
        const Conv2dParameters& p = convolution_->parameters();
        const bool plain = !inputs_.gate && !inputs_.residual && x.type == DataType::float32 && x.dims.rank() == 4 &&
                           x.dims[3] == static_cast<std::int64_t>(p.input_channels);
        if (!plain) return std::nullopt;
        const MapSize size = map_size(x.dims);
        if (!append_convolution(*convolution_, size.height, size.width, layers)) return std::nullopt;
        return RowMap{.dims = output_dims(size, p, p.output_channels)};
    }

    std::string label() const override {
        const Conv2dParameters& p = convolution_->parameters();
        return "Conv " + std::to_string(p.kernel_h) + "x" + std::to_string(p.kernel_w) + " " +
               std::to_string(p.input_channels) + "->" + std::to_string(p.output_channels) +
               (p.groups > 1 ? " /" + std::to_string(p.groups) : "") + (inputs_.gate ? " gate" : "") +
               (inputs_.residual ? " add" : "") + std::string(suffix(p.activation));
    }

    std::size_t weight_bytes() const override { return convolution_->weight_bytes(); }

    [[nodiscard]] std::shared_ptr<const Conv2d> ungated() const { return inputs_.gate ? nullptr : convolution_; }

private:
    Result<const float*> optional_input(const StepContext& context, std::size_t index, const Dims& expected) const {
        const Tensor& tensor = context.inputs[index];
        if (tensor.dims() == expected) return tensor.data<float>().data();
        return Error{ErrorCode::invalid_argument, label() + ": an input is " + to_string(tensor.dims()) +
                                                      ", expected " + to_string(expected) + " (channels last)"};
    }

    std::shared_ptr<const Conv2d> convolution_;
    ConvolutionInputs inputs_;
};

} // namespace

std::shared_ptr<const Step> make_convolution_step(std::shared_ptr<const Conv2d> convolution, ConvolutionInputs inputs) {
    return std::make_shared<ConvolutionStep>(std::move(convolution), inputs);
}

std::shared_ptr<const Conv2d> ungated_convolution(const Step& step) {
    const auto* convolution = dynamic_cast<const ConvolutionStep*>(&step);
    return convolution == nullptr ? nullptr : convolution->ungated();
}

} // namespace detect
