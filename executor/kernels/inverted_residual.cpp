#include "executor/kernels/inverted_residual.h"

#include <algorithm>

namespace detect {

namespace {

/// What the expanded rows that a depthwise step reads should take up: more than a first-level cache, well within a
/// second.
constexpr std::size_t ring_bytes = std::size_t{96} << 10U;
constexpr std::size_t least_columns = 28;
/// Bands of rows that a picture is cut into. Each expands the rows that it shares with the one above again.
constexpr std::size_t most_bands = 8;
constexpr std::size_t least_band_rows = 6;
constexpr std::size_t floats_per_line = 16;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t whole_lines(std::size_t floats) { return divide_up(floats, floats_per_line) * floats_per_line; }

} // namespace

/// How a picture is cut into bands of rows and strips of columns, and what memory a band needs.
struct InvertedResidual::Layout {
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t bands = 0;
    std::size_t strips = 0;
    /// Floats for the expanded rows of a strip, one such row, and one row of depthwise outputs.
    std::size_t ring_floats = 0;
    std::size_t ring_row_floats = 0;
    std::size_t depthwise_floats = 0;
    /// Floats for the row sums of a picture.
    std::size_t sums_floats = 0;

    [[nodiscard]] std::size_t band_floats() const { return ring_floats + depthwise_floats; }
};

struct InvertedResidual::Call {
    const float* x = nullptr;
    MapSize size;
    Layout layout;
    float* y = nullptr;
    const float* residual = nullptr;
    float* row_sums = nullptr;
    float* bands = nullptr;
};

std::optional<InvertedResidual> InvertedResidual::make(const Steps& steps) {
    if (steps.depthwise == nullptr || steps.depthwise->depthwise() == nullptr) return std::nullopt;
    if (steps.expand == nullptr && steps.project == nullptr) return std::nullopt;
    const Conv2dParameters& p = steps.depthwise->parameters();
    if (p.dilation_h != 1 || p.dilation_w != 1) return std::nullopt;
    const auto fits = [&](const Conv2d* step, std::size_t channels) {
        return step == nullptr || (step->pointwise() != nullptr && channels == p.input_channels);
    };
    if (steps.expand != nullptr && !fits(steps.expand, steps.expand->parameters().output_channels)) return std::nullopt;
    if (steps.project != nullptr && !fits(steps.project, steps.project->parameters().input_channels))
        return std::nullopt;
    return InvertedResidual(steps);
}

InvertedResidual::Layout InvertedResidual::layout(const MapSize& size) const {
    const Conv2dParameters& p = steps_.depthwise->parameters();
    const std::size_t channels = p.input_channels;
    Layout layout;
    layout.output_height = p.output_height(size.height);
    layout.output_width = p.output_width(size.width);
    if (layout.output_height == 0 || layout.output_width == 0) return layout;
    layout.bands = std::clamp(layout.output_height / least_band_rows, std::size_t{1}, most_bands);
    const std::size_t fitting = ring_bytes / (sizeof(float) * channels * p.kernel_h * p.stride_w);
    layout.strips = divide_up(layout.output_width, std::max(fitting, least_columns));
    const std::size_t columns = divide_up(layout.output_width, layout.strips);
    if (steps_.expand != nullptr) {
        const std::size_t reach = std::min((columns - 1) * p.stride_w + p.kernel_w, size.width);
        layout.ring_row_floats = whole_lines(reach * channels);
        layout.ring_floats = layout.ring_row_floats * p.kernel_h;
    }
    if (steps_.project != nullptr) layout.depthwise_floats = whole_lines(columns * channels);
    layout.sums_floats = whole_lines(layout.output_height * channels);
    return layout;
}

std::size_t InvertedResidual::scratch_bytes(const MapSize& size) const {
    const Layout l = layout(size);
    return size.batch * (l.bands * l.band_floats() + l.sums_floats) * sizeof(float);
}

void InvertedResidual::run_band(const Call& call, std::size_t task) const {
    const Layout& l = call.layout;
    const Conv2dParameters& p = steps_.depthwise->parameters();
    const std::size_t channels = p.input_channels;
    const std::size_t n = task / l.bands;
    const std::size_t first_row = l.output_height * (task % l.bands) / l.bands;
    const std::size_t last_row = l.output_height * (task % l.bands + 1) / l.bands;
    float* ring = call.bands + task * l.band_floats();
    float* depthwise_row = ring + l.ring_floats;
    const std::size_t inputs = steps_.expand == nullptr ? channels : steps_.expand->parameters().input_channels;
    const std::size_t outputs = steps_.project == nullptr ? channels : steps_.project->parameters().output_channels;
    float* sums = call.row_sums == nullptr ? nullptr : call.row_sums + n * l.output_height * channels;
    if (sums != nullptr) std::fill(sums + first_row * channels, sums + last_row * channels, 0.F);

    const auto clipped = [](std::size_t at, std::size_t pad, std::size_t size) {
        return std::min(at > pad ? at - pad : 0, size);
    };
    for (std::size_t s = 0; s < l.strips; ++s) {
        const std::size_t begin = l.output_width * s / l.strips;
        const std::size_t end = l.output_width * (s + 1) / l.strips;
        // The input columns of this strip.
        const std::size_t left = clipped(begin * p.stride_w, p.pad_left, call.size.width);
        const std::size_t right = clipped((end - 1) * p.stride_w + p.kernel_w, p.pad_left, call.size.width);
        const float* x = call.x + (n * call.size.height * call.size.width + left) * inputs;
        const std::size_t x_row = call.size.width * inputs;

        DepthwiseStrip strip;
        strip.x = steps_.expand == nullptr ? x : ring;
        strip.x_row_stride = steps_.expand == nullptr ? x_row : l.ring_row_floats;
        strip.ring = steps_.expand == nullptr ? call.size.height : p.kernel_h;
        strip.height = call.size.height;
        strip.columns = right - left;
        strip.pad_left = left + p.pad_left - begin * p.stride_w;
        strip.output_columns = end - begin;
        std::size_t expanded = clipped(first_row * p.stride_h, p.pad_top, call.size.height);
        for (std::size_t i = first_row; i < last_row; ++i) {
            const std::size_t bottom = clipped(i * p.stride_h + p.kernel_h, p.pad_top, call.size.height);
            for (; steps_.expand != nullptr && expanded < bottom; ++expanded) {
                const PackedView b = steps_.expand->pointwise()->view();
                gemm_panels(b, 0, b.panels(), x + expanded * x_row, inputs, right - left,
                            ring + expanded % p.kernel_h * l.ring_row_floats, channels,
                            {steps_.expand->parameters().activation, nullptr, 0});
            }
            const std::size_t pixel = (n * l.output_height + i) * l.output_width + begin;
            float* y = call.y + pixel * outputs;
            strip.begin = i;
            strip.end = i + 1;
            strip.y = steps_.project == nullptr ? y : depthwise_row;
            strip.row_sums = sums == nullptr ? nullptr : sums + i * channels;
            steps_.depthwise->depthwise()->run_strip(strip);
            if (steps_.project == nullptr) continue;
            const PackedView b = steps_.project->pointwise()->view();
            gemm_panels(b, 0, b.panels(), depthwise_row, channels, end - begin, y, outputs,
                        {steps_.project->parameters().activation,
                         call.residual == nullptr ? nullptr : call.residual + pixel * outputs, outputs});
        }
    }
}

void InvertedResidual::run(const float* x, const MapSize& size, float* y, const float* residual, float* mean,
                           std::span<std::byte> scratch, ThreadPool& pool) const {
    Call call{x, size, layout(size), y, residual, nullptr, reinterpret_cast<float*>(scratch.data())};
    const Layout& l = call.layout;
    if (mean != nullptr) call.row_sums = call.bands + size.batch * l.bands * l.band_floats();
    pool.parallel_for(size.batch * l.bands, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) run_band(call, task);
    });
    const std::size_t channels = steps_.depthwise->parameters().output_channels;
    for (std::size_t n = 0; mean != nullptr && n < size.batch && l.bands > 0; ++n) {
        steps_.depthwise->depthwise()->mean_of_rows(call.row_sums + n * l.output_height * channels, l.output_height,
                                                    l.output_height * l.output_width, mean + n * channels);
    }
}

} // namespace detect
