// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/region_product_step.h"

#include "base/try.h"
#include "executor/kernels/rounding.h"
#include "executor/steps/roi_align_step.h"

#include <algorithm>

namespace detect {

namespace {

/// Pooled at a time. Each time all weights are read: fewer would wait for memory.
constexpr std::size_t most_regions = 384;

class RegionProductStep final : public Step {
public:
    RegionProductStep(const KernelTable& kernels, const RoiAlignParameters& pooling, PackedMatrix weights,
                      Activation activation)
        : kernels_(kernels), pooling_(pooling), weights_(std::move(weights)), activation_(activation) {}

    Result<void> run(StepContext& context) const override {
        DETECT_TRY(check_regions(context));
        const Dims& map = context.inputs[0].dims();
        const std::size_t channels = static_cast<std::size_t>(map[3]);
        const PackedView weights = weights_.view();
        if (pooling_.pooled_h * pooling_.pooled_w * channels != weights.k) {
            return Error{ErrorCode::bad_model, label() + ": the map is " + to_string(map)};
        }
        const auto regions = static_cast<std::size_t>(context.inputs[1].dims()[0]);
        DETECT_TRY_ASSIGN(context.outputs[0], allocate(context, DataType::float32, regions, weights.n));
        if (regions == 0) return {};
        const std::size_t parts = divide_up(regions, most_regions);
        const std::size_t most = divide_up(regions, parts);
        const auto scratch_bytes =
            gemm_scratch_bytes(weights, most, static_cast<std::size_t>(context.threads.threads()));
        DETECT_TRY_ASSIGN(Tensor pooled, allocate(context, DataType::float32, most, weights.k));
        DETECT_TRY_ASSIGN(Tensor scratch, allocate(context, DataType::uint8, 1, scratch_bytes));
        for (std::size_t part = 0; part < parts; ++part) {
            const std::size_t first = regions * part / parts;
            const std::size_t count = regions * (part + 1) / parts - first;
            pool_regions(kernels_, pooling_, context, first, count, pooled);
            gemm(weights, pooled.data<float>().data(), weights.k, count,
                 context.outputs[0].mutable_data<float>().data() + first * weights.n, weights.n,
                 {.activation = activation_}, scratch.mutable_bytes(), context.threads);
        }
        return {};
    }

    std::string label() const override {
        return "RoiAlign, Gemm " + std::to_string(weights_.k()) + "->" + std::to_string(weights_.n());
    }

    std::size_t weight_bytes() const override { return weights_.bytes(); }

private:
    static Result<Tensor> allocate(StepContext& context, DataType type, std::size_t rows, std::size_t columns) {
        return context.memory.allocate(type, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
    }

    const KernelTable& kernels_;
    RoiAlignParameters pooling_;
    PackedMatrix weights_;
    Activation activation_;
};

} // namespace

std::shared_ptr<const Step> make_region_product(const KernelTable& kernels, const RoiAlignParameters& pooling,
                                                PackedMatrix weights, Activation activation) {
    return std::make_shared<RegionProductStep>(kernels, pooling, std::move(weights), activation);
}

} // namespace detect
