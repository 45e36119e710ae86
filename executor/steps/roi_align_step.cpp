// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/roi_align_step.h"

#include "base/try.h"
#include "executor/steps/map_sizes.h"

#include <algorithm>

namespace detect {

Result<void> check_regions(const StepContext& context) {
    const Dims& map = context.inputs[0].dims();
    const Dims& rois = context.inputs[1].dims();
    const auto pictures = context.inputs[2].data<std::int64_t>();
    if (rois.rank() != 2 || rois[1] != 4 || static_cast<std::int64_t>(pictures.size()) != rois[0]) {
        return Error{ErrorCode::bad_model,
                     "RoiAlign: " + std::to_string(pictures.size()) + " batch indices for RoIs " + to_string(rois)};
    }
    const bool indices_fit = std::ranges::all_of(pictures, [&](std::int64_t n) { return n >= 0 && n < map[0]; });
    if (!indices_fit) return Error{ErrorCode::bad_model, "RoiAlign: a batch index is outside the batch"};
    return {};
}

void pool_regions(const KernelTable& kernels, const RoiAlignParameters& parameters, StepContext& context,
                  std::size_t first, std::size_t count, Tensor& y) {
    const Dims& map = context.inputs[0].dims();
    const MapSize size = map_size(map);
    roi_align(kernels.weighted_sum, parameters, context.inputs[0].data<float>().data(), size,
              static_cast<std::size_t>(map[3]), context.inputs[1].data<float>().subspan(4 * first, 4 * count),
              context.inputs[2].data<std::int64_t>().subspan(first, count), y.mutable_data<float>().data(),
              context.threads);
}

namespace {

class RoiAlignStep final : public Step {
public:
    RoiAlignStep(const KernelTable& kernels, const RoiAlignParameters& parameters)
        : kernels_(kernels), parameters_(parameters) {}

    Result<void> run(StepContext& context) const override {
        DETECT_TRY(check_regions(context));
        const Dims& map = context.inputs[0].dims();
        const Dims& rois = context.inputs[1].dims();
        DETECT_TRY_ASSIGN(
            context.outputs[0],
            context.memory.allocate(DataType::float32, {rois[0], static_cast<std::int64_t>(parameters_.pooled_h),
                                                        static_cast<std::int64_t>(parameters_.pooled_w), map[3]}));
        if (context.outputs[0].element_count() == 0) return {};
        pool_regions(kernels_, parameters_, context, 0, static_cast<std::size_t>(rois[0]), context.outputs[0]);
        return {};
    }
    std::string label() const override { return "RoiAlign"; }

private:
    const KernelTable& kernels_;
    RoiAlignParameters parameters_;
};

} // namespace

std::shared_ptr<const Step> make_roi_align(const KernelTable& kernels, const RoiAlignParameters& parameters) {
    return std::make_shared<RoiAlignStep>(kernels, parameters);
}

} // namespace detect
