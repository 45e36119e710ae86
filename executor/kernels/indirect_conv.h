// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/packed_matrix.h"
#include "executor/kernels/row_chain.h"

#include <vector>

namespace detect {

/// A convolution of any kind, channels last, as a matrix product whose rows are gathered by pointer: nothing is copied
/// (M. Dukhan, The Indirect Convolution Algorithm, 2019). The chain of an output runs over kernel rows, then kernel
/// columns, then channels; taps in the padding read zeros.
class IndirectConv {
public:
    /// `weights` [output, input / groups, kernel_h, kernel_w], `bias` [output] or empty. Errors as `check_conv2d`, or
    /// `resource_limit`.
    static Result<IndirectConv> prepare(const KernelTable& kernels, const Conv2dParameters& parameters,
                                        std::span<const float> weights, std::span<const float> bias);

    /// x [N, H, W, C] → y [N, OH, OW, output]; `residual` null or like y, added before the activation.
    void run(const float* x, const MapSize& size, float* y, const float* residual, ThreadPool& pool) const;

    /// The same for row `row` of the output of one picture, y [OW, output], on the calling thread. `x` keeps the rows
    /// that it is computed from.
    void run_row(const KeptRows& x, const MapSize& size, std::size_t row, float* y) const;

    [[nodiscard]] std::size_t weight_bytes() const;

private:
    struct Input;
    /// Output pixels [begin, end), counted through all pictures; y and the residual start at the first of them.
    void run_block(const Input& input, std::size_t group, std::size_t panel, std::size_t begin, std::size_t end,
                   float* y, const float* residual) const;

    const KernelTable* kernels_ = nullptr;
    Conv2dParameters parameters_;
    /// One for each group; K runs over (kernel_h, kernel_w, channel).
    std::vector<PackedMatrix> weights_;
    /// What a tap in the padding reads: as long as the longest segment.
    AlignedBuffer zeros_;
};

} // namespace detect
