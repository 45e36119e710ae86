// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/pooling_steps.h"

#include "base/try.h"
#include "executor/kernels/pooling.h"

#include <algorithm>

namespace detect {

namespace {

MapSize plane_size(const Dims& channels_last) {
    return {static_cast<std::size_t>(channels_last[0]), static_cast<std::size_t>(channels_last[1]),
            static_cast<std::size_t>(channels_last[2])};
}

class GlobalAveragePoolStep final : public Step {
public:
    explicit GlobalAveragePoolStep(const KernelTable& kernels) : kernels_(kernels) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        DETECT_TRY_ASSIGN(context.outputs[0],
                          context.memory.allocate(DataType::float32, {x.dims()[0], 1, 1, x.dims()[3]}));
        if (context.outputs[0].element_count() == 0) return {};
        global_average_pool(kernels_, x.data<float>().data(), plane_size(x.dims()),
                            static_cast<std::size_t>(x.dims()[3]), context.outputs[0].mutable_data<float>().data(),
                            context.threads);
        return {};
    }
    std::string label() const override { return "GlobalAveragePool"; }

private:
    const KernelTable& kernels_;
};

class MaxPoolStep final : public Step {
public:
    MaxPoolStep(const KernelTable& kernels, const Window& rows, const Window& columns)
        : kernels_(kernels), rows_(rows), columns_(columns) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const MapSize size = plane_size(x.dims());
        const auto count = [](std::int64_t number) { return static_cast<std::size_t>(number); };
        const MaxPoolParameters p{.kernel_h = count(rows_.kernel),
                                  .kernel_w = count(columns_.kernel),
                                  .stride_h = count(rows_.stride),
                                  .stride_w = count(columns_.stride),
                                  .pad_top = count(rows_.pad_begin),
                                  .pad_left = count(columns_.pad_begin),
                                  .dilation_h = count(rows_.dilation),
                                  .dilation_w = count(columns_.dilation),
                                  .output_height = count(window_count(rows_, x.dims()[1], false).value_or(0)),
                                  .output_width = count(window_count(columns_, x.dims()[2], false).value_or(0))};
        DETECT_TRY_ASSIGN(
            context.outputs[0],
            context.memory.allocate(DataType::float32, {x.dims()[0], static_cast<std::int64_t>(p.output_height),
                                                        static_cast<std::int64_t>(p.output_width), x.dims()[3]}));
        if (context.outputs[0].element_count() == 0) return {};
        max_pool(kernels_, p, x.data<float>().data(), size, static_cast<std::size_t>(x.dims()[3]),
                 context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    double work(std::span<const Tensor> inputs) const override {
        const Dims& x = inputs[0].dims();
        const auto covered = [](const Window& window, std::int64_t size) {
            return static_cast<double>(window_count(window, size, false).value_or(0)) *
                   static_cast<double>(std::min(window.kernel, std::max<std::int64_t>(size, 1)));
        };
        return static_cast<double>(x[0] * x[3]) * covered(rows_, x[1]) * covered(columns_, x[2]) / 4.0;
    }
    std::string label() const override { return "MaxPool"; }

private:
    const KernelTable& kernels_;
    Window rows_;
    Window columns_;
};

} // namespace

std::shared_ptr<const Step> make_global_average_pool(const KernelTable& kernels) {
    return std::make_shared<GlobalAveragePoolStep>(kernels);
}

std::shared_ptr<const Step> make_max_pool(const KernelTable& kernels, const Window& rows, const Window& columns) {
    return std::make_shared<MaxPoolStep>(kernels, rows, columns);
}

} // namespace detect
