#include "executor/steps/image_transform_step.h"

#include "graph/try.h"

#include <algorithm>

namespace detect {

namespace {

class ImageTransformStep final : public Step {
public:
    ImageTransformStep(const KernelTable& kernels, const BilinearResize::Normalisation& normalisation)
        : kernels_(kernels), normalisation_(normalisation) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const auto sizes = context.inputs[1].data<std::int64_t>();
        const auto pads = context.inputs[2].data<std::int64_t>();
        const Dims& in = x.dims();
        const bool sound = in.rank() == 4 && in[1] == 3 && sizes.size() == 4 && sizes[0] == in[0] && sizes[1] == 3 &&
                           pads.size() == 8 &&
                           std::ranges::all_of(pads.first(6), [](std::int64_t pad) { return pad == 0; });
        constexpr std::int64_t largest = 1 << 24;
        const auto plausible = [](std::int64_t size) { return size >= 0 && size <= largest; };
        if (!sound || !plausible(sizes[2]) || !plausible(sizes[3]) || !plausible(pads[6]) || !plausible(pads[7])) {
            return Error{ErrorCode::bad_model, label() + ": sizes or pads make no sense for pictures " + to_string(in)};
        }
        DETECT_TRY_ASSIGN(const BilinearResize resize,
                          BilinearResize::prepare(kernels_, {.input_height = static_cast<std::size_t>(in[2]),
                                                             .input_width = static_cast<std::size_t>(in[3]),
                                                             .output_height = static_cast<std::size_t>(sizes[2]),
                                                             .output_width = static_cast<std::size_t>(sizes[3])}));
        const std::int64_t height = sizes[2] + pads[6];
        const std::int64_t width = sizes[3] + pads[7];
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(DataType::float32, {in[0], height, width, 3}));
        DETECT_TRY_ASSIGN(Tensor scratch, context.memory.allocate(DataType::uint8,
                                                                  {static_cast<std::int64_t>(resize.scratch_bytes())}));
        const PlanarRows rows(x.data<float>().data(), static_cast<std::size_t>(in[2]), static_cast<std::size_t>(in[3]));
        const PictureRows& pictures = x.bytes().data() == nullptr ? *context.pictures : rows;
        resize.transform(pictures, static_cast<std::size_t>(in[0]), normalisation_, static_cast<std::size_t>(height),
                         static_cast<std::size_t>(width), context.outputs[0].mutable_data<float>().data(),
                         scratch.mutable_bytes(), context.threads);
        return {};
    }
    bool reads_pictures(std::size_t input) const override { return input == 0; }
    std::string label() const override { return "normalise, resize, pad"; }

private:
    const KernelTable& kernels_;
    BilinearResize::Normalisation normalisation_;
};

} // namespace

std::shared_ptr<const Step> make_image_transform(const KernelTable& kernels,
                                                 const BilinearResize::Normalisation& normalisation) {
    return std::make_shared<ImageTransformStep>(kernels, normalisation);
}

} // namespace detect
