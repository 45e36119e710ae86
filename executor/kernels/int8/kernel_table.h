// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/activation.h"
#include "executor/kernels/isa.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// What the sources compiled for one instruction set offer for 8-bit networks: plain functions over pointers, as in
/// kernel_table.h. Activations are unsigned bytes (signed ones are kept shifted by 128, which their zero point makes up
/// for), weights signed ones, sums exact in 32 bits. What follows is in single precision without fused multiply-adds,
/// so that every instruction set gives the same bits.
namespace detect {

/// real = (byte - zero_point) · scale
struct Quantisation {
    float scale = 1.F;
    std::int32_t zero_point = 0;

    friend bool operator==(const Quantisation&, const Quantisation&) = default;
};

/// From a sum to what is stored. x = (sum + offset) · scale for each column; rounded and saturated as a byte would be,
/// if there is a `rounding`; plus the residual; activated; and stored as bytes, round(x / output scale) + zero point,
/// halves to even, saturated (NaN is the lowest byte), or as floats. All of it is reckoned in units of the output's
/// scale where the activation allows it (`unit_of`).
struct Int8Finish {
    /// By column, padded to whole vectors. `offset` is the bias, and makes up for the zero point of A; `scale` is over
    /// `rounding.scale` if there is a rounding, else over `unit`.
    const std::int32_t* offset = nullptr;
    const float* scale = nullptr;
    float unit = 1.F;
    Activation activation = Activation::none;
    bool rounded = false;
    Quantisation rounding;
    /// At most one of them: like the output, `residual_stride` elements from row to row.
    const std::uint8_t* byte_residual = nullptr;
    const float* float_residual = nullptr;
    std::size_t residual_stride = 0;
    Quantisation residual;
    /// One of them, `stride` elements from row to row.
    std::uint8_t* bytes = nullptr;
    float* floats = nullptr;
    std::size_t stride = 0;
    Quantisation output;
};

/// What x is counted in: the output's scale for bytes of what is linear, or only cut off at zero; else 1.
[[nodiscard]] inline float unit_of(Activation activation, const Quantisation* output) {
    const bool homogeneous = activation == Activation::none || activation == Activation::relu;
    return homogeneous && output != nullptr ? output->scale : 1.F;
}

/// C[rows, columns] = finish(A·B). A's rows are `segment_count` pieces of `segment_length` bytes; row r's piece s is at
/// a + r·lda + segments[s].
struct Int8Product {
    const std::uint8_t* a = nullptr;
    std::size_t lda = 0;
    std::size_t rows = 0;
    const std::size_t* segments = nullptr;
    std::size_t segment_count = 1;
    std::size_t segment_length = 0;
    /// Vectors of columns, each as Int8Matrix packs it for these segments, `b_stride` bytes from one to the next.
    const std::int8_t* b = nullptr;
    std::size_t b_stride = 0;
    std::size_t columns = 0;
    /// Null, or for each row which one it is in the output and the residual; -1: it is dropped.
    const std::int32_t* rows_of_c = nullptr;
    /// Sums of a part of the terms: null, or room for rows and columns rounded up to 32, where they are kept if not
    /// `ends`, and were kept before if `adds`.
    std::int32_t* partial = nullptr;
    bool adds = false;
    bool ends = true;
    Int8Finish finish;
};

/// One row of outputs of a depthwise convolution of 3×3 or 5×5, y[column, c] = finish(Σ x · w). Nothing is looked at
/// that is not in the rows: padding has been written there.
struct Int8DepthwiseRow {
    /// kernel rows, at the first column of the first window; up to a multiple of 4 any that can be read.
    const std::uint8_t* const* rows = nullptr;
    /// Bytes from pixel to pixel, a whole number of vectors.
    std::size_t x_stride = 0;
    std::size_t channels = 0;
    std::size_t kernel = 3;
    std::size_t stride = 1;
    /// [vectors, kernel rows / 4, kernel columns, lanes, 4]
    const std::int8_t* weights = nullptr;
    std::size_t columns = 0;
    /// Bytes only, no residual, no rounding.
    Int8Finish finish;
    /// Null, or [channels]: the stored bytes are added to it.
    std::int32_t* sums = nullptr;
};

/// As KernelTable: no member has a default.
struct Int8Kernels {
    std::string_view name;
    /// Columns of a vector.
    std::size_t lanes;
    /// Terms that are multiplied at once; a segment's last ones are reached from its end.
    std::size_t step;

    void (*product)(const Int8Product& product);
    void (*depthwise)(const Int8DepthwiseRow& row);
    void (*quantise)(const float* x, std::size_t count, const Quantisation& q, std::uint8_t* y);
    void (*dequantise)(const std::uint8_t* x, std::size_t count, const Quantisation& q, float* y);
    /// y[pixels, channels] = round((x - x_zero) · factor[channel]) + y_zero; y may be x.
    void (*rescale)(const std::uint8_t* x, std::size_t pixels, std::size_t channels, std::int32_t x_zero,
                    const float* factor, std::int32_t y_zero, std::uint8_t* y);
};

/// The kernels of an instruction set, with the processor's instructions for bytes where it has them. The caller has
/// made sure that the machine has the instruction set (`available_isas`).
[[nodiscard]] const Int8Kernels& int8_kernels(Isa isa);

/// All that can run here, the best first: what tests and benchmarks go through.
[[nodiscard]] std::span<const Int8Kernels* const> available_int8_kernels();

} // namespace detect
