// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/winograd_conv.h"

#include "executor/kernels/gemm.h"
#include "executor/kernels/rounding.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

constexpr std::size_t products = 16;
/// Tiles whose transforms are kept at a time (at 256 channels 0.9 MiB, for a second-level cache), and panels of outputs
/// that their products are computed for at a time.
constexpr std::size_t tiles_at_a_time = 56;
constexpr std::size_t panels_at_a_time = 1;
/// With fewer channels the transforms cost more than the products save.
constexpr std::size_t least_channels = 64;

/// G·g·Gᵀ of one 3×3 filter, in double.
std::array<double, products> transform_filter(std::span<const float> g) {
    constexpr double G[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
    std::array<double, products> u{};
    for (std::size_t i = 0; i < products; ++i) {
        for (std::size_t t = 0; t < 9; ++t) u[i] += G[i / 4][t / 3] * G[i % 4][t % 3] * static_cast<double>(g[t]);
    }
    return u;
}

} // namespace

/// A tile of 2 × 2 outputs, and of the 4 × 4 inputs from the same place on in the padded picture.
struct WinogradConv::Tile {
    std::size_t picture = 0;
    std::size_t top = 0;
    std::size_t left = 0;
};

/// The maps of one run. Tiles are counted from left to right, top to bottom, picture by picture.
struct WinogradConv::Map {
    const float* x = nullptr;
    MapSize size;
    float* y = nullptr;
    const float* residual = nullptr;
    std::size_t output_height = 0;
    std::size_t output_width = 0;
    std::size_t tile_rows = 0;
    std::size_t tile_columns = 0;

    [[nodiscard]] Tile tile(std::size_t index) const {
        return {index / (tile_rows * tile_columns), index / tile_columns % tile_rows * 2, index % tile_columns * 2};
    }
};

bool WinogradConv::supports(const Conv2dParameters& p) {
    return p.kernel_h == 3 && p.kernel_w == 3 && p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 &&
           p.dilation_w == 1 && p.groups == 1 && p.input_channels >= least_channels &&
           p.output_channels >= least_channels;
}

Result<WinogradConv> WinogradConv::prepare(const KernelTable& kernels, const Conv2dParameters& p,
                                           std::span<const float> weights, std::span<const float> bias) {
    if (auto checked = check_conv2d(p, weights, bias); !checked.ok()) return std::move(checked).error();
    if (!supports(p)) {
        return Error{
            ErrorCode::invalid_argument,
            "cannot prepare a convolution by Winograd's method: it must be 3×3, of stride and dilation 1, with 64 "
            "channels in and out"};
    }
    WinogradConv conv;
    conv.kernels_ = &kernels;
    conv.parameters_ = p;
    auto padded_bias = AlignedBuffer::allocate(p.output_channels);
    if (!padded_bias.ok()) return std::move(padded_bias).error();
    conv.bias_ = *std::move(padded_bias);
    std::copy(bias.begin(), bias.end(), conv.bias_.data());
    const std::size_t count = p.output_channels * p.input_channels;
    auto memory = AlignedBuffer::allocate(products * count);
    if (!memory.ok()) return std::move(memory).error();
    const std::span<float> transformed = memory.value().floats();
    for (std::size_t i = 0; i < count; ++i) {
        const auto u = transform_filter(weights.subspan(i * 9, 9));
        for (std::size_t k = 0; k < products; ++k) transformed[k * count + i] = static_cast<float>(u[k]);
    }
    for (std::size_t k = 0; k < products; ++k) {
        auto packed = PackedMatrix::pack(kernels, WeightOrder::output_major, transformed.subspan(k * count, count),
                                         p.input_channels, p.output_channels, {});
        if (!packed.ok()) return std::move(packed).error();
        conv.weights_.push_back(*std::move(packed));
    }
    return conv;
}

std::size_t WinogradConv::weight_bytes() const {
    std::size_t bytes = bias_.bytes();
    for (const PackedMatrix& product : weights_) bytes += product.bytes();
    return bytes;
}

std::size_t WinogradConv::scratch_bytes(const MapSize& size) const {
    const std::size_t tiles = size.batch * divide_up(parameters_.output_height(size.height), 2) *
                              divide_up(parameters_.output_width(size.width), 2);
    const std::size_t blocks = divide_up(tiles, tiles_at_a_time);
    // The last panel may be half as wide again as the others.
    const std::size_t widest = (panels_at_a_time * 2 + 1) * kernels_->lanes;
    return blocks * products * tiles_at_a_time * (parameters_.input_channels + widest) * sizeof(float);
}

/// v [16, tiles, input] = the transforms of the tiles [first, last).
void WinogradConv::transform_inputs(const Map& map, std::size_t first, std::size_t last, float* v) const {
    const std::size_t inputs = parameters_.input_channels;
    for (std::size_t tile = first; tile < last; ++tile) {
        const Tile at = map.tile(tile);
        const float* picture = map.x + at.picture * map.size.height * map.size.width * inputs;
        std::array<const float*, products> pixels{};
        for (std::size_t i = 0; i < products; ++i) {
            // What lies before the picture wraps round to something huge.
            const std::size_t row = at.top + i / 4 - parameters_.pad_top;
            const std::size_t column = at.left + i % 4 - parameters_.pad_left;
            const bool inside = row < map.size.height && column < map.size.width;
            pixels[i] = inside ? picture + (row * map.size.width + column) * inputs : nullptr;
        }
        kernels_->winograd_input(pixels.data(), inputs, v + (tile - first) * inputs, (last - first) * inputs);
    }
}

/// The outputs of the tiles [first, last), for the channels that start at `channel`, from their products m [16, tiles,
/// channels].
void WinogradConv::transform_outputs(const Map& map, std::size_t first, std::size_t last, std::size_t channel,
                                     std::size_t channels, const float* m) const {
    WinogradOutput out;
    out.m_stride = (last - first) * channels;
    out.bias = bias_.data() + channel;
    out.channels = channels;
    out.activation = parameters_.activation;
    for (std::size_t tile = first; tile < last; ++tile) {
        const Tile at = map.tile(tile);
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t row = at.top + i / 2;
            const std::size_t column = at.left + i % 2;
            const bool inside = row < map.output_height && column < map.output_width;
            const std::size_t pixel = (at.picture * map.output_height + row) * map.output_width + column;
            const std::size_t offset = pixel * parameters_.output_channels + channel;
            out.y[i] = inside ? map.y + offset : nullptr;
            out.residual[i] = inside && map.residual != nullptr ? map.residual + offset : nullptr;
        }
        out.m = m + (tile - first) * channels;
        kernels_->winograd_output(out);
    }
}

void WinogradConv::run_tiles(const Map& map, std::size_t first, std::size_t last, float* scratch) const {
    const std::size_t tiles = last - first;
    const std::size_t inputs = parameters_.input_channels;
    float* v = scratch;
    float* m = scratch + products * tiles * inputs;
    transform_inputs(map, first, last, v);
    const PackedView front = weights_.front().view();
    for (std::size_t panel = 0; panel < front.panels(); panel += panels_at_a_time) {
        const std::size_t last_panel = std::min(panel + panels_at_a_time, front.panels());
        const PackedView::Panel back = front.panel(last_panel - 1);
        const std::size_t channel = front.panel(panel).column;
        const std::size_t channels = back.column + back.columns - channel;
        for (std::size_t k = 0; k < products; ++k) {
            PackedView weights = weights_[k].view();
            weights.split = nullptr;
            gemm_panels(weights, panel, last_panel, v + k * tiles * inputs, inputs, tiles, m + k * tiles * channels,
                        channels, {}, {});
        }
        transform_outputs(map, first, last, channel, channels, m);
    }
}

void WinogradConv::run(const float* x, const MapSize& size, float* y, const float* residual,
                       std::span<std::byte> scratch, ThreadPool& pool) const {
    Map map{x, size, y, residual, parameters_.output_height(size.height), parameters_.output_width(size.width), 0, 0};
    map.tile_rows = divide_up(map.output_height, 2);
    map.tile_columns = divide_up(map.output_width, 2);
    const std::size_t tiles = size.batch * map.tile_rows * map.tile_columns;
    if (tiles == 0) return;
    const std::size_t blocks = divide_up(tiles, tiles_at_a_time);
    const std::size_t block_floats = scratch_bytes(size) / sizeof(float) / blocks;
    float* memory = reinterpret_cast<float*>(scratch.data());
    pool.parallel_for(blocks, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t block = begin; block < end; ++block) {
            run_tiles(map, tiles * block / blocks, tiles * (block + 1) / blocks, memory + block * block_floats);
        }
    });
}

} // namespace detect
