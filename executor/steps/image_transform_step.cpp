// SPDX-License-Identifier: Apache-2.0
#include "executor/steps/image_transform_step.h"

#include "base/try.h"

#include <algorithm>

namespace detect {

namespace {

class ImageTransformStep final : public RowSourceStep {
public:
    ImageTransformStep(const KernelTable& kernels, const ImageTransform::Normalisation& normalisation,
                       std::vector<std::shared_ptr<const RowStep>> followers)
        : kernels_(kernels), normalisation_(normalisation), followers_(std::move(followers)) {}

    Result<void> run(StepContext& context) const override {
        const Tensor& x = context.inputs[0];
        const Dims& in = x.dims();
        DETECT_TRY_ASSIGN(const ImageTransform::Sizes sizes, read_sizes(context));
        DETECT_TRY_ASSIGN(const ImageTransform transform, ImageTransform::prepare(kernels_, sizes, normalisation_));
        const PlanarRows rows(x.data<float>().data(), sizes.input_height, sizes.input_width);
        const PictureRows& pictures = x.bytes().data() == nullptr ? *context.pictures : rows;

        RowLayers layers = transform.layers(pictures);
        RowMap map{.dims = {in[0], static_cast<std::int64_t>(sizes.padded_height),
                            static_cast<std::int64_t>(sizes.padded_width), 3}};
        for (const auto& follower : followers_) {
            const auto next = follower->append_layers(map, layers);
            if (!next) {
                return Error{ErrorCode::internal, follower->label() + ": cannot go on from " + to_string(map.dims)};
            }
            map = *next;
        }
        const RowChain chain(layers);
        DETECT_TRY_ASSIGN(context.outputs[0], context.memory.allocate(map.type, map.dims));
        const auto scratch_bytes =
            static_cast<std::int64_t>(chain.scratch_bytes(static_cast<std::size_t>(context.threads.threads())));
        DETECT_TRY_ASSIGN(Tensor scratch, context.memory.allocate(DataType::uint8, {scratch_bytes}));
        chain.run(static_cast<std::size_t>(in[0]), context.outputs[0].mutable_bytes().data(), scratch.mutable_bytes(),
                  context.threads);
        return {};
    }
    bool reads_pictures(std::size_t input) const override { return input == 0; }
    std::shared_ptr<const RowSourceStep> followed_by(std::shared_ptr<const RowStep> next) const override {
        auto followers = followers_;
        followers.push_back(std::move(next));
        return std::make_shared<ImageTransformStep>(kernels_, normalisation_, std::move(followers));
    }
    std::string label() const override {
        std::string label = "normalise, resize, pad";
        for (const auto& follower : followers_) label += ", " + follower->label();
        return label;
    }

private:
    Result<ImageTransform::Sizes> read_sizes(const StepContext& context) const {
        const Dims& in = context.inputs[0].dims();
        const auto sizes = context.inputs[1].data<std::int64_t>();
        const auto pads = context.inputs[2].data<std::int64_t>();
        const bool sound = in.rank() == 4 && in[1] == 3 && sizes.size() == 4 && sizes[0] == in[0] && sizes[1] == 3 &&
                           pads.size() == 8 &&
                           std::ranges::all_of(pads.first(6), [](std::int64_t pad) { return pad == 0; });
        constexpr std::int64_t largest = 1 << 24;
        const auto plausible = [](std::int64_t size) { return size >= 0 && size <= largest; };
        if (!sound || !plausible(sizes[2]) || !plausible(sizes[3]) || !plausible(pads[6]) || !plausible(pads[7])) {
            return Error{ErrorCode::bad_model, label() + ": sizes or pads make no sense for pictures " + to_string(in)};
        }
        return ImageTransform::Sizes{.input_height = static_cast<std::size_t>(in[2]),
                                     .input_width = static_cast<std::size_t>(in[3]),
                                     .output_height = static_cast<std::size_t>(sizes[2]),
                                     .output_width = static_cast<std::size_t>(sizes[3]),
                                     .padded_height = static_cast<std::size_t>(sizes[2] + pads[6]),
                                     .padded_width = static_cast<std::size_t>(sizes[3] + pads[7])};
    }

    const KernelTable& kernels_;
    ImageTransform::Normalisation normalisation_;
    std::vector<std::shared_ptr<const RowStep>> followers_;
};

} // namespace

std::shared_ptr<const RowSourceStep> make_image_transform(const KernelTable& kernels,
                                                          const ImageTransform::Normalisation& normalisation) {
    return std::make_shared<ImageTransformStep>(kernels, normalisation, std::vector<std::shared_ptr<const RowStep>>());
}

} // namespace detect
