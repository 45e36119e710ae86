// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/split_conv.h"

#include "executor/kernels/split_blocks.h"

#include <algorithm>

namespace detect {

namespace {

/// What a band's split inputs may take of a second-level cache.
constexpr std::size_t band_bytes = std::size_t{1} << 20U;

} // namespace

/// Positions are counted along the rows of the padded picture, so that the inputs of a tap lie a fixed way from those
/// of the first one. Outputs at the end of a row, where the kernel would reach into the next, are computed and dropped.
struct SplitConv::Layout {
    MapSize size;
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t padded_width = 0;
    /// Bands of rows in a picture, and the most rows and positions that one has, inputs included.
    std::size_t bands = 0;
    std::size_t band_rows = 0;
    std::size_t positions = 0;
    std::size_t split_a_bytes = 0;
    std::size_t split_b_bytes = 0;
    std::size_t rows_of_c_bytes = 0;
    std::size_t partial_bytes = 0;

    [[nodiscard]] std::size_t outputs() const { return (band_rows - 1) * padded_width + output_width; }
    [[nodiscard]] std::size_t worker_bytes() const {
        return split_a_bytes + split_b_bytes + rows_of_c_bytes + partial_bytes;
    }
};

/// Some rows of one picture's output.
struct SplitConv::Band {
    const float* x = nullptr;
    float* y = nullptr;
    const float* residual = nullptr;
    std::size_t first_row = 0;
    std::size_t rows = 0;
    std::uint16_t* split_a = nullptr;
    std::uint16_t* split_b = nullptr;
    std::int32_t* rows_of_c = nullptr;
    float* partial = nullptr;
};

bool SplitConv::supports(const KernelTable& kernels, const Conv2dParameters& p) {
    return p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 && p.dilation_w == 1 && p.groups == 1 &&
           tiles_for(kernels, p.input_channels, p.output_channels) != nullptr;
}

Result<SplitConv> SplitConv::prepare(const KernelTable& kernels, const Conv2dParameters& p,
                                     std::span<const float> weights, std::span<const float> bias) {
    if (auto checked = check_conv2d(p, weights, bias); !checked.ok()) return std::move(checked).error();
    if (!supports(kernels, p)) {
        return Error{ErrorCode::invalid_argument,
                     "cannot prepare a convolution on tiles: it must be of stride and dilation 1, without groups, with "
                     "64 channels in and 32 out at least, and the processor must have tiles"};
    }
    SplitConv conv;
    conv.parameters_ = p;
    auto zeros = AlignedBuffer::allocate(p.input_channels);
    if (!zeros.ok()) return std::move(zeros).error();
    conv.zeros_ = *std::move(zeros);
    const std::size_t taps = p.kernel_h * p.kernel_w;
    auto packed = PackedMatrix::pack(kernels, WeightOrder::output_major, weights, taps * p.input_channels,
                                     p.output_channels, bias, taps);
    if (!packed.ok()) return std::move(packed).error();
    conv.weights_ = *std::move(packed);
    return conv;
}

SplitConv::Layout SplitConv::layout(const MapSize& size, std::size_t threads) const {
    const Conv2dParameters& p = parameters_;
    Layout l;
    l.size = size;
    l.output_height = p.output_height(size.height);
    l.output_width = p.output_width(size.width);
    if (l.output_height == 0 || l.output_width == 0 || size.batch == 0) return l;
    l.padded_width = size.width + p.pad_left + p.pad_right;
    const std::size_t position_bytes =
        SplitBlocks(p.input_channels).steps() * 3 * SplitKernels::depth * sizeof(std::uint16_t);
    const std::size_t wanted = divide_up(l.output_height * l.padded_width * position_bytes, band_bytes);
    l.bands = std::min(std::max(wanted, size.batch >= threads ? std::size_t{1} : threads), l.output_height);
    l.band_rows = divide_up(l.output_height, l.bands);
    // The last tile may reach past the last output.
    l.positions = (l.band_rows + p.kernel_h - 1) * l.padded_width + SplitKernels::rows;
    l.split_a_bytes = round_up(l.positions * position_bytes, cache_line_bytes);
    l.split_b_bytes = SplitBlocks::panel_size * sizeof(std::uint16_t);
    l.rows_of_c_bytes = round_up(l.outputs() * sizeof(std::int32_t), cache_line_bytes);
    l.partial_bytes = l.outputs() * max_panel_vectors * weights_.view().kernels->lanes * sizeof(float);
    return l;
}

std::size_t SplitConv::scratch_bytes(const MapSize& size, std::size_t threads) const {
    return threads * layout(size, threads).worker_bytes();
}

/// [steps, 3, positions, 32], zeros in the padding.
void SplitConv::split_band(const Layout& l, const Band& band) const {
    const Conv2dParameters& p = parameters_;
    const std::size_t part_stride = l.positions * SplitKernels::depth;
    for (std::size_t row = 0; row < band.rows + p.kernel_h - 1; ++row) {
        // What lies before the picture wraps round to something huge.
        const std::size_t y = band.first_row + row - p.pad_top;
        for (std::size_t column = 0; column < l.padded_width; ++column) {
            const std::size_t x = column - p.pad_left;
            const bool inside = y < l.size.height && x < l.size.width;
            const float* from = inside ? band.x + (y * l.size.width + x) * p.input_channels : zeros_.data();
            weights_.view().kernels->split->split_row(from, p.input_channels, part_stride, 3 * part_stride,
                                                      band.split_a +
                                                          (row * l.padded_width + column) * SplitKernels::depth);
        }
    }
}

void SplitConv::run_band(const Layout& l, const Band& band) const {
    const Conv2dParameters& p = parameters_;
    const PackedView b = weights_.view();
    const SplitKernels& kernels = *b.kernels->split;
    split_band(l, band);
    SplitProduct product;
    product.rows = (band.rows - 1) * l.padded_width + l.output_width;
    for (std::size_t i = 0; i < product.rows; ++i) {
        const std::size_t column = i % l.padded_width;
        band.rows_of_c[i] =
            column < l.output_width ? static_cast<std::int32_t>(i / l.padded_width * l.output_width + column) : -1;
    }
    product.rows_of_c = band.rows_of_c;
    product.partial = band.partial;
    product.part_stride = l.positions * SplitKernels::depth;
    product.step_stride = 3 * product.part_stride;
    product.tile_stride = SplitKernels::rows * SplitKernels::depth;
    product.split_b = band.split_b;
    product.ldc = product.residual_stride = p.output_channels;
    product.activation = p.activation;
    const std::size_t taps = p.kernel_h * p.kernel_w;
    const SplitBlocks blocks(p.input_channels);
    for (std::size_t i = 0; i < b.panels(); ++i) {
        const PackedView::Panel panel = b.panel(i);
        const std::size_t width = panel.vectors * b.kernels->lanes;
        product.vectors = panel.vectors;
        product.columns = panel.columns;
        product.bias = b.bias + panel.column;
        product.c = band.y + panel.column;
        product.residual = band.residual == nullptr ? nullptr : band.residual + panel.column;
        for (std::size_t t = 0; t < taps; ++t) {
            const std::size_t shift = t / p.kernel_w * l.padded_width + t % p.kernel_w;
            for (std::size_t block = 0; block < blocks.count(); ++block) {
                const std::size_t channel = blocks.begin(block);
                const std::size_t channels = blocks.begin(block + 1) - channel;
                const float* weights = b.weights + panel.offset + (t * p.input_channels + channel) * width;
                kernels.split_panel(weights, channels, panel.vectors, band.split_b);
                product.split_a = band.split_a + blocks.step(block) * product.step_stride + shift * SplitKernels::depth;
                product.steps = blocks.step(block + 1) - blocks.step(block);
                product.adds = t + block > 0;
                product.ends = t + 1 == taps && block + 1 == blocks.count();
                product.next = weights + channels * width;
                product.next_floats = product.ends ? 0 : channels * width;
                kernels.multiply(product);
            }
        }
    }
}

void SplitConv::run(const float* x, const MapSize& size, float* y, const float* residual, std::span<std::byte> scratch,
                    ThreadPool& pool) const {
    const Layout l = layout(size, static_cast<std::size_t>(pool.threads()));
    if (l.bands == 0) return;
    const Conv2dParameters& p = parameters_;
    pool.for_each_task(size.batch * l.bands, [&](std::size_t task, std::size_t worker) {
        const std::size_t picture = task / l.bands;
        Band band;
        band.first_row = l.output_height * (task % l.bands) / l.bands;
        band.rows = l.output_height * (task % l.bands + 1) / l.bands - band.first_row;
        band.x = x + picture * size.height * size.width * p.input_channels;
        const std::size_t at = (picture * l.output_height + band.first_row) * l.output_width * p.output_channels;
        band.y = y + at;
        band.residual = residual == nullptr ? nullptr : residual + at;
        std::byte* const memory = scratch.data() + worker * l.worker_bytes();
        band.split_a = reinterpret_cast<std::uint16_t*>(memory);
        band.split_b = reinterpret_cast<std::uint16_t*>(memory + l.split_a_bytes);
        band.rows_of_c = reinterpret_cast<std::int32_t*>(memory + l.split_a_bytes + l.split_b_bytes);
        band.partial = reinterpret_cast<float*>(memory + l.split_a_bytes + l.split_b_bytes + l.rows_of_c_bytes);
        run_band(l, band);
    });
}

} // namespace detect
