// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/conv2d.h"

namespace detect {

Result<Conv2d> Conv2d::prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                               std::span<const float> weights, std::span<const float> bias) {
    if (auto checked = check_conv2d(parameters, weights, bias); !checked.ok()) return std::move(checked).error();
    Conv2d conv;
    conv.parameters_ = parameters;
    const auto keep = [&](auto path) -> Result<Conv2d> {
        if (!path.ok()) return std::move(path).error();
        conv.path_ = *std::move(path);
        return std::move(conv);
    };
    if (parameters.is_pointwise()) {
        return keep(PackedMatrix::pack(kernels, WeightOrder::output_major, weights, parameters.input_channels,
                                       parameters.output_channels, bias));
    }
    if (DepthwiseConv::supports(parameters)) return keep(DepthwiseConv::prepare(kernels, parameters, weights, bias));
    if (SplitConv::supports(kernels, parameters)) return keep(SplitConv::prepare(kernels, parameters, weights, bias));
    if (WinogradConv::supports(parameters)) return keep(WinogradConv::prepare(kernels, parameters, weights, bias));
    return keep(IndirectConv::prepare(kernels, parameters, weights, bias));
}

std::size_t Conv2d::weight_bytes() const {
    if (const PackedMatrix* weights = pointwise()) return weights->bytes();
    if (const DepthwiseConv* conv = depthwise()) return conv->weight_bytes();
    if (const SplitConv* split = std::get_if<SplitConv>(&path_)) return split->weight_bytes();
    if (const WinogradConv* winograd = std::get_if<WinogradConv>(&path_)) return winograd->weight_bytes();
    return std::get<IndirectConv>(path_).weight_bytes();
}

/// A tile takes 16 pixels; squeeze-excite's convolutions have one.
PackedView Conv2d::pointwise_view(const MapSize& size) const {
    PackedView view = pointwise()->view();
    if (size.height * size.width < SplitKernels::rows) view.split = nullptr;
    return view;
}

std::size_t Conv2d::scratch_bytes(const MapSize& size, std::size_t threads) const {
    if (pointwise() != nullptr) {
        // There may be a gate: then it works with scaled weights.
        const PackedView view = pointwise_view(size);
        return view.size() * sizeof(float) + gemm_scratch_bytes(view, size.batch * size.height * size.width, threads);
    }
    if (const DepthwiseConv* conv = depthwise()) return conv->mean_scratch_bytes(size);
    if (const SplitConv* conv = std::get_if<SplitConv>(&path_)) return conv->scratch_bytes(size, threads);
    if (const WinogradConv* conv = std::get_if<WinogradConv>(&path_)) return conv->scratch_bytes(size);
    return 0;
}

void Conv2d::run(const float* x, const MapSize& size, float* y, const Conv2dExtras& extras,
                 std::span<std::byte> scratch, ThreadPool& pool) const {
    if (pointwise() != nullptr) {
        run_pointwise(x, size, y, extras, scratch, pool);
    } else if (const DepthwiseConv* conv = depthwise()) {
        conv->run(x, size, y, extras.mean, scratch, pool);
    } else if (const SplitConv* split = std::get_if<SplitConv>(&path_)) {
        split->run(x, size, y, extras.residual, scratch, pool);
    } else if (const WinogradConv* winograd = std::get_if<WinogradConv>(&path_)) {
        winograd->run(x, size, y, extras.residual, scratch, pool);
    } else {
        std::get<IndirectConv>(path_).run(x, size, y, extras.residual, pool);
    }
}

void Conv2d::run_pointwise(const float* x, const MapSize& size, float* y, const Conv2dExtras& extras,
                           std::span<std::byte> scratch, ThreadPool& pool) const {
    const std::size_t inputs = parameters_.input_channels;
    const std::size_t outputs = parameters_.output_channels;
    const PackedView weights = pointwise_view(size);
    PackedView b = weights;
    const std::span<std::byte> for_gemm = scratch.subspan(weights.size() * sizeof(float));
    Epilogue epilogue{parameters_.activation, extras.residual, outputs};
    if (extras.gate == nullptr) {
        gemm(b, x, inputs, size.batch * size.height * size.width, y, outputs, epilogue, for_gemm, pool);
        return;
    }
    const std::size_t pixels = size.height * size.width;
    float* scaled = reinterpret_cast<float*>(scratch.data());
    for (std::size_t n = 0; n < size.batch; ++n) {
        scale_rows(weights, extras.gate + n * inputs, scaled, pool);
        b.weights = scaled;
        if (extras.residual != nullptr) epilogue.residual = extras.residual + n * pixels * outputs;
        gemm(b, x + n * pixels * inputs, inputs, pixels, y + n * pixels * outputs, outputs, epilogue, for_gemm, pool);
    }
}

} // namespace detect
