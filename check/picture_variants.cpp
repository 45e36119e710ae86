// SPDX-License-Identifier: Apache-2.0
#include "check/picture_variants.h"

#include "base/try.h"

#include <algorithm>
#include <cmath>

namespace detect::checking {

namespace {

/// A picture of this size with value(channel, y, x) in each place.
template <class Value>
Result<Tensor> make(std::int64_t height, std::int64_t width, const Value& value) {
    DETECT_TRY_ASSIGN(Tensor result, Tensor::create_uninitialised(DataType::float32, {3, height, width}));
    auto out = result.mutable_data<float>().begin();
    for (std::int64_t channel = 0; channel < 3; ++channel) {
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) *out++ = value(channel, y, x);
        }
    }
    return result;
}

/// The two places that a place in between is made of, and the share of the second.
struct Between {
    std::int64_t first = 0;
    std::int64_t second = 0;
    float share = 0.0F;
};

Between between(std::int64_t place, std::int64_t to, std::int64_t from) {
    const float ratio = static_cast<float>(from) / static_cast<float>(to);
    const float at = std::max(0.0F, (static_cast<float>(place) + 0.5F) * ratio - 0.5F);
    const std::int64_t first = std::min(static_cast<std::int64_t>(at), from - 1);
    return {first, std::min(first + 1, from - 1), at - static_cast<float>(first)};
}

} // namespace

Result<Tensor> resized(const Tensor& image, std::int64_t height, std::int64_t width) {
    const std::int64_t old_height = image.dims()[1];
    const std::int64_t old_width = image.dims()[2];
    if (height == old_height && width == old_width) return image;
    const auto in = image.data<float>();
    return make(height, width, [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        const Between v = between(y, height, old_height);
        const Between h = between(x, width, old_width);
        const auto row = [&](std::int64_t line) {
            const auto start = static_cast<std::size_t>((channel * old_height + line) * old_width);
            const float left = in[start + static_cast<std::size_t>(h.first)];
            return left + h.share * (in[start + static_cast<std::size_t>(h.second)] - left);
        };
        const float top = row(v.first);
        return top + v.share * (row(v.second) - top);
    });
}

Result<Tensor> repeated(const Tensor& image, std::int64_t down, std::int64_t across) {
    const auto in = image.data<float>();
    const std::int64_t height = image.dims()[1];
    const std::int64_t width = image.dims()[2];
    return make(height * down, width * across, [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        return in[static_cast<std::size_t>((channel * height + y % height) * width + x % width)];
    });
}

Result<Tensor> mirrored(const Tensor& image) {
    const auto in = image.data<float>();
    const std::int64_t width = image.dims()[2];
    return make(image.dims()[1], width, [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        return in[static_cast<std::size_t>((channel * image.dims()[1] + y) * width + width - 1 - x)];
    });
}

Result<Tensor> with_channels_swapped(const Tensor& image) {
    const auto in = image.data<float>();
    return make(image.dims()[1], image.dims()[2], [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        return in[static_cast<std::size_t>(((2 - channel) * image.dims()[1] + y) * image.dims()[2] + x)];
    });
}

Result<Tensor> rescaled(const Tensor& image, const std::array<float, 3>& scale, const std::array<float, 3>& shift) {
    const auto in = image.data<float>();
    return make(image.dims()[1], image.dims()[2], [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        const auto c = static_cast<std::size_t>(channel);
        const float value = in[static_cast<std::size_t>((channel * image.dims()[1] + y) * image.dims()[2] + x)];
        return value * scale[c] + shift[c];
    });
}

Result<Tensor> flat(std::int64_t height, std::int64_t width, float value) {
    return make(height, width, [&](std::int64_t, std::int64_t, std::int64_t) { return value; });
}

Result<Tensor> drawn(std::int64_t height, std::int64_t width) {
    return make(height, width, [&](std::int64_t channel, std::int64_t y, std::int64_t x) {
        const bool block = (x / 32 + y / 48) % 3 == channel;
        const float slope = static_cast<float>(x + y) / static_cast<float>(width + height);
        return std::clamp(0.2F + (block ? 0.5F : 0.0F) + 0.3F * slope, 0.0F, 1.0F);
    });
}

} // namespace detect::checking
