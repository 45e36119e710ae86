// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/aligned_buffer.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/rounding.h"

#include <vector>

namespace detect {

/// Trained weights as a file holds them, symmetric, with a scale for each output.
struct Int8Weights {
    /// [outputs, inputs, pixels]
    std::span<const std::int8_t> bytes;
    std::span<const float> scales;
    /// Empty for zeros. Counted in what a sum is counted in, the product of both scales, and rounded to whole numbers,
    /// as files hold it.
    std::span<const float> bias;
    std::size_t outputs = 0;

    /// Whether the biases and sums of `terms` products fit together into 32 bits, with inputs of such a scale.
    [[nodiscard]] bool fit(float input_scale, std::size_t terms) const;
    /// The bias of an output as a whole number.
    [[nodiscard]] std::int32_t whole_bias(float input_scale, std::size_t output) const;
};

/// Weights B [K, N] packed once, at load, as the products of one instruction set read them; with all that turns a sum
/// into a real number.
class Int8Matrix {
public:
    /// Whether rows of A with segments of so many bytes can be read without reaching past their ends.
    [[nodiscard]] static bool supports(const Int8Kernels& kernels, std::size_t segment_length, std::size_t segments);

    /// K is `pixels` segments of as many terms as there are inputs; or, if `joined`, one of both. A's bytes have the
    /// quantisation `a`; sums are wanted over `unit` (Int8Finish::scale). Errors: `invalid_argument` if sizes do not
    /// fit, `resource_limit` if memory is short.
    static Result<Int8Matrix> pack(const Int8Kernels& kernels, const Int8Weights& weights, std::size_t pixels,
                                   bool joined, const Quantisation& a, float unit);

    [[nodiscard]] const Int8Kernels& kernels() const { return *kernels_; }
    [[nodiscard]] std::size_t columns() const { return columns_; }
    [[nodiscard]] std::size_t segments() const { return segments_; }
    [[nodiscard]] std::size_t segment_length() const { return segment_length_; }
    [[nodiscard]] std::size_t k() const { return segments_ * segment_length_; }
    [[nodiscard]] std::size_t bytes() const { return weights_.bytes() + 2 * padded_.size() * sizeof(float); }

    /// Bytes of packed weights from vector to vector, and of those that stand before term `k` of a single segment (a
    /// multiple of a step).
    [[nodiscard]] std::size_t stride() const { return stride_; }
    [[nodiscard]] std::size_t offset_of(std::size_t k) const { return k * kernels_->lanes; }
    /// From the vector on that column `first` starts.
    [[nodiscard]] const std::int8_t* weights(std::size_t first_column) const;
    /// `finish` with this matrix's numbers from a column on, and its places from there and from a row on.
    [[nodiscard]] Int8Finish finish(const Int8Finish& finish, std::size_t first_row, std::size_t first_column) const;

private:
    struct Column {
        std::vector<std::int32_t> offset;
        std::vector<float> scale;
        [[nodiscard]] std::size_t size() const { return scale.size(); }
    };

    const Int8Kernels* kernels_ = nullptr;
    AlignedBuffer weights_;
    Column padded_;
    std::size_t columns_ = 0;
    std::size_t segments_ = 0;
    std::size_t segment_length_ = 0;
    std::size_t stride_ = 0;
};

} // namespace detect
