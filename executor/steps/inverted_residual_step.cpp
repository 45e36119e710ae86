// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/inverted_residual_step.h"

#include "base/try.h"
#include "executor/kernels/row_layers.h"
#include "executor/row_step.h"
#include "executor/steps/map_sizes.h"

namespace detect {

namespace {

class InvertedResidualStep final : public RowStep {
public:
    InvertedResidualStep(InvertedResidual block, const InvertedResidual::Steps& parts, bool residual)
        : block_(std::move(block)), depthwise_(parts.depthwise->parameters()),
          input_channels_(parts.expand ? parts.expand->parameters().input_channels : depthwise_.input_channels),
          output_channels_(parts.project ? parts.project->parameters().output_channels : depthwise_.output_channels),
          residual_(residual) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const Dims& in = x.dims();
        if (in.rank() != 4 || in[3] != static_cast<std::int64_t>(input_channels_)) {
            return Error{ErrorCode::invalid_argument, label() + ": input is " + to_string(in) + " (channels last)"};
        }
        const MapSize size = map_size(in);
        const Dims out = output_dims(size, depthwise_, output_channels_);
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, out));
        const float* residual = nullptr;
        if (residual_) {
            if (context.inputs[1].dims() != out) {
                return Error{ErrorCode::invalid_argument, label() + ": the shortcut is " +
                                                              to_string(context.inputs[1].dims()) + ", expected " +
                                                              to_string(out) + " (channels last)"};
            }
            residual = context.inputs[1].data<float>().data();
        }
        float* mean = nullptr;
        if (context.outputs.size() > 1) {
            const auto channels = static_cast<std::int64_t>(depthwise_.output_channels);
            DETECT_TRY_ASSIGN(context.outputs[1], context.memory.allocate(DataType::float32, {in[0], 1, 1, channels}));
            mean = context.outputs[1].mutable_data<float>().data();
        }
        const auto scratch_bytes =
            static_cast<std::int64_t>(block_.scratch_bytes(size, static_cast<std::size_t>(context.threads.threads())));
        DETECT_TRY_ASSIGN(Tensor scratch, context.memory.allocate(DataType::uint8, {scratch_bytes}));
        if (context.outputs[0].element_count() == 0) return {};
        block_.run(x.data<float>().data(), size, context.outputs[0].mutable_data<float>().data(), residual, mean,
                   scratch.mutable_bytes(), context.threads);
        return {};
    }

    std::optional<RowMap> append_layers(const RowMap& x, RowLayers& layers) const override {
        const bool fits = x.type == DataType::float32 && x.dims.rank() == 4 &&
                          x.dims[3] == static_cast<std::int64_t>(input_channels_);
        if (!fits) return std::nullopt;
        const MapSize size = map_size(x.dims);
        if (!append_inverted_residual(block_.steps(), residual_, size.height, size.width, layers)) return std::nullopt;
        return RowMap{.dims = output_dims(size, depthwise_, output_channels_)};
    }

    std::string label() const override {
        return "InvertedResidual " + std::to_string(depthwise_.kernel_h) + "x" + std::to_string(depthwise_.kernel_w) +
               (depthwise_.stride_h > 1 ? " /" + std::to_string(depthwise_.stride_h) : "") + " " +
               std::to_string(input_channels_) + "->" + std::to_string(depthwise_.output_channels) + "->" +
               std::to_string(output_channels_);
    }

    std::size_t weight_bytes() const override {
        std::size_t bytes = 0;
        for (const auto& part : {block_.steps().expand, block_.steps().depthwise, block_.steps().project})
            bytes += part ? part->weight_bytes() : 0;
        return bytes;
    }

private:
    InvertedResidual block_;
    Conv2dParameters depthwise_;
    std::size_t input_channels_;
    std::size_t output_channels_;
    bool residual_;
};

} // namespace

std::shared_ptr<const Step> make_inverted_residual_step(const InvertedResidual::Steps& parts, bool residual) {
    auto block = InvertedResidual::make(parts);
    if (!block) return nullptr;
    return std::make_shared<InvertedResidualStep>(*std::move(block), parts, residual);
}

} // namespace detect
