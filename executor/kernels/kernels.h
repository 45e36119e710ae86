// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The dense kernels, float32, channels last (NHWC), for whoever runs a graph. This header includes them all.
///
///     const KernelTable& kernels = kernel_table(detect_isa());
///     auto conv = Conv2d::prepare(kernels, parameters, weights, bias);      // once, at load
///     conv->run(x, {n, h, w}, y, {}, scratch, pool);                        // many times; allocates nothing
///
/// What holds for every one of them:
/// - An output element is a fixed sequence of operations on its own inputs. It does not depend on the batch, the
///   number of rows or RoIs, the threads, or how work is cut into tiles. Instruction sets that fuse multiply-adds
///   (KernelTable::fuses) give the same bits; portable code rounds them twice, AMX splits the floats of large products
///   (SplitProduct in kernel_table.h).
/// - Pointers need no alignment beyond float's; nothing outside the stated sizes is read or written. Only scratch
///   memory lies on a 64-byte boundary. Inputs and outputs do not overlap unless it says that they may.
/// - NaN, infinities and denormals come out as IEEE 754 has them, but for denormals in products on AMX (zeros) and
///   infinities in Winograd's and SplitConv's convolutions (NaN). Sizes were checked when a kernel was prepared; `run`
///   checks nothing, cannot fail and allocates nothing.
///
/// Where to look:
/// - conv2d.h: convolutions: pointwise (with squeeze-excite's gate and a residual), depthwise (with the mean of its
///   output), any other. inverted_residual.h: MobileNet's block in one pass.
/// - image_transform.h: normalise, resize and pad. row_chain.h, row_layers.h: this and the first layers on top of it, a
///   row at a time.
/// - gemm.h, packed_matrix.h: matrix product with packed weights. split_gemm.h, split_conv.h, split_blocks.h: the same,
///   and convolutions, on AMX's tiles.
///   batched_product.h: products of activations with each other.
/// - int8/: 8-bit networks. Not in this header.
/// - isa/: a folder for each instruction set, generic/ with what they share, registry.cpp with the list of them.
/// - elementwise.h: activation, sum, gate, softmax, layer norm, NCHW to NHWC and back. expression.h: any elementwise
///   operations, taken together. transpose.h: axes in any other order.
/// - pooling.h: global average and maximum.
/// - roi_heads/roi_align_kernel.h, postprocess/nms_kernel.h: RoIAlign and non-maximum suppression.
///
/// Fused steps are made of DepthwiseConv::run_strip and gemm_panels, which work on the calling thread.

#include "executor/kernels/batched_product.h"
#include "executor/kernels/conv2d.h"
#include "executor/kernels/elementwise.h"
#include "executor/kernels/expression.h"
#include "executor/kernels/gemm.h"
#include "executor/kernels/image_transform.h"
#include "executor/kernels/inverted_residual.h"
#include "executor/kernels/isa.h"
#include "executor/kernels/kernel_table.h"
#include "executor/kernels/pooling.h"
#include "executor/kernels/row_layers.h"
#include "executor/kernels/transpose.h"
#include "postprocess/nms_kernel.h"
#include "roi_heads/roi_align_kernel.h"
