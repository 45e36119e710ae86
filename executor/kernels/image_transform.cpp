// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/image_transform.h"

#include <algorithm>
#include <new>
#include <string>

namespace detect {

namespace {

constexpr std::size_t channels = 3;

} // namespace

/// A picture's rows, normalised and resized along their width.
class ImageTransform::Across final : public RowLayer {
public:
    Across(const ImageTransform& transform, const PictureRows& pictures) : transform_(transform), pictures_(pictures) {}

    std::size_t rows() const override { return transform_.sizes_.input_height; }
    std::size_t row_bytes() const override { return channels * transform_.sizes_.output_width * sizeof(float); }
    RowRange reads(std::size_t /*row*/) const override { return {}; }
    std::size_t window() const override { return 0; }
    std::size_t scratch_bytes() const override {
        return (channels * transform_.sizes_.input_width + PixelBlend::overreach) * sizeof(float);
    }
    void run(std::size_t picture, std::size_t row, const KeptRows& /*input*/, std::byte* output,
             std::byte* scratch) const override {
        const std::size_t width = transform_.sizes_.input_width;
        const Axis& across = transform_.across_;
        auto* const planes = reinterpret_cast<float*>(scratch);
        pictures_.read(picture, row, planes);
        for (std::size_t c = 0; c < channels; ++c) {
            transform_.kernels_->normalise(planes + c * width, transform_.normalisation_.mean[c],
                                           transform_.normalisation_.deviation[c], width, planes + c * width);
        }
        transform_.kernels_->blend_pixels({.planes = planes,
                                           .width = width,
                                           .first = across.first.data(),
                                           .second = across.second.data(),
                                           .first_weight = across.first_weight.data(),
                                           .second_weight = across.second_weight.data(),
                                           .count = transform_.sizes_.output_width,
                                           .y = reinterpret_cast<float*>(output)});
    }

private:
    const ImageTransform& transform_;
    const PictureRows& pictures_;
};

/// Output rows, each from two neighbours of those, with zeros behind them and below the last one.
class ImageTransform::Down final : public RowLayer {
public:
    explicit Down(const ImageTransform& transform) : transform_(transform) {}

    std::size_t rows() const override { return transform_.sizes_.padded_height; }
    std::size_t row_bytes() const override { return channels * transform_.sizes_.padded_width * sizeof(float); }
    RowRange reads(std::size_t row) const override {
        const Sizes& sizes = transform_.sizes_;
        if (row >= sizes.output_height) return {sizes.input_height, sizes.input_height};
        return {first(row), second(row) + 1};
    }
    std::size_t window() const override { return 2; }
    void run(std::size_t /*picture*/, std::size_t row, const KeptRows& input, std::byte* output,
             std::byte* /*scratch*/) const override {
        const Sizes& sizes = transform_.sizes_;
        auto* const to = reinterpret_cast<float*>(output);
        const std::size_t used = row < sizes.output_height ? channels * sizes.output_width : 0;
        if (used > 0) {
            transform_.kernels_->blend_rows(input.floats(first(row)), transform_.down_.first_weight[row],
                                            input.floats(second(row)), transform_.down_.second_weight[row], used, to);
        }
        std::fill(to + used, to + channels * sizes.padded_width, 0.F);
    }

private:
    [[nodiscard]] std::size_t first(std::size_t row) const {
        return static_cast<std::size_t>(transform_.down_.first[row]);
    }
    [[nodiscard]] std::size_t second(std::size_t row) const {
        return static_cast<std::size_t>(transform_.down_.second[row]);
    }

    const ImageTransform& transform_;
};

ImageTransform::Axis ImageTransform::make_axis(std::size_t input, std::size_t output) {
    const float ratio = static_cast<float>(input) / static_cast<float>(output);
    Axis axis;
    for (std::size_t i = 0; i < output; ++i) {
        const double centre = static_cast<double>(ratio) * (static_cast<double>(i) + 0.5) - 0.5;
        const double at = std::clamp(centre, 0.0, static_cast<double>(input - 1));
        const auto first = static_cast<std::int32_t>(at);
        const auto weight = static_cast<float>(at - static_cast<double>(first));
        axis.first.push_back(first);
        axis.second.push_back(std::min(first + 1, static_cast<std::int32_t>(input - 1)));
        axis.first_weight.push_back(1.F - weight);
        axis.second_weight.push_back(weight);
    }
    return axis;
}

Result<ImageTransform> ImageTransform::prepare(const KernelTable& kernels, const Sizes& sizes,
                                               const Normalisation& normalisation) {
    // Positions are computed in float32, which counts exactly up to 2^24.
    constexpr std::size_t most = std::size_t{1} << 24U;
    for (const std::size_t size : {sizes.input_height, sizes.input_width, sizes.output_height, sizes.output_width}) {
        if (size == 0 || size > most) {
            return Error{ErrorCode::invalid_argument, "cannot resize: sizes must be 1 to " + std::to_string(most) +
                                                          ", found " + std::to_string(size)};
        }
    }
    try {
        ImageTransform transform;
        transform.kernels_ = &kernels;
        transform.sizes_ = sizes;
        transform.normalisation_ = normalisation;
        transform.down_ = make_axis(sizes.input_height, sizes.output_height);
        transform.across_ = make_axis(sizes.input_width, sizes.output_width);
        return transform;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::resource_limit, "not enough memory to prepare a resize: use smaller pictures"};
    }
}

RowLayers ImageTransform::layers(const PictureRows& pictures) const {
    RowLayers layers;
    layers.push_back(std::make_unique<const Across>(*this, pictures));
    layers.push_back(std::make_unique<const Down>(*this));
    return layers;
}

} // namespace detect
