// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/row_layers.h"

#include "executor/kernels/rounding.h"

#include <algorithm>

namespace detect {

namespace {

/// The input rows under a window that starts at output row `row`.
RowRange window_rows(const Conv2dParameters& p, std::size_t row, std::size_t height) {
    const auto in_picture = [&](std::size_t at) { return std::min(at > p.pad_top ? at - p.pad_top : 0, height); };
    const std::size_t top = row * p.stride_h;
    return {in_picture(top), in_picture(top + (p.kernel_h - 1) * p.dilation_h + 1)};
}

float* floats(std::byte* memory) { return reinterpret_cast<float*>(memory); }

/// What the layers of convolutions have in common.
class ConvolutionLayer : public RowLayer {
public:
    ConvolutionLayer(const Conv2dParameters& p, const MapSize& size, std::size_t output_channels)
        : p_(p), size_(size), output_width_(p.output_width(size.width)), output_channels_(output_channels) {}

    std::size_t rows() const override { return p_.output_height(size_.height); }
    std::size_t row_bytes() const override { return output_width_ * output_channels_ * sizeof(float); }
    RowRange reads(std::size_t row) const override { return window_rows(p_, row, size_.height); }
    std::size_t window() const override { return (p_.kernel_h - 1) * p_.dilation_h + 1; }

protected:
    const Conv2dParameters& p_;
    MapSize size_;
    std::size_t output_width_;
    std::size_t output_channels_;
};

class IndirectLayer final : public ConvolutionLayer {
public:
    IndirectLayer(const Conv2d& convolution, const MapSize& size)
        : ConvolutionLayer(convolution.parameters(), size, convolution.parameters().output_channels),
          convolution_(*convolution.indirect()) {}
    void run(std::size_t /*picture*/, std::size_t row, const KeptRows& input, std::byte* output,
             std::byte* /*scratch*/) const override {
        convolution_.run_row(input, size_, row, floats(output));
    }

private:
    const IndirectConv& convolution_;
};

class PointwiseLayer final : public ConvolutionLayer {
public:
    PointwiseLayer(const Conv2d& convolution, const MapSize& size)
        : ConvolutionLayer(convolution.parameters(), size, convolution.parameters().output_channels),
          weights_(convolution.pointwise_view(size)) {}
    std::size_t scratch_bytes() const override { return gemm_panels_scratch_bytes(weights_, size_.width); }
    void run(std::size_t /*picture*/, std::size_t row, const KeptRows& input, std::byte* output,
             std::byte* scratch) const override {
        gemm_panels(weights_, 0, weights_.panels(), input.floats(row), p_.input_channels, size_.width, floats(output),
                    p_.output_channels, {p_.activation, nullptr, 0}, {scratch, scratch_bytes()});
    }

private:
    PackedView weights_;
};

/// A depthwise convolution and the projection of its output.
class ProjectedLayer final : public ConvolutionLayer {
public:
    ProjectedLayer(const Conv2d& depthwise, const Conv2d& project, bool adds_input, const MapSize& size)
        : ConvolutionLayer(depthwise.parameters(), size, project.parameters().output_channels),
          depthwise_(*depthwise.depthwise()), activation_(project.parameters().activation), adds_input_(adds_input),
          weights_(project.pointwise_view({1, rows(), output_width_})) {}
    std::size_t scratch_bytes() const override {
        return depthwise_bytes() + gemm_panels_scratch_bytes(weights_, output_width_);
    }
    void run(std::size_t /*picture*/, std::size_t row, const KeptRows& input, std::byte* output,
             std::byte* scratch) const override {
        const std::size_t channels = p_.output_channels;
        DepthwiseStrip strip;
        strip.x = input.floats();
        strip.x_row_stride = input.stride / sizeof(float);
        strip.x_pixel_stride = strip.y_pixel_stride = strip.channels = channels;
        strip.ring = input.ring;
        strip.height = size_.height;
        strip.columns = size_.width;
        strip.pad_left = p_.pad_left;
        strip.begin = row;
        strip.end = row + 1;
        strip.output_columns = output_width_;
        strip.y = floats(scratch);
        strip.y_row_stride = output_width_ * channels;
        depthwise_.run_strip(strip);
        gemm_panels(weights_, 0, weights_.panels(), strip.y, channels, output_width_, floats(output), output_channels_,
                    {activation_, adds_input_ ? input.floats(row) : nullptr, output_channels_},
                    {scratch + depthwise_bytes(), scratch_bytes() - depthwise_bytes()});
    }

private:
    [[nodiscard]] std::size_t depthwise_bytes() const {
        return round_up(output_width_ * p_.output_channels * sizeof(float), cache_line_bytes);
    }

    const DepthwiseConv& depthwise_;
    Activation activation_;
    bool adds_input_;
    PackedView weights_;
};

bool has_outputs(const Conv2dParameters& p, const MapSize& size) {
    return p.output_height(size.height) > 0 && p.output_width(size.width) > 0;
}

/// Whether a map that is convolved keeps its sizes.
bool keeps_size(const Conv2dParameters& p) {
    return p.stride_h == 1 && p.stride_w == 1 && p.pad_top + p.pad_bottom == (p.kernel_h - 1) * p.dilation_h &&
           p.pad_left + p.pad_right == (p.kernel_w - 1) * p.dilation_w;
}

} // namespace

bool append_convolution(const Conv2d& convolution, std::size_t height, std::size_t width, RowLayers& layers) {
    const MapSize size{1, height, width};
    if (!has_outputs(convolution.parameters(), size) || convolution.indirect() == nullptr) return false;
    layers.push_back(std::make_unique<const IndirectLayer>(convolution, size));
    return true;
}

bool append_inverted_residual(const InvertedResidual::Steps& block, bool adds_input, std::size_t height,
                              std::size_t width, RowLayers& layers) {
    if (block.depthwise == nullptr || block.project == nullptr) return false;
    const MapSize size{1, height, width};
    const Conv2dParameters& depthwise = block.depthwise->parameters();
    const Conv2dParameters& project = block.project->parameters();
    if (block.depthwise->depthwise() == nullptr || block.project->pointwise() == nullptr) return false;
    if (!has_outputs(depthwise, size)) return false;
    if (adds_input) {
        const bool fits = keeps_size(depthwise) && depthwise.input_channels == project.output_channels;
        if (block.expand != nullptr || !fits) return false;
    }
    if (block.expand != nullptr) {
        if (block.expand->pointwise() == nullptr) return false;
        layers.push_back(std::make_unique<const PointwiseLayer>(*block.expand, size));
    }
    layers.push_back(std::make_unique<const ProjectedLayer>(*block.depthwise, *block.project, adds_input, size));
    return true;
}

} // namespace detect
