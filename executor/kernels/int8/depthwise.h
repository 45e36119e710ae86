// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/int8/matrix.h"

namespace detect {

/// The weights of a convolution of bytes with one filter per channel, 3×3 or 5×5, of stride 1 or 2.
class Int8Depthwise {
public:
    [[nodiscard]] static bool supports(const Conv2dParameters& parameters);

    /// `weights.bytes` [channels, 1, kernel, kernel]; `x`, `unit` and errors as Int8Matrix::pack.
    static Result<Int8Depthwise> prepare(const Int8Kernels& kernels, const Conv2dParameters& parameters,
                                         const Int8Weights& weights, const Quantisation& x, float unit);

    [[nodiscard]] const Int8Kernels& kernels() const { return *kernels_; }
    /// Rows that `rows` of a Int8DepthwiseRow must name.
    [[nodiscard]] std::size_t named_rows() const { return fours_ * 4; }
    /// Bytes from pixel to pixel in what is read.
    [[nodiscard]] std::size_t pixel_stride() const { return offset_.size(); }
    [[nodiscard]] std::size_t bytes() const { return weights_.bytes() + 2 * offset_.size() * sizeof(float); }
    /// Fills in what is known here; rows, columns and the output's place are the caller's.
    void describe(Int8DepthwiseRow& row) const;

private:
    const Int8Kernels* kernels_ = nullptr;
    Conv2dParameters parameters_;
    AlignedBuffer weights_;
    std::vector<std::int32_t> offset_;
    std::vector<float> scale_;
    std::size_t fours_ = 0;
};

} // namespace detect
