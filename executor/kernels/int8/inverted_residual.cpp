// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/inverted_residual.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

constexpr std::size_t bands_per_thread = 2;
/// A band computes the rows that it shares with the one above again: it has at least so many times as many.
constexpr std::size_t least_rows_per_shared_row = 8;
/// Pixels that are expanded and projected at a time, if rows are short: weights are read once for them.
constexpr std::size_t pixels_at_a_time = 256;
constexpr std::size_t most_pixels_of_sums = std::size_t{1} << 22U;
constexpr std::size_t most_named_rows = 8;
constexpr std::array<std::size_t, 1> one_segment{0};

/// Position `at`, counted from the start of the padding, as one in the picture.
std::size_t in_picture(std::size_t at, std::size_t pad, std::size_t size) {
    return std::min(at > pad ? at - pad : 0, size);
}

} // namespace

/// How a picture is cut into bands of rows, and the memory that a worker needs, in bytes.
struct Int8InvertedResidual::Layout {
    MapSize size;
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t padded_width = 0;
    std::size_t bands = 0;
    /// Output rows at a time.
    std::size_t rows = 1;
    /// The last few rows that the depthwise step reads, padded, and one row of padding.
    std::size_t ring_rows = 0;
    std::size_t row_bytes = 0;
    std::size_t ring_bytes = 0;
    /// For each pixel that is expanded at a time, where it goes.
    std::size_t places_bytes = 0;
    std::size_t depthwise_bytes = 0;
    std::size_t sums_bytes = 0;

    [[nodiscard]] std::size_t worker_bytes() const { return ring_bytes + places_bytes + depthwise_bytes; }
};

/// A band of rows of one picture.
struct Int8InvertedResidual::Task {
    const std::uint8_t* x = nullptr;
    Int8Finish finish;
    std::size_t first_row = 0;
    std::size_t last_row = 0;
    std::uint8_t* ring = nullptr;
    const std::uint8_t* padding = nullptr;
    std::int32_t* places = nullptr;
    std::uint8_t* depthwise = nullptr;
    /// Null, or [channels].
    std::int32_t* sums = nullptr;
    /// Where outputs of the depthwise step go: row 0 of the picture, or of what is projected.
    std::uint8_t* y = nullptr;
    std::size_t y_stride = 0;
};

std::optional<Int8InvertedResidual> Int8InvertedResidual::make(Steps steps) {
    if (!steps.depthwise || steps.depthwise->depthwise() == nullptr) return std::nullopt;
    const Int8ConvParameters& p = steps.depthwise->parameters();
    const auto fits = [](const std::shared_ptr<const Int8Conv>& step) {
        return !step || (step->parameters().shape.is_pointwise() && !step->parameters().gated);
    };
    if (!p.output || p.rounding || p.residual || p.gated || !fits(steps.expand) || !fits(steps.project)) {
        return std::nullopt;
    }
    if (steps.expand) {
        const Int8ConvParameters& e = steps.expand->parameters();
        const bool same = e.shape.output_channels == p.shape.input_channels && e.output == p.input;
        if (!same || e.rounding || e.residual) return std::nullopt;
    }
    if (steps.project) {
        const Int8ConvParameters& q = steps.project->parameters();
        if (q.shape.input_channels != p.shape.output_channels || q.input != p.output) return std::nullopt;
    }
    return Int8InvertedResidual(std::move(steps));
}

Int8InvertedResidual::Layout Int8InvertedResidual::layout(const MapSize& size, std::size_t threads) const {
    const Conv2dParameters& p = steps_.depthwise->parameters().shape;
    const std::size_t pixel_bytes = steps_.depthwise->depthwise()->pixel_stride();
    Layout l;
    l.size = size;
    l.output_height = p.output_height(size.height);
    l.output_width = p.output_width(size.width);
    if (l.output_height == 0 || l.output_width == 0) return l;
    l.padded_width = size.width + p.pad_left + p.pad_right;
    const std::size_t shared_rows = steps_.expand && p.kernel_h > p.stride_h ? p.kernel_h - p.stride_h : 0;
    const std::size_t least_rows = std::max(shared_rows * least_rows_per_shared_row / p.stride_h, std::size_t{1});
    const std::size_t most_bands = threads == 1 ? 1 : threads * bands_per_thread;
    l.bands = std::clamp(l.output_height / least_rows, std::size_t{1}, most_bands);
    if (size.batch * l.bands % threads != 0) {
        l.bands = std::min(round_up(l.bands, threads), l.output_height);
    }
    // The sums of a band's bytes stay within 32 bits.
    l.bands =
        std::max(l.bands, std::min(divide_up(l.output_height * l.output_width, most_pixels_of_sums), l.output_height));
    l.rows = std::min(divide_up(pixels_at_a_time, l.output_width), divide_up(l.output_height, l.bands));
    l.ring_rows = (l.rows - 1) * p.stride_h + p.kernel_h;
    l.row_bytes = l.padded_width * pixel_bytes;
    l.ring_bytes = round_up((l.ring_rows + 1) * l.row_bytes, cache_line_bytes);
    l.places_bytes = round_up(l.ring_rows * size.width * sizeof(std::int32_t), cache_line_bytes);
    if (steps_.project) {
        l.depthwise_bytes = round_up(l.rows * l.output_width * p.output_channels, cache_line_bytes);
    }
    l.sums_bytes = round_up(p.output_channels * sizeof(std::int32_t), cache_line_bytes);
    return l;
}

std::size_t Int8InvertedResidual::scratch_bytes(const MapSize& size, std::size_t threads) const {
    const Layout l = layout(size, threads);
    return threads * l.worker_bytes() + size.batch * l.bands * l.sums_bytes;
}

/// Brings rows [begin, end) of the picture, expanded, into the ring.
void Int8InvertedResidual::fill_rows(const Layout& l, const Task& task, std::size_t begin, std::size_t end) const {
    if (begin == end) return;
    const Conv2dParameters& p = steps_.depthwise->parameters().shape;
    const std::size_t pixel_bytes = steps_.depthwise->depthwise()->pixel_stride();
    const std::size_t width = l.size.width;
    if (steps_.expand) {
        const std::size_t inputs = steps_.expand->parameters().shape.input_channels;
        for (std::size_t row = begin; row < end; ++row) {
            const std::size_t first = row % l.ring_rows * l.padded_width + p.pad_left;
            for (std::size_t x = 0; x < width; ++x) {
                task.places[(row - begin) * width + x] = static_cast<std::int32_t>(first + x);
            }
        }
        Int8Finish finish = steps_.expand->finish();
        finish.bytes = task.ring;
        finish.stride = pixel_bytes;
        int8_gemm_rows(*steps_.expand->matrix(), task.x + begin * width * inputs, inputs, (end - begin) * width,
                       one_segment, task.places, finish);
        return;
    }
    for (std::size_t row = begin; row < end; ++row) {
        std::uint8_t* const to = task.ring + row % l.ring_rows * l.row_bytes + p.pad_left * pixel_bytes;
        const std::uint8_t* const from = task.x + row * width * p.input_channels;
        if (pixel_bytes == p.input_channels) {
            std::copy_n(from, width * pixel_bytes, to);
            continue;
        }
        for (std::size_t x = 0; x < width; ++x) {
            std::copy_n(from + x * p.input_channels, p.input_channels, to + x * pixel_bytes);
        }
    }
}

void Int8InvertedResidual::run_depthwise(const Layout& l, const Task& task, std::size_t row) const {
    const Int8ConvParameters& parameters = steps_.depthwise->parameters();
    const Conv2dParameters& p = parameters.shape;
    std::array<const std::uint8_t*, most_named_rows> rows;
    rows.fill(task.padding);
    for (std::size_t i = 0; i < p.kernel_h; ++i) {
        // What lies above the picture wraps round to something huge.
        const std::size_t y = row * p.stride_h + i - p.pad_top;
        if (y < l.size.height) rows[i] = task.ring + y % l.ring_rows * l.row_bytes;
    }
    Int8DepthwiseRow r;
    steps_.depthwise->depthwise()->describe(r);
    r.rows = rows.data();
    r.columns = l.output_width;
    r.finish.unit = parameters.unit();
    r.finish.bytes = task.y + (steps_.project ? 0 : row) * l.output_width * task.y_stride;
    r.finish.stride = task.y_stride;
    r.finish.output = *parameters.output;
    r.sums = task.sums;
    steps_.depthwise->depthwise()->kernels().depthwise(r);
}

void Int8InvertedResidual::run_band(const Layout& l, const Task& task) const {
    const Conv2dParameters& p = steps_.depthwise->parameters().shape;
    std::size_t filled = in_picture(task.first_row * p.stride_h, p.pad_top, l.size.height);
    for (std::size_t begin = task.first_row; begin < task.last_row; begin += l.rows) {
        const std::size_t end = std::min(begin + l.rows, task.last_row);
        const std::size_t bottom = in_picture((end - 1) * p.stride_h + p.kernel_h, p.pad_top, l.size.height);
        if (bottom > filled) fill_rows(l, task, filled, bottom);
        filled = std::max(filled, bottom);
        for (std::size_t row = begin; row < end; ++row) {
            Task of_row = task;
            if (steps_.project) of_row.y += (row - begin) * l.output_width * task.y_stride;
            run_depthwise(l, of_row, row);
        }
        if (!steps_.project) continue;
        const Int8Matrix& matrix = *steps_.project->matrix();
        Int8Finish finish = task.finish;
        const std::size_t at = begin * l.output_width * finish.stride;
        if (finish.bytes != nullptr) finish.bytes += at;
        if (finish.floats != nullptr) finish.floats += at;
        if (finish.byte_residual != nullptr) finish.byte_residual += at;
        if (finish.float_residual != nullptr) finish.float_residual += at;
        int8_gemm_rows(matrix, task.depthwise, p.output_channels, (end - begin) * l.output_width, one_segment, nullptr,
                       finish);
    }
}

void Int8InvertedResidual::run(const Int8ConvData& data, const MapSize& size, float* mean, std::span<std::byte> scratch,
                               ThreadPool& pool) const {
    const auto threads = static_cast<std::size_t>(pool.threads());
    const Layout l = layout(size, threads);
    if (l.bands == 0) return;
    const Int8ConvParameters& middle = steps_.depthwise->parameters();
    const std::size_t channels = middle.shape.output_channels;
    const std::size_t inputs = steps_.expand ? steps_.expand->parameters().shape.input_channels : channels;
    const std::size_t pixels = l.output_height * l.output_width;
    std::byte* const all_sums = scratch.data() + threads * l.worker_bytes();
    if (mean != nullptr) std::fill_n(all_sums, size.batch * l.bands * l.sums_bytes, std::byte{0});

    pool.for_each_task(size.batch * l.bands, [&](std::size_t i, std::size_t worker) {
        const std::size_t n = i / l.bands;
        const std::size_t band = i % l.bands;
        Task task;
        task.x = data.x + n * size.height * size.width * inputs;
        task.first_row = l.output_height * band / l.bands;
        task.last_row = l.output_height * (band + 1) / l.bands;
        auto* const memory = reinterpret_cast<std::uint8_t*>(scratch.data() + worker * l.worker_bytes());
        task.ring = memory;
        task.padding = memory + l.ring_rows * l.row_bytes;
        task.places = reinterpret_cast<std::int32_t*>(memory + l.ring_bytes);
        task.depthwise = memory + l.ring_bytes + l.places_bytes;
        // Rows are written between their padding, which stays.
        std::fill_n(task.ring, (l.ring_rows + 1) * l.row_bytes, static_cast<std::uint8_t>(middle.input.zero_point));
        if (mean != nullptr) task.sums = reinterpret_cast<std::int32_t*>(all_sums + i * l.sums_bytes);
        task.y = steps_.project ? task.depthwise : data.bytes + n * pixels * channels;
        task.y_stride = channels;
        if (steps_.project) {
            task.finish = steps_.project->finish();
            const std::size_t at = n * pixels * task.finish.stride;
            if (data.bytes != nullptr) task.finish.bytes = data.bytes + at;
            if (data.floats != nullptr) task.finish.floats = data.floats + at;
            if (data.byte_residual != nullptr) task.finish.byte_residual = data.byte_residual + at;
            if (data.float_residual != nullptr) task.finish.float_residual = data.float_residual + at;
        }
        run_band(l, task);
    });
    if (mean == nullptr) return;
    const float scale = middle.output->scale / static_cast<float>(pixels);
    for (std::size_t n = 0; n < size.batch; ++n) {
        for (std::size_t c = 0; c < channels; ++c) {
            std::int64_t sum = -static_cast<std::int64_t>(pixels) * middle.output->zero_point;
            for (std::size_t band = 0; band < l.bands; ++band) {
                sum += reinterpret_cast<const std::int32_t*>(all_sums + (n * l.bands + band) * l.sums_bytes)[c];
            }
            mean[n * channels + c] = static_cast<float>(sum) * scale;
        }
    }
}

} // namespace detect
