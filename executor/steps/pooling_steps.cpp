#include "executor/steps/pooling_steps.h"

#include "graph/try.h"

namespace detect {

namespace {

MapSize map_size(const Dims& channels_last) {
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
        global_average_pool(kernels_, x.data<float>().data(), map_size(x.dims()), static_cast<std::size_t>(x.dims()[3]),
                            context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    std::string label() const override { return "GlobalAveragePool"; }

private:
    const KernelTable& kernels_;
};

/// How often a window of `kernel` fits, `dilation` apart, in steps of `stride`.
std::size_t window_count(std::size_t size, std::size_t kernel, std::size_t dilation, std::size_t stride) {
    const std::size_t reach = (kernel - 1) * dilation + 1;
    return size < reach ? 0 : (size - reach) / stride + 1;
}

class MaxPoolStep final : public Step {
public:
    MaxPoolStep(const KernelTable& kernels, const MaxPoolStepParameters& parameters)
        : kernels_(kernels), parameters_(parameters) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const MapSize size = map_size(x.dims());
        MaxPoolParameters p = parameters_.kernel;
        p.output_height =
            window_count(size.height + p.pad_top + parameters_.pad_bottom, p.kernel_h, p.dilation_h, p.stride_h);
        p.output_width =
            window_count(size.width + p.pad_left + parameters_.pad_right, p.kernel_w, p.dilation_w, p.stride_w);
        DETECT_TRY_ASSIGN(
            context.outputs[0],
            context.memory.allocate(DataType::float32, {x.dims()[0], static_cast<std::int64_t>(p.output_height),
                                                        static_cast<std::int64_t>(p.output_width), x.dims()[3]}));
        if (context.outputs[0].element_count() == 0) return {};
        max_pool(kernels_, p, x.data<float>().data(), size, static_cast<std::size_t>(x.dims()[3]),
                 context.outputs[0].mutable_data<float>().data(), context.threads);
        return {};
    }
    std::string label() const override { return "MaxPool"; }

private:
    const KernelTable& kernels_;
    MaxPoolStepParameters parameters_;
};

} // namespace

std::shared_ptr<const Step> make_global_average_pool(const KernelTable& kernels) {
    return std::make_shared<GlobalAveragePoolStep>(kernels);
}

std::shared_ptr<const Step> make_max_pool(const KernelTable& kernels, const MaxPoolStepParameters& parameters) {
    return std::make_shared<MaxPoolStep>(kernels, parameters);
}

} // namespace detect
