// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/conv2d_parameters.h"
#include "executor/kernels/kernel_table.h"

namespace detect {

/// y = activation(x), element by element. y may be x.
void activate(const KernelTable& kernels, Activation activation, const float* x, float* y, std::size_t count,
              ThreadPool& pool);

/// y = activation(a + b), element by element. y may be a or b.
void add(const KernelTable& kernels, Activation activation, const float* a, const float* b, float* y, std::size_t count,
         ThreadPool& pool);

/// y [N, H, W, C] = x · gate [N, C]. y may be x.
void scale_channels(const KernelTable& kernels, const float* x, const float* gate, const MapSize& size,
                    std::size_t channels, float* y, ThreadPool& pool);

/// Softmax of each row of x [rows, columns] (torch.softmax over the last axis); the exponentials are added up in order.
/// A row with a NaN, or with nothing but -∞, gives NaN. y may be x.
void softmax_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float* y,
                  ThreadPool& pool);

/// The same for long rows, with sums that are quicker.
void long_softmax_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float* y,
                       ThreadPool& pool);

/// Each row of x [rows, columns] minus its mean, divided by √(variance + epsilon), times scale [columns], plus bias
/// [columns] (torch.nn.LayerNorm); the two may be null: 1 and 0. y may be x.
void layer_norm_rows(const KernelTable& kernels, const float* x, std::size_t rows, std::size_t columns, float epsilon,
                     const float* scale, const float* bias, float* y, ThreadPool& pool);

/// x [N, C, H, W] → y [N, H, W, C]. They do not overlap.
void to_channels_last(const float* x, const MapSize& size, std::size_t channels, float* y, ThreadPool& pool);

/// x [N, H, W, C] → y [N, C, H, W]. They do not overlap.
void to_channels_first(const float* x, const MapSize& size, std::size_t channels, float* y, ThreadPool& pool);

} // namespace detect
