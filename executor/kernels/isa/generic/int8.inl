// SPDX-License-Identifier: Apache-2.0
// All 8-bit kernels, for the vectors that a set's simd.inl and int8_simd.inl give: behind those of floats, a type `Int`
// of as many integers, `dot` of four bytes a lane, and what the set's processors have:
// - int8_rows: rows of the largest tile of a matrix product;
// - int8_sums_apart: sums are a function of their own, compiled once, not once for each way to finish them.

#include "executor/kernels/isa/generic/activation.inl"

#include "executor/kernels/isa/generic/int8_finish.inl"

#include "executor/kernels/isa/generic/int8_elementwise.inl"

#include "executor/kernels/isa/generic/int8_depthwise.inl"

#include "executor/kernels/isa/generic/int8_product.inl"

#include "executor/kernels/isa/generic/int8_table.inl"
