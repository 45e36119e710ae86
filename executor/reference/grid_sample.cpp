// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/dispatch.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect::reference {

namespace {

struct Settings {
    bool nearest = false;
    bool cubic = false;
    bool border = false;
    bool reflection = false;
    bool align_corners = false;
};

Settings settings_of(const Node& node) {
    const std::string mode = node.string_or("mode", "bilinear");
    const std::string padding = node.string_or("padding_mode", "zeros");
    return {.nearest = mode == "nearest",
            .cubic = mode == "bicubic",
            .border = padding == "border",
            .reflection = padding == "reflection",
            .align_corners = node.int_or("align_corners", 0) != 0};
}

/// −1…1 to pixels: the outermost pixels' centres (align_corners) or outer edges.
double to_pixels(double coordinate, std::int64_t size, bool align_corners) {
    const auto length = static_cast<double>(size);
    return align_corners ? (coordinate + 1.0) / 2.0 * (length - 1.0) : ((coordinate + 1.0) * length - 1.0) / 2.0;
}

/// Mirrored at both ends until it lies inside.
double reflected(double x, std::int64_t size, bool align_corners) {
    const double low = align_corners ? 0.0 : -0.5;
    const double high = static_cast<double>(size) - (align_corners ? 1.0 : 0.5);
    const double range = high - low;
    if (!(range > 0.0) || !std::isfinite(x)) return 0.0;
    double offset = std::fmod(std::fabs(x - low), 2.0 * range);
    if (offset > range) offset = 2.0 * range - offset;
    return low + offset;
}

/// The pixel that stands in for one at an integer position; −1 if there is none (zeros).
std::int64_t pixel_at(double position, std::int64_t size, const Settings& settings) {
    const auto last = static_cast<double>(size - 1);
    if (settings.reflection) position = reflected(position, size, settings.align_corners);
    if (settings.border || settings.reflection) position = std::clamp(position, 0.0, last);
    // Written so that NaN counts as outside.
    return position >= 0.0 && position <= last ? static_cast<std::int64_t>(position) : -1;
}

/// Which pixels along one axis a sample is made of, and in what parts.
struct Taps {
    std::array<std::int64_t, 4> pixel{};
    std::array<double, 4> weight{};
    std::size_t count = 0;
};

/// Keys' cubic kernel with a = −0.75, at distances 1 + t, t, 1 − t, 2 − t.
std::array<double, 4> cubic_weights(double t) {
    constexpr double a = -0.75;
    const auto near = [](double d) { return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0; };
    const auto far = [](double d) { return ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a; };
    return {far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)};
}

Taps taps_at(double coordinate, std::int64_t size, const Settings& settings) {
    double x = to_pixels(coordinate, size, settings.align_corners);
    if (!settings.cubic) {
        if (settings.reflection) x = reflected(x, size, settings.align_corners);
        if (settings.border || settings.reflection) x = std::clamp(x, 0.0, static_cast<double>(size - 1));
    }
    if (settings.nearest) return {.pixel = {pixel_at(std::nearbyint(x), size, settings)}, .weight = {1.0}, .count = 1};
    const double low = std::floor(x);
    const double t = x - low;
    Taps taps{.pixel = {}, .weight = {1.0 - t, t}, .count = 2};
    if (settings.cubic) taps = {.pixel = {}, .weight = cubic_weights(t), .count = 4};
    const double first = settings.cubic ? low - 1.0 : low;
    for (std::size_t i = 0; i < taps.count; ++i)
        taps.pixel[i] = pixel_at(first + static_cast<double>(i), size, settings);
    return taps;
}

template <class T>
T sample(const T* channel, std::int64_t width, const Taps& rows, const Taps& columns) {
    double sum = 0.0;
    for (std::size_t r = 0; r < rows.count; ++r) {
        for (std::size_t c = 0; c < columns.count; ++c) {
            if (rows.pixel[r] < 0 || columns.pixel[c] < 0) continue;
            sum += rows.weight[r] * columns.weight[c] *
                   static_cast<double>(channel[rows.pixel[r] * width + columns.pixel[c]]);
        }
    }
    return static_cast<T>(sum);
}

Result<void> grid_sample(KernelContext& context) {
    DETECT_TRY_ASSIGN(Tensor* const output, allocate_inferred(context));
    const Settings settings = settings_of(context.node());
    const Dims& in = context.input(0).dims();
    const Dims& out = output->dims();
    const std::int64_t points = out[2] * out[3];
    return dispatch(context, output->type(), FloatTypes{}, [&]<class T>() -> Result<void> {
        return dispatch(context, context.input(1).type(), FloatTypes{}, [&]<class G>() -> Result<void> {
            const G* grid = context.input(1).data<G>().data();
            for (std::int64_t image = 0; image < out[0]; ++image) {
                for (std::int64_t point = 0; point < points; ++point, grid += 2) {
                    const Taps columns = taps_at(static_cast<double>(grid[0]), in[3], settings);
                    const Taps rows = taps_at(static_cast<double>(grid[1]), in[2], settings);
                    for (std::int64_t c = 0; c < in[1]; ++c) {
                        const T* const channel =
                            context.input(0).data<T>().data() + (image * in[1] + c) * in[2] * in[3];
                        output->mutable_data<T>()[static_cast<std::size_t>((image * in[1] + c) * points + point)] =
                            sample(channel, in[3], rows, columns);
                    }
                }
            }
            return {};
        });
    });
}

} // namespace

std::vector<KernelEntry> grid_sample_kernels() { return {{"GridSample", grid_sample}}; }

} // namespace detect::reference
