// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/indices.h"
#include "executor/reference/kernel_families.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect::reference {

namespace {

/// RoIAlign's settings (Mask R-CNN, He et al. 2017), as ONNX names them.
struct RoiAlignSettings {
    std::int64_t height = 1;
    std::int64_t width = 1;
    std::int64_t sampling = 0;
    double scale = 1.0;
    /// Pixel centres at .5 (opset 16's default) instead of at integers (before opset 16).
    bool half_pixel = true;
    bool maximum = false;
};

RoiAlignSettings roi_align_settings(const KernelContext& context) {
    const Node& node = context.node();
    const bool half_pixel =
        context.opset() >= 16 && node.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel";
    return {.height = node.int_or("output_height", 1),
            .width = node.int_or("output_width", 1),
            .sampling = node.int_or("sampling_ratio", 0),
            .scale = node.float_or("spatial_scale", 1.0F),
            .half_pixel = half_pixel,
            .maximum = node.string_or("mode", "avg") == "max"};
}

/// The bins of one RoI, on the feature map's grid.
template <class T>
struct Bins {
    T x = 0;
    T y = 0;
    T bin_width = 0;
    T bin_height = 0;
    std::int64_t grid_width = 1;
    std::int64_t grid_height = 1;
};

/// Sampling points per bin along one axis; nullopt for a RoI of impossible size.
template <class T>
std::optional<std::int64_t> grid_size(std::int64_t fixed, T bin_size) {
    if (fixed > 0) return fixed;
    const T adaptive = std::ceil(bin_size);
    if (!(adaptive >= T{0})) return 0;
    constexpr T limit{1 << 14};
    if (adaptive > limit) return std::nullopt;
    return static_cast<std::int64_t>(adaptive);
}

template <class T>
std::optional<Bins<T>> bins_of(const RoiAlignSettings& settings, const T* roi) {
    const auto scale = static_cast<T>(settings.scale);
    const T offset = settings.half_pixel ? T{0.5} : T{0};
    Bins<T> bins;
    bins.x = roi[0] * scale - offset;
    bins.y = roi[1] * scale - offset;
    T width = roi[2] * scale - offset - bins.x;
    T height = roi[3] * scale - offset - bins.y;
    if (!settings.half_pixel) {
        width = std::max(width, T{1});
        height = std::max(height, T{1});
    }
    bins.bin_width = width / static_cast<T>(settings.width);
    bins.bin_height = height / static_cast<T>(settings.height);
    const auto grid_width = grid_size(settings.sampling, bins.bin_width);
    const auto grid_height = grid_size(settings.sampling, bins.bin_height);
    if (!grid_width || !grid_height) return std::nullopt;
    bins.grid_width = *grid_width;
    bins.grid_height = *grid_height;
    return bins;
}

/// A bilinear sample: four pixels of the map and their weights. Outside the map (by more than a pixel) it is nothing.
template <class T>
struct Sample {
    std::array<std::int64_t, 4> offset{};
    std::array<T, 4> weight{};
};

template <class T>
Sample<T> sample_at(T y, T x, std::int64_t height, std::int64_t width) {
    Sample<T> sample;
    // Written so that NaN counts as outside.
    const bool inside = y >= T{-1} && y <= static_cast<T>(height) && x >= T{-1} && x <= static_cast<T>(width);
    if (!inside || height == 0 || width == 0) return sample;
    y = std::max(y, T{0});
    x = std::max(x, T{0});
    const std::int64_t y_low = std::min(static_cast<std::int64_t>(y), height - 1);
    const std::int64_t x_low = std::min(static_cast<std::int64_t>(x), width - 1);
    const std::int64_t y_high = std::min(y_low + 1, height - 1);
    const std::int64_t x_high = std::min(x_low + 1, width - 1);
    // On the last row or column the sample sits on the pixel itself.
    const T ly = y_low == height - 1 ? T{0} : y - static_cast<T>(y_low);
    const T lx = x_low == width - 1 ? T{0} : x - static_cast<T>(x_low);
    const T hy = T{1} - ly;
    const T hx = T{1} - lx;
    sample.offset = {y_low * width + x_low, y_low * width + x_high, y_high * width + x_low, y_high * width + x_high};
    sample.weight = {hy * hx, hy * lx, ly * hx, ly * lx};
    return sample;
}

/// The samples of every bin of a RoI, bin by bin, row by row.
template <class T>
void collect_samples(const RoiAlignSettings& settings, const Bins<T>& bins, std::int64_t height, std::int64_t width,
                     std::vector<Sample<T>>& samples) {
    samples.clear();
    for (std::int64_t bin_y = 0; bin_y < settings.height; ++bin_y) {
        for (std::int64_t bin_x = 0; bin_x < settings.width; ++bin_x) {
            for (std::int64_t iy = 0; iy < bins.grid_height; ++iy) {
                const T y = bins.y + static_cast<T>(bin_y) * bins.bin_height +
                            (static_cast<T>(iy) + T{0.5}) * bins.bin_height / static_cast<T>(bins.grid_height);
                for (std::int64_t ix = 0; ix < bins.grid_width; ++ix) {
                    const T x = bins.x + static_cast<T>(bin_x) * bins.bin_width +
                                (static_cast<T>(ix) + T{0.5}) * bins.bin_width / static_cast<T>(bins.grid_width);
                    samples.push_back(sample_at(y, x, height, width));
                }
            }
        }
    }
}

template <class T>
T pooled(const T* map, std::span<const Sample<T>> samples, bool maximum) {
    T result{0};
    bool first = true;
    for (const Sample<T>& sample : samples) {
        const auto term = [&](std::size_t i) { return sample.weight[i] * map[sample.offset[i]]; };
        if (maximum) {
            // ONNX Runtime, and ONNX's own test after it, take the largest single weighted pixel.
            const T largest = std::max(std::max(term(0), term(1)), std::max(term(2), term(3)));
            result = first ? largest : std::max(result, largest);
            first = false;
        } else {
            result += term(0) + term(1) + term(2) + term(3);
        }
    }
    if (maximum || samples.empty()) return result;
    return result / static_cast<T>(samples.size());
}

template <class T>
Result<void> align(KernelContext& context, Tensor& output, std::span<const std::int64_t> images) {
    const RoiAlignSettings settings = roi_align_settings(context);
    const Tensor& features = context.input(0);
    const std::int64_t channels = features.dims()[1];
    const std::int64_t height = features.dims()[2];
    const std::int64_t width = features.dims()[3];
    const std::int64_t bin_count = settings.height * settings.width;
    T* target = output.mutable_data<T>().data();
    std::vector<Sample<T>> samples;
    for (std::size_t roi = 0; roi < images.size(); ++roi) {
        if (context.stopped()) return RunControl::stop_error();
        const auto bins = bins_of(settings, context.input(1).data<T>().data() + roi * 4);
        constexpr std::int64_t sample_limit = 1 << 24;
        if (!bins || bins->grid_height * bins->grid_width > sample_limit / bin_count) {
            Error error = context.error("RoI " + std::to_string(roi) + " is so large that its bins cannot be sampled");
            error.code = ErrorCode::resource_limit;
            return error;
        }
        collect_samples(settings, *bins, height, width, samples);
        const std::size_t per_bin = samples.size() / static_cast<std::size_t>(bin_count);
        const T* map = features.data<T>().data() + images[roi] * channels * height * width;
        for (std::int64_t c = 0; c < channels; ++c, map += height * width) {
            for (std::size_t bin = 0; bin < static_cast<std::size_t>(bin_count); ++bin) {
                const std::span<const Sample<T>> own = std::span(samples).subspan(bin * per_bin, per_bin);
                *target++ = height * width == 0 ? T{0} : pooled(map, own, settings.maximum);
            }
        }
    }
    return {};
}

Result<void> roi_align(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    DETECT_TRY_ASSIGN(const auto images, resolved_indices(context, context.input(2), context.input(0).dims()[0]));
    return dispatch(context, output->type(), FloatTypes{},
                    [&]<class T>() -> Result<void> { return align<T>(context, *output, images); });
}

} // namespace

std::vector<KernelEntry> roi_align_kernels() { return {{"RoiAlign", roi_align}}; }

} // namespace detect::reference
