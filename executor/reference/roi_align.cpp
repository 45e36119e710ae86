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

/// Sampling points per bin along one axis.
template <class T>
std::int64_t grid_size(std::int64_t fixed, T bin_size) {
    if (fixed > 0) return fixed;
    const T adaptive = std::ceil(bin_size);
    constexpr T limit{1 << 20};
    return adaptive > T{0} ? static_cast<std::int64_t>(std::min(adaptive, limit)) : 0;
}

template <class T>
Bins<T> bins_of(const RoiAlignSettings& settings, const T* roi) {
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
    bins.grid_width = grid_size(settings.sampling, bins.bin_width);
    bins.grid_height = grid_size(settings.sampling, bins.bin_height);
    return bins;
}

/// A bilinear sample: four pixels of the map and their weights.
template <class T>
struct Sample {
    std::array<std::int64_t, 4> offset{};
    std::array<T, 4> weight{};
};

/// Of a sample inside the map (or up to a pixel outside).
template <class T>
Sample<T> sample_at(T y, T x, std::int64_t height, std::int64_t width) {
    Sample<T> sample;
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

/// The sampling points of a bin along one axis.
template <class T>
struct Points {
    T start = 0;
    T bin_size = 0;
    std::int64_t bin = 0;
    std::int64_t count = 0;
    std::int64_t size = 0;

    [[nodiscard]] T at(std::int64_t i) const {
        return start + static_cast<T>(bin) * bin_size + (static_cast<T>(i) + T{0.5}) * bin_size / static_cast<T>(count);
    }
    /// Not by more than a pixel outside. Written so that NaN counts as outside.
    [[nodiscard]] bool inside(T position) const { return position >= T{-1} && position <= static_cast<T>(size); }

    /// Those inside, in order. Where they ascend, what lies before and behind the map is not walked through: there may
    /// be a million.
    void collect(std::vector<T>& positions) const {
        positions.clear();
        std::int64_t i = 0;
        for (std::int64_t step = bin_size > T{0} ? count : 0; step > 0; step /= 2) {
            while (i + step <= count && at(i + step - 1) < T{-1}) i += step;
        }
        for (; i < count; ++i) {
            const T position = at(i);
            if (inside(position))
                positions.push_back(position);
            else if (bin_size > T{0})
                return;
        }
    }
};

/// The bins of a RoI on one map, all channels of it. A sample outside the map is nothing.
template <class T>
class RoiPooling {
public:
    RoiPooling(const RoiAlignSettings& settings, std::int64_t channels, std::int64_t height, std::int64_t width)
        : settings_(settings), channels_(channels), height_(height), width_(width) {}

    /// `target` [channels, output height, output width].
    void run(const Bins<T>& bins, const T* map, T* target) {
        const std::int64_t count = settings_.height * settings_.width;
        for (std::int64_t bin = 0; bin < count; ++bin) {
            Points<T>{bins.y, bins.bin_height, bin / settings_.width, bins.grid_height, height_}.collect(rows_);
            Points<T>{bins.x, bins.bin_width, bin % settings_.width, bins.grid_width, width_}.collect(columns_);
            const T samples = static_cast<T>(bins.grid_height) * static_cast<T>(bins.grid_width);
            const T found = static_cast<T>(rows_.size()) * static_cast<T>(columns_.size());
            for (std::int64_t c = 0; c < channels_; ++c) target[c * count + bin] = T{0};
            first_ = found == samples;
            for (const T y : rows_) {
                row_.clear();
                for (const T x : columns_) row_.push_back(sample_at(y, x, height_, width_));
                for (std::int64_t c = 0; c < channels_; ++c)
                    add_row(map + c * height_ * width_, target[c * count + bin]);
                if (!row_.empty()) first_ = false;
            }
            for (std::int64_t c = 0; c < channels_ && !settings_.maximum && samples > T{0}; ++c) {
                target[c * count + bin] /= samples;
            }
        }
    }

private:
    /// A row of samples of one channel.
    void add_row(const T* map, T& result) const {
        bool first = first_;
        for (const Sample<T>& sample : row_) {
            const auto term = [&](std::size_t i) { return sample.weight[i] * map[sample.offset[i]]; };
            if (settings_.maximum) {
                // ONNX Runtime, and ONNX's own test after it, take the largest single weighted pixel.
                const T largest = std::max(std::max(term(0), term(1)), std::max(term(2), term(3)));
                result = first ? largest : std::max(result, largest);
                first = false;
            } else {
                result += term(0) + term(1) + term(2) + term(3);
            }
        }
    }

    const RoiAlignSettings& settings_;
    std::int64_t channels_;
    std::int64_t height_;
    std::int64_t width_;
    std::vector<T> rows_;
    std::vector<T> columns_;
    std::vector<Sample<T>> row_;
    /// No sample has been seen, and none was outside: the next one is the largest.
    bool first_ = true;
};

template <class T>
Result<void> align(KernelContext& context, Tensor& output, std::span<const std::int64_t> images) {
    const RoiAlignSettings settings = roi_align_settings(context);
    const Tensor& features = context.input(0);
    const std::int64_t channels = features.dims()[1];
    const std::int64_t height = features.dims()[2];
    const std::int64_t width = features.dims()[3];
    T* target = output.mutable_data<T>().data();
    RoiPooling<T> pooling(settings, channels, height, width);
    for (std::size_t roi = 0; roi < images.size(); ++roi) {
        if (context.stopped()) return RunControl::stop_error();
        Bins<T> bins = bins_of(settings, context.input(1).data<T>().data() + roi * 4);
        if (height * width == 0) bins.grid_width = bins.grid_height = 0;
        pooling.run(bins, features.data<T>().data() + images[roi] * channels * height * width, target);
        target += channels * settings.height * settings.width;
    }
    return {};
}

Result<void> roi_align(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    DETECT_TRY_ASSIGN(const auto images, resolved_indices(context, context.input(2), context.input(0).dims()[0]));
    return dispatch(context, output->type(), FloatTypes{},
                    [&]<class T>() { return align<T>(context, *output, images); });
}

} // namespace

std::vector<KernelEntry> roi_align_kernels() { return {{"RoiAlign", roi_align}}; }

} // namespace detect::reference
