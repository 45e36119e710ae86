// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect::reference {

namespace {

enum class Mode { nearest, linear, cubic };

/// What a Resize node asks for; axes are resized one after another.
struct Settings {
    Mode mode = Mode::nearest;
    std::string coordinates;
    std::string rounding;
    double cubic_a = -0.75;
    bool exclude_outside = false;
    float extrapolation = 0.0F;
};

struct Axis {
    std::int64_t input = 0;
    std::int64_t output = 0;
    /// output / input, as the node gives it (or as the sizes have it).
    double scale = 1.0;
    double roi_start = 0.0;
    double roi_end = 1.0;
};

Settings settings_of(const KernelContext& context) {
    const Node& node = context.node();
    const std::string mode = node.string_or("mode", "nearest");
    Settings settings;
    settings.mode = mode == "linear" ? Mode::linear : mode == "cubic" ? Mode::cubic : Mode::nearest;
    // Up to opset 10 there was one way only: asymmetric, and floor for nearest.
    const bool old = context.opset() < 11;
    settings.coordinates = old ? "asymmetric" : node.string_or("coordinate_transformation_mode", "half_pixel");
    settings.rounding = old ? "floor" : node.string_or("nearest_mode", "round_prefer_floor");
    settings.cubic_a = node.float_or("cubic_coeff_a", -0.75F);
    settings.exclude_outside = node.int_or("exclude_outside", 0) != 0;
    settings.extrapolation = node.float_or("extrapolation_value", 0.0F);
    return settings;
}

/// The value at `index` of an optional float tensor (scales, roi).
double float_at(const Tensor& tensor, std::size_t index) {
    return tensor.type() == DataType::float64 ? tensor.data<double>()[index]
                                              : static_cast<double>(tensor.data<float>()[index]);
}

/// The node's scales, which Upsample had as an attribute; empty if it names sizes instead.
std::vector<double> scales_of(const KernelContext& context) {
    if (const auto* given = context.node().attribute<std::vector<float>>("scales"))
        return {given->begin(), given->end()};
    const Tensor& tensor = context.input(context.opset() < 11 ? 1 : 2);
    std::vector<double> scales;
    for (std::int64_t i = 0; i < tensor.element_count(); ++i)
        scales.push_back(float_at(tensor, static_cast<std::size_t>(i)));
    return scales;
}

std::vector<Axis> axes_of(const KernelContext& context, const Dims& output) {
    const auto scales = scales_of(context);
    const bool nearest = context.node().string_or("mode", "nearest") == "nearest";
    const bool crops = context.node().string_or("coordinate_transformation_mode", "") == "tf_crop_and_resize";
    const Dims& input = context.input(0).dims();
    std::vector<Axis> axes;
    for (std::size_t i = 0; i < input.rank(); ++i) {
        const auto size = static_cast<double>(std::max<std::int64_t>(input[i], 1));
        Axis axis{.input = input[i], .output = output[i]};
        const auto resized = static_cast<double>(std::max<std::int64_t>(output[i], 1));
        // Interpolating, torch rounds the ratio of sizes to float32, and so do the runtimes that follow it. Choosing
        // the nearest, the ratio must be exact: a position halfway between two pixels would tip over.
        const double ratio = nearest ? resized / size : 1.0 / static_cast<double>(static_cast<float>(size / resized));
        axis.scale = scales.empty() ? ratio : scales[i];
        if (crops) {
            axis.roi_start = float_at(context.input(1), i);
            axis.roi_end = float_at(context.input(1), input.rank() + i);
        }
        axes.push_back(axis);
    }
    return axes;
}

/// Where output element `x` lies on the input axis (ONNX `coordinate_transformation_mode`).
double source_position(const Settings& settings, const Axis& axis, std::int64_t x) {
    const auto position = static_cast<double>(x);
    const auto input = static_cast<double>(axis.input);
    const auto output = static_cast<double>(axis.output);
    if (settings.coordinates == "asymmetric") return position / axis.scale;
    if (settings.coordinates == "pytorch_half_pixel" && axis.output <= 1) return 0.0;
    if (settings.coordinates == "tf_half_pixel_for_nn") return (position + 0.5) / axis.scale;
    if (settings.coordinates == "align_corners") {
        return axis.output <= 1 ? 0.0 : position * (input - 1.0) / (output - 1.0);
    }
    if (settings.coordinates == "tf_crop_and_resize") {
        if (axis.output <= 1) return 0.5 * (axis.roi_start + axis.roi_end) * (input - 1.0);
        return axis.roi_start * (input - 1.0) +
               position * (axis.roi_end - axis.roi_start) * (input - 1.0) / (output - 1.0);
    }
    return (position + 0.5) / axis.scale - 0.5;
}

double rounded(const Settings& settings, double position) {
    if (settings.rounding == "floor") return std::floor(position);
    if (settings.rounding == "ceil") return std::ceil(position);
    if (settings.rounding == "round_prefer_ceil") return std::floor(position + 0.5);
    return std::ceil(position - 0.5);
}

/// Which input elements an output element is made of, and in what parts.
struct Taps {
    std::array<std::int64_t, 4> index{};
    std::array<double, 4> weight{};
    std::size_t count = 0;
    /// tf_crop_and_resize: the position is outside the input, and the extrapolation value stands in.
    bool outside = false;
};

/// Keys' cubic kernel at distances 1 + t, t, 1 - t, 2 - t.
std::array<double, 4> cubic_weights(double t, double a) {
    const auto near = [a](double d) { return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0; };
    const auto far = [a](double d) { return ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a; };
    return {far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)};
}

Taps taps_at(const Settings& settings, const Axis& axis, std::int64_t x) {
    const auto last = static_cast<double>(axis.input - 1);
    double position = source_position(settings, axis, x);
    Taps taps;
    // Neither comparison holds for NaN, which a hostile roi can bring in.
    const bool inside = position >= 0.0 && position <= last;
    taps.outside = settings.coordinates == "tf_crop_and_resize" && !inside;
    if (!(position >= -2.0)) position = -2.0;
    if (!(position <= last + 2.0)) position = last + 2.0;
    const auto clamped = [&](double index) { return static_cast<std::int64_t>(std::clamp(index, 0.0, last)); };
    if (settings.mode == Mode::nearest) {
        taps.index[0] = clamped(rounded(settings, position));
        taps.weight[0] = 1.0;
        taps.count = 1;
        return taps;
    }
    const double low = std::floor(position);
    const double t = position - low;
    if (settings.mode == Mode::linear) {
        taps.index = {clamped(low), clamped(low + 1.0)};
        taps.weight = {1.0 - t, t};
        taps.count = 2;
        return taps;
    }
    taps.weight = cubic_weights(t, settings.cubic_a);
    taps.count = 4;
    double sum = 0.0;
    for (std::size_t i = 0; i < 4; ++i) {
        const double index = low - 1.0 + static_cast<double>(i);
        if (settings.exclude_outside && (index < 0.0 || index > last)) taps.weight[i] = 0.0;
        taps.index[i] = clamped(index);
        sum += taps.weight[i];
    }
    if (settings.exclude_outside) {
        for (double& weight : taps.weight) weight /= sum;
    }
    return taps;
}

/// Resizes the middle axis of [outer, input, inner] to [outer, output, inner].
template <class T>
void resize_axis(const T* from, T* to, std::int64_t outer, std::int64_t input, std::int64_t inner,
                 std::span<const Taps> taps, T extrapolation) {
    for (std::int64_t o = 0; o < outer; ++o, from += input * inner) {
        for (const Taps& tap : taps) {
            for (std::int64_t i = 0; i < inner; ++i) {
                if (tap.count == 1) {
                    to[i] = from[tap.index[0] * inner + i];
                } else {
                    double sum = 0.0;
                    for (std::size_t k = 0; k < tap.count; ++k) {
                        sum += tap.weight[k] * static_cast<double>(from[tap.index[k] * inner + i]);
                    }
                    to[i] = static_cast<T>(sum);
                }
                if (tap.outside) to[i] = extrapolation;
            }
            to += inner;
        }
    }
}

bool is_identity(const Settings& settings, const Axis& axis) {
    return axis.input == axis.output && axis.scale == 1.0 && settings.coordinates != "tf_crop_and_resize" &&
           settings.coordinates != "tf_half_pixel_for_nn";
}

template <class T>
Result<void> resize_all(KernelContext& context, Tensor& output) {
    const Settings settings = settings_of(context);
    const auto axes = axes_of(context, output.dims());
    Tensor current = context.input(0);
    // Shrinking axes first would be cheaper, but the last axis first keeps rows short for the outer ones.
    for (std::size_t i = axes.size(); i-- > 0;) {
        if (is_identity(settings, axes[i])) continue;
        Dims dims = current.dims();
        dims[i] = axes[i].output;
        DETECT_TRY_ASSIGN(Tensor next, Tensor::create_uninitialised(current.type(), dims));
        std::vector<Taps> taps;
        for (std::int64_t x = 0; x < axes[i].output; ++x) taps.push_back(taps_at(settings, axes[i], x));
        resize_axis<T>(current.data<T>().data(), next.mutable_data<T>().data(), extent(dims, 0, i), axes[i].input,
                       extent(dims, i + 1, dims.rank()), taps, static_cast<T>(settings.extrapolation));
        current = std::move(next);
    }
    std::ranges::copy(current.data<T>(), output.mutable_data<T>().begin());
    return {};
}

Result<void> resize(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    if (output->element_count() == 0) return {};
    return dispatch(context, output->type(), NumberTypes{},
                    [&]<class T>() -> Result<void> { return resize_all<T>(context, *output); });
}

} // namespace

std::vector<KernelEntry> resize_kernels() { return {{"Resize", resize}, {"Upsample", resize}}; }

} // namespace detect::reference
