// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/indirect_conv.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// Segments (taps, or rows of taps) handed to a tile at a time.
constexpr std::size_t most_segments = 64;
constexpr std::size_t tasks_per_thread = 4;

} // namespace

/// Pictures, each all there or (a single one) with the last `ring` rows of it.
struct IndirectConv::Input {
    const float* x = nullptr;
    std::size_t height = 0;
    std::size_t width = 0;
    std::size_t row_stride = 0;
    std::size_t ring = 0;
    std::size_t output_height = 0;
    std::size_t output_width = 0;
};

namespace {

/// Where the window of one output pixel starts in its picture, counted from the start of the padding.
struct Window {
    const float* picture = nullptr;
    std::size_t top = 0;
    std::size_t left = 0;
};

/// The pointers that a tile of output pixels reads.
class TileRows {
public:
    TileRows(const Conv2dParameters& parameters, std::size_t height, std::size_t width, std::size_t row_stride,
             std::size_t ring, const float* zeros)
        : p_(parameters), height_(height), width_(width), row_stride_(row_stride), ring_(ring),
          output_height_(parameters.output_height(height)), output_width_(parameters.output_width(width)),
          zeros_(zeros), runs_(parameters.dilation_w == 1 && parameters.groups == 1) {}

    /// Starts a tile of `rows` output pixels from one on, which go on to the next row and picture.
    void start(std::size_t rows, const float* picture, std::size_t output_row, std::size_t output_column) {
        rows_ = rows;
        const std::size_t left = output_column * p_.stride_w;
        const std::size_t right = left + (rows - 1) * p_.stride_w + p_.kernel_w;
        one_run_ =
            runs_ && output_column + rows <= output_width_ && left >= p_.pad_left && right - p_.pad_left <= width_;
        windows_[0] = {picture, output_row * p_.stride_h, left};
        for (std::size_t r = 1; r < rows && !one_run_; ++r) {
            if (++output_column == output_width_) {
                output_column = 0;
                if (++output_row == output_height_) {
                    output_row = 0;
                    picture += height_ * row_stride_;
                }
            }
            windows_[r] = {picture, output_row * p_.stride_h, output_column * p_.stride_w};
        }
    }

    /// True if the pixels are neighbours and no window reaches over the left or right edge: then a kernel row is one
    /// run of memory, and a segment; otherwise a tap is one.
    [[nodiscard]] bool one_run() const { return one_run_; }

    /// Pointers of the segments [first, first + count).
    void fill(std::size_t first, std::size_t count, const float** to) const {
        for (std::size_t s = first; s < first + count; ++s, to += rows_) {
            if (one_run_) {
                const float* from = at(windows_[0], s * p_.dilation_h, 0);
                const std::size_t step = from == zeros_ ? 0 : p_.stride_w * p_.input_channels;
                for (std::size_t r = 0; r < rows_; ++r) to[r] = from + r * step;
            } else {
                const std::size_t down = s / p_.kernel_w * p_.dilation_h;
                const std::size_t right = s % p_.kernel_w * p_.dilation_w;
                for (std::size_t r = 0; r < rows_; ++r) to[r] = at(windows_[r], down, right);
            }
        }
    }

private:
    [[nodiscard]] const float* at(const Window& window, std::size_t down, std::size_t right) const {
        // What lies before the picture wraps round to something huge.
        const std::size_t y = window.top + down - p_.pad_top;
        const std::size_t x = window.left + right - p_.pad_left;
        if (y >= height_ || x >= width_) return zeros_;
        return window.picture + (y < ring_ ? y : y % ring_) * row_stride_ + x * p_.input_channels;
    }

    const Conv2dParameters& p_;
    std::size_t height_;
    std::size_t width_;
    std::size_t row_stride_;
    std::size_t ring_;
    std::size_t output_height_;
    std::size_t output_width_;
    const float* zeros_;
    /// Whether the taps of a kernel row lie next to each other.
    bool runs_;
    bool one_run_ = false;
    std::size_t rows_ = 0;
    std::array<Window, max_tile_rows> windows_{};
};

} // namespace

Result<IndirectConv> IndirectConv::prepare(const KernelTable& kernels, const Conv2dParameters& p,
                                           std::span<const float> weights, std::span<const float> bias) {
    if (auto checked = check_conv2d(p, weights, bias); !checked.ok()) return std::move(checked).error();
    IndirectConv conv;
    conv.kernels_ = &kernels;
    conv.parameters_ = p;
    const std::size_t channels = p.input_channels / p.groups;
    const std::size_t outputs = p.output_channels / p.groups;
    const std::size_t taps = p.kernel_h * p.kernel_w;
    auto zeros = AlignedBuffer::allocate(p.kernel_w * channels);
    if (!zeros.ok()) return std::move(zeros).error();
    conv.zeros_ = *std::move(zeros);
    for (std::size_t g = 0; g < p.groups; ++g) {
        const auto of_group = weights.subspan(g * outputs * channels * taps, outputs * channels * taps);
        auto packed = PackedMatrix::pack(kernels, WeightOrder::output_major, of_group, taps * channels, outputs,
                                         bias.empty() ? bias : bias.subspan(g * outputs, outputs), taps);
        if (!packed.ok()) return std::move(packed).error();
        conv.weights_.push_back(*std::move(packed));
    }
    return conv;
}

void IndirectConv::run_block(const Input& input, std::size_t group, std::size_t panel_index, std::size_t begin,
                             std::size_t end, float* y, const float* residual) const {
    const Conv2dParameters& p = parameters_;
    const PackedView b = weights_[group].view();
    const PackedView::Panel panel = b.panel(panel_index);
    const std::size_t channels = p.input_channels / p.groups;
    const std::size_t column = group * b.n + panel.column;
    std::array<const float*, most_segments * max_tile_rows> pointers;
    GemmTile tile;
    tile.a = pointers.data();
    tile.ldc = p.output_channels;
    tile.columns = panel.columns;
    tile.residual_stride = p.output_channels;

    TileRows tile_rows(p, input.height, input.width, input.row_stride, input.ring, zeros_.data());
    const std::size_t pixels = input.output_height * input.output_width;
    const std::size_t tiles = divide_up(end - begin, kernels_->tile_rows[panel.vectors]);
    for (std::size_t t = 0; t < tiles; ++t) {
        const std::size_t first = begin + (end - begin) * t / tiles;
        const std::size_t rows = begin + (end - begin) * (t + 1) / tiles - first;
        const std::size_t picture = first / pixels * input.height * input.row_stride;
        tile_rows.start(rows, input.x + picture + group * channels, first % pixels / input.output_width,
                        first % input.output_width);
        const std::size_t segments = tile_rows.one_run() ? p.kernel_h : p.kernel_h * p.kernel_w;
        tile.segment_length = tile_rows.one_run() ? p.kernel_w * channels : channels;
        tile.c = y + (first - begin) * p.output_channels + column;
        for (std::size_t s = 0; s < segments; s += most_segments) {
            tile.segments = std::min(most_segments, segments - s);
            tile_rows.fill(s, tile.segments, pointers.data());
            const bool ends = s + tile.segments == segments;
            tile.adds = s > 0;
            tile.bias = ends ? b.bias + panel.column : nullptr;
            tile.activation = ends ? p.activation : Activation::none;
            tile.residual =
                ends && residual != nullptr ? residual + (first - begin) * p.output_channels + column : nullptr;
            tile.b = b.weights + panel.offset + s * tile.segment_length * panel.vectors * kernels_->lanes;
            kernels_->gemm_tiles[panel.vectors][rows](tile);
        }
    }
}

void IndirectConv::run_row(const KeptRows& x, const MapSize& size, std::size_t row, float* y) const {
    const Input input{.x = x.floats(),
                      .height = size.height,
                      .width = size.width,
                      .row_stride = x.stride / sizeof(float),
                      .ring = x.ring,
                      .output_height = parameters_.output_height(size.height),
                      .output_width = parameters_.output_width(size.width)};
    const std::size_t first = row * input.output_width;
    for (std::size_t group = 0; group < weights_.size(); ++group) {
        for (std::size_t panel = 0; panel < weights_[group].view().panels(); ++panel) {
            run_block(input, group, panel, first, first + input.output_width, y, nullptr);
        }
    }
}

std::size_t IndirectConv::weight_bytes() const {
    std::size_t bytes = zeros_.bytes();
    for (const PackedMatrix& group : weights_) bytes += group.bytes();
    return bytes;
}

void IndirectConv::run(const float* x, const MapSize& size, float* y, const float* residual, ThreadPool& pool) const {
    const Input input{.x = x,
                      .height = size.height,
                      .width = size.width,
                      .row_stride = size.width * parameters_.input_channels,
                      .ring = size.height,
                      .output_height = parameters_.output_height(size.height),
                      .output_width = parameters_.output_width(size.width)};
    const std::size_t rows = size.batch * input.output_height * input.output_width;
    if (rows == 0) return;
    const std::size_t panels = weights_.front().view().panels();
    const std::size_t threads = static_cast<std::size_t>(pool.threads());
    // A few tiles at least for each panel, or its weights are read more often than they are used.
    const std::size_t least_rows = 4 * kernels_->tile_rows[2];
    const std::size_t row_blocks = std::clamp(rows / least_rows, std::size_t{1}, threads * tasks_per_thread);
    const std::size_t column_blocks = parameters_.groups * panels;
    const std::size_t tasks = row_blocks * column_blocks;
    pool.parallel_for(tasks, divide_up(tasks, threads * tasks_per_thread), [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            const std::size_t block = task / column_blocks;
            const std::size_t group = task % column_blocks / panels;
            const std::size_t first = rows * block / row_blocks;
            const std::size_t at = first * parameters_.output_channels;
            run_block(input, group, task % panels, first, rows * (block + 1) / row_blocks, y + at,
                      residual == nullptr ? nullptr : residual + at);
        }
    });
}

} // namespace detect
