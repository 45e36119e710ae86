// SPDX-License-Identifier: Apache-2.0
// All float kernels, for the vectors that a set's simd.inl gives: a type `Vec` of `lanes` floats and functions over it,
// as portable/simd.inl has them, and what the set's processors have:
// - fuses: `fma` rounds once;
// - registers: vectors that registers hold;
// - largest_tile_rows: rows of the largest tile of a matrix product.

#include "executor/kernels/isa/generic/activation.inl"

#include "executor/kernels/isa/generic/gemm_tile.inl"

#include "executor/kernels/isa/generic/depthwise_row.inl"

#include "executor/kernels/isa/generic/elementwise.inl"

#include "executor/kernels/isa/generic/weighted_sum.inl"

#include "executor/kernels/isa/generic/rows.inl"

#include "executor/kernels/isa/generic/functions.inl"

#include "executor/kernels/isa/generic/winograd.inl"

#include "executor/kernels/isa/generic/float_table.inl"
