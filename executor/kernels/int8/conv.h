// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/depthwise.h"
#include "executor/kernels/int8/gemm.h"

#include <optional>
#include <variant>

namespace detect {

/// A convolution between quantised tensors.
struct Int8ConvParameters {
    Conv2dParameters shape;
    Quantisation input;
    /// Squeeze-excite: x is of this quantisation, is multiplied by a gate, and then has that of `input`.
    std::optional<Quantisation> gated;
    /// The convolution's own result is quantised before the residual is added.
    std::optional<Quantisation> rounding;
    /// A residual of bytes.
    std::optional<Quantisation> residual;
    /// Without: floats.
    std::optional<Quantisation> output;

    /// Int8Finish::unit.
    [[nodiscard]] float unit() const { return unit_of(shape.activation, output ? &*output : nullptr); }
    /// What sums are wanted over.
    [[nodiscard]] float sum_unit() const { return rounding ? rounding->scale : unit(); }

    friend bool operator==(const Int8ConvParameters&, const Int8ConvParameters&) = default;
};

/// What goes into it and comes out beside x: as the parameters say, of bytes or floats.
struct Int8ConvData {
    const std::uint8_t* x = nullptr;
    /// Null, or [N, input channels].
    const float* gate = nullptr;
    /// At most one of them, like the output.
    const std::uint8_t* byte_residual = nullptr;
    const float* float_residual = nullptr;
    /// One of them.
    std::uint8_t* bytes = nullptr;
    float* floats = nullptr;
};

/// A convolution of bytes prepared once and run many times, channels last. Sums are exact: an output's bits depend on
/// its own inputs only, not on the instruction set either.
class Int8Conv {
public:
    [[nodiscard]] static bool supports(const Int8Kernels& kernels, const Conv2dParameters& shape);

    /// `weights.bytes` [output, input / groups, kernel_h, kernel_w]. Errors: `invalid_argument`, `resource_limit`.
    static Result<Int8Conv> prepare(const Int8Kernels& kernels, const Int8ConvParameters& parameters,
                                    const Int8Weights& weights);

    [[nodiscard]] const Int8ConvParameters& parameters() const { return parameters_; }
    [[nodiscard]] std::size_t weight_bytes() const;
    /// Null if it is none: depthwise convolutions are run by Int8InvertedResidual.
    [[nodiscard]] const Int8Depthwise* depthwise() const { return std::get_if<Int8Depthwise>(&weights_); }
    /// Null for depthwise ones.
    [[nodiscard]] const Int8Matrix* matrix() const { return std::get_if<Int8Matrix>(&weights_); }
    /// What is done to sums, without places.
    [[nodiscard]] Int8Finish finish() const;

    /// Bytes of scratch memory, on a 64-byte boundary. For both: not for depthwise convolutions.
    [[nodiscard]] std::size_t scratch_bytes(const MapSize& size, std::size_t threads) const;
    /// x [N, H, W, input] → [N, OH, OW, output].
    void run(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch, ThreadPool& pool) const;

private:
    struct Layout;
    [[nodiscard]] Layout layout(const MapSize& size, std::size_t threads) const;
    [[nodiscard]] std::size_t factor_bytes() const;
    void run_pointwise(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch,
                       ThreadPool& pool) const;
    void run_windows(const Int8ConvData& data, const MapSize& size, std::span<std::byte> scratch,
                     ThreadPool& pool) const;
    [[nodiscard]] Int8Finish finish_at(const Int8ConvData& data, std::size_t pixel) const;

    Int8ConvParameters parameters_;
    std::variant<Int8Matrix, Int8Depthwise> weights_;
};

} // namespace detect
