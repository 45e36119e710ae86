// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/inverted_residual.h"

#include "executor/kernels/rounding.h"

#include <algorithm>

namespace detect {

namespace {

/// Bands of rows that a picture is cut into for each thread. A band expands the rows that it shares with the one above
/// again, so it has at least some multiple of them.
constexpr std::size_t bands_per_thread = 2;
constexpr std::size_t least_rows_per_shared_row = 8;
/// What the expanded rows that a depthwise step reads may take of a second-level cache.
constexpr std::size_t ring_bytes = std::size_t{640} << 10U;
/// Pixels that are expanded and projected at a time, if rows are short: weights are read, or split, once for them.
constexpr std::size_t pixels_at_a_time = 256;

/// Position `at`, counted from the start of the padding, as one in the picture.
std::size_t in_picture(std::size_t at, std::size_t pad, std::size_t size) {
    return std::min(at > pad ? at - pad : 0, size);
}

} // namespace

/// How the work on a picture is cut up: into bands of rows and groups of channels, which are tasks, and those into
/// strips of columns, done some rows at a time. And what memory it needs, in floats.
struct InvertedResidual::Layout {
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t bands = 0;
    std::size_t groups = 1;
    std::size_t strips = 1;
    /// Output rows at a time; one where there are strips.
    std::size_t rows = 1;
    /// For each worker: the last few expanded rows of a strip, and some rows of its depthwise outputs.
    std::size_t ring_rows = 0;
    std::size_t ring_floats = 0;
    std::size_t depthwise_floats = 0;
    std::size_t gemm_floats = 0;
    /// For each picture: the sums of its rows.
    std::size_t sums_floats = 0;
    /// The weights, as they are used on maps of this size.
    PackedView expand;
    PackedView project;

    [[nodiscard]] std::size_t tasks() const { return bands * groups; }
    [[nodiscard]] std::size_t worker_floats() const { return ring_floats + depthwise_floats + gemm_floats; }
};

/// A band of rows and a group of channels of one picture.
struct InvertedResidual::Task {
    /// The picture's input and output, and residual and row sums (or null).
    const float* x = nullptr;
    MapSize size;
    float* y = nullptr;
    const float* residual = nullptr;
    float* row_sums = nullptr;
    float* ring = nullptr;
    float* depthwise = nullptr;
    std::span<std::byte> gemm_scratch;
    std::size_t first_row = 0;
    std::size_t last_row = 0;
    /// Channels of the expanded map and the panels of weights that give them. In the ring, pixels are `stride` apart.
    std::size_t first_channel = 0;
    std::size_t channels = 0;
    std::size_t stride = 0;
    std::size_t first_panel = 0;
    std::size_t last_panel = 0;
};

std::optional<InvertedResidual> InvertedResidual::make(Steps steps) {
    if (steps.depthwise == nullptr || steps.depthwise->depthwise() == nullptr) return std::nullopt;
    if (steps.expand == nullptr && steps.project == nullptr) return std::nullopt;
    const Conv2dParameters& p = steps.depthwise->parameters();
    if (p.dilation_h != 1 || p.dilation_w != 1) return std::nullopt;
    const auto fits = [&](const std::shared_ptr<const Conv2d>& step, std::size_t channels) {
        return step->pointwise() != nullptr && channels == p.input_channels;
    };
    if (steps.expand && !fits(steps.expand, steps.expand->parameters().output_channels)) return std::nullopt;
    if (steps.project && !fits(steps.project, steps.project->parameters().input_channels)) return std::nullopt;
    return InvertedResidual(std::move(steps));
}

InvertedResidual::Layout InvertedResidual::layout(const MapSize& size, std::size_t threads) const {
    const Conv2dParameters& p = steps_.depthwise->parameters();
    const std::size_t channels = p.input_channels;
    Layout l;
    l.output_height = p.output_height(size.height);
    l.output_width = p.output_width(size.width);
    if (l.output_height == 0 || l.output_width == 0) return l;
    if (steps_.expand) l.expand = steps_.expand->pointwise_view(size);
    if (steps_.project) l.project = steps_.project->pointwise_view({size.batch, l.output_height, l.output_width});
    l.sums_floats = whole_lines(l.output_height * channels);
    const std::size_t shared_rows = steps_.expand && p.kernel_h > p.stride_h ? p.kernel_h - p.stride_h : 0;
    const std::size_t least_rows = std::max(shared_rows * least_rows_per_shared_row / p.stride_h, std::size_t{1});
    const std::size_t most_bands = threads == 1 ? 1 : threads * bands_per_thread;
    l.bands = std::clamp(l.output_height / least_rows, std::size_t{1}, most_bands);
    const auto rows_for = [&](std::size_t output_rows) { return (output_rows - 1) * p.stride_h + p.kernel_h; };
    const auto ring_of = [&](std::size_t output_rows) {
        return rows_for(output_rows) * size.width * channels * sizeof(float);
    };
    l.rows = std::min(divide_up(pixels_at_a_time, l.output_width), divide_up(l.output_height, l.bands));
    std::size_t group_channels = channels;
    if (steps_.expand) {
        // Rows too wide for the cache: fewer channels, unless all of them are to be projected at once; then fewer rows,
        // and at last fewer columns.
        const PackedView& b = l.expand;
        if (steps_.project) {
            while (l.rows > 1 && ring_of(l.rows) > ring_bytes) --l.rows;
            l.strips = std::clamp(divide_up(ring_of(1), ring_bytes), std::size_t{1}, l.output_width);
        } else {
            // A map without columns, padded, has outputs and no rings.
            l.groups = std::max(divide_up(ring_of(l.rows), ring_bytes), std::size_t{1});
            // No thread shall wait for the last task.
            while (l.tasks() % threads != 0) ++l.groups;
            l.groups = std::min(l.groups, b.panels());
        }
        // The last panel may be half as wide again as the others.
        const std::size_t vectors = divide_up(b.panels(), l.groups) * 2 + 1;
        group_channels = std::min(vectors, divide_up(channels, b.kernels->lanes)) * b.kernels->lanes;
    }
    if (steps_.project && l.bands % threads != 0) {
        l.bands = std::min(divide_up(l.bands, threads) * threads, l.output_height);
    }
    const std::size_t columns = divide_up(l.output_width, l.strips);
    const std::size_t reach = std::min((columns - 1) * p.stride_w + p.kernel_w, size.width);
    l.ring_rows = rows_for(l.rows);
    if (steps_.expand) l.ring_floats = whole_lines(l.ring_rows * reach * group_channels);
    if (steps_.project) l.depthwise_floats = whole_lines(l.rows * columns * channels);
    l.gemm_floats = whole_lines(std::max(gemm_panels_scratch_bytes(l.expand, l.ring_rows * reach),
                                         gemm_panels_scratch_bytes(l.project, l.rows * columns)) /
                                sizeof(float));
    return l;
}

std::size_t InvertedResidual::scratch_bytes(const MapSize& size, std::size_t threads) const {
    const Layout l = layout(size, threads);
    return (threads * l.worker_floats() + size.batch * l.sums_floats) * sizeof(float);
}

/// The output columns [begin, end) of a task.
void InvertedResidual::run_strip(const Layout& layout, const Task& task, std::size_t begin, std::size_t end) const {
    const Conv2dParameters& p = steps_.depthwise->parameters();
    const std::size_t all = p.input_channels;
    const std::size_t output_width = p.output_width(task.size.width);
    const std::size_t inputs = steps_.expand ? steps_.expand->parameters().input_channels : all;
    const std::size_t left = in_picture(begin * p.stride_w, p.pad_left, task.size.width);
    const std::size_t right = in_picture((end - 1) * p.stride_w + p.kernel_w, p.pad_left, task.size.width);
    const std::size_t x_row_stride = task.size.width * inputs;
    const float* x = task.x + left * inputs;

    DepthwiseStrip strip;
    strip.x = steps_.expand ? task.ring : x;
    strip.columns = right - left;
    strip.x_row_stride = steps_.expand ? strip.columns * task.stride : x_row_stride;
    strip.x_pixel_stride = task.stride;
    strip.ring = steps_.expand ? layout.ring_rows : task.size.height;
    strip.height = task.size.height;
    strip.pad_left = left + p.pad_left - begin * p.stride_w;
    strip.output_columns = end - begin;
    strip.first_channel = task.first_channel;
    strip.channels = task.channels;
    strip.y_pixel_stride = all;
    strip.y_row_stride = (steps_.project ? strip.output_columns : output_width) * all;
    std::size_t expanded = in_picture(task.first_row * p.stride_h, p.pad_top, task.size.height);
    for (std::size_t row = task.first_row; row < task.last_row; row += layout.rows) {
        strip.begin = row;
        strip.end = std::min(row + layout.rows, task.last_row);
        const std::size_t bottom = in_picture((strip.end - 1) * p.stride_h + p.kernel_h, p.pad_top, task.size.height);
        while (steps_.expand && expanded < bottom) {
            // Whole rows lie behind each other, in the picture as in the ring up to its end. A strip's do not, nor
            // those whose last columns no window reads.
            const std::size_t at = expanded % layout.ring_rows;
            const bool whole = layout.strips == 1 && strip.columns == task.size.width;
            const std::size_t rows = whole ? std::min(bottom - expanded, layout.ring_rows - at) : 1;
            gemm_panels(layout.expand, task.first_panel, task.last_panel, x + expanded * x_row_stride, inputs,
                        rows * strip.columns, task.ring + at * strip.x_row_stride, task.stride,
                        {steps_.expand->parameters().activation, nullptr, 0}, task.gemm_scratch);
            expanded += rows;
        }
        const std::size_t pixel = row * output_width + begin;
        strip.y = steps_.project ? task.depthwise : task.y + pixel * all + task.first_channel;
        strip.row_sums = task.row_sums == nullptr ? nullptr : task.row_sums + row * all;
        steps_.depthwise->depthwise()->run_strip(strip);
        if (!steps_.project) continue;
        const Conv2dParameters& project = steps_.project->parameters();
        const std::size_t at = pixel * project.output_channels;
        gemm_panels(
            layout.project, 0, layout.project.panels(), task.depthwise, all,
            (strip.end - strip.begin) * strip.output_columns, task.y + at, project.output_channels,
            {project.activation, task.residual == nullptr ? nullptr : task.residual + at, project.output_channels},
            task.gemm_scratch);
    }
}

void InvertedResidual::run(const float* x, const MapSize& size, float* y, const float* residual, float* mean,
                           std::span<std::byte> scratch, ThreadPool& pool) const {
    const Layout l = layout(size, static_cast<std::size_t>(pool.threads()));
    if (l.bands == 0) return;
    const std::size_t channels = steps_.depthwise->parameters().output_channels;
    const std::size_t inputs = steps_.expand ? steps_.expand->parameters().input_channels : channels;
    const std::size_t outputs = steps_.project ? steps_.project->parameters().output_channels : channels;
    const std::size_t pixels = l.output_height * l.output_width;
    float* of_workers = reinterpret_cast<float*>(scratch.data());
    float* sums = of_workers + static_cast<std::size_t>(pool.threads()) * l.worker_floats();
    if (mean != nullptr) std::fill_n(sums, size.batch * l.sums_floats, 0.F);

    pool.for_each_task(size.batch * l.tasks(), [&](std::size_t i, std::size_t worker) {
        const std::size_t n = i / l.tasks();
        const std::size_t band = i % l.tasks() / l.groups;
        const std::size_t group = i % l.groups;
        Task task;
        task.x = x + n * size.height * size.width * inputs;
        task.size = size;
        task.y = y + n * pixels * outputs;
        task.residual = residual == nullptr ? nullptr : residual + n * pixels * outputs;
        task.row_sums = mean == nullptr ? nullptr : sums + n * l.sums_floats;
        task.ring = of_workers + worker * l.worker_floats();
        task.depthwise = task.ring + l.ring_floats;
        task.gemm_scratch = std::as_writable_bytes(std::span(task.depthwise + l.depthwise_floats, l.gemm_floats));
        task.first_row = l.output_height * band / l.bands;
        task.last_row = l.output_height * (band + 1) / l.bands;
        task.channels = task.stride = channels;
        if (steps_.expand) choose_channels(l, task, group);
        for (std::size_t s = 0; s < l.strips; ++s) {
            run_strip(l, task, l.output_width * s / l.strips, l.output_width * (s + 1) / l.strips);
        }
    });
    for (std::size_t n = 0; mean != nullptr && n < size.batch; ++n) {
        steps_.depthwise->depthwise()->mean_of_rows(sums + n * l.sums_floats, l.output_height, pixels,
                                                    mean + n * channels);
    }
}

void InvertedResidual::choose_channels(const Layout& layout, Task& task, std::size_t group) {
    const PackedView& b = layout.expand;
    task.first_panel = b.panels() * group / layout.groups;
    task.last_panel = b.panels() * (group + 1) / layout.groups;
    const PackedView::Panel back = b.panel(task.last_panel - 1);
    task.first_channel = b.panel(task.first_panel).column;
    task.channels = back.column + back.columns - task.first_channel;
    task.stride = divide_up(task.channels, b.kernels->lanes) * b.kernels->lanes;
}

} // namespace detect
