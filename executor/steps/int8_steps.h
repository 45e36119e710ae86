// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/kernel_table.h"
#include "executor/step.h"
#include "roi_heads/roi_align_kernel.h"

namespace detect {

/// Floats → bytes of the same sizes.
[[nodiscard]] std::shared_ptr<const Step> make_quantise_step(const Int8Kernels& kernels, const Quantisation& q);
/// Bytes → floats of the same sizes.
[[nodiscard]] std::shared_ptr<const Step> make_dequantise_step(const Int8Kernels& kernels, const Quantisation& q);
/// Bytes of `type` between the layouts, into `to`: channels last they are unsigned, shifted by 128 if `type` is signed.
/// Tensors that do not have four sizes keep their order.
[[nodiscard]] std::shared_ptr<const Step> make_bytes_layout_step(Layout to, DataType type);
/// As make_roi_align, but the result is bytes.
[[nodiscard]] std::shared_ptr<const Step> make_int8_roi_align(const KernelTable& kernels,
                                                              const Int8Kernels& int8_kernels,
                                                              const RoiAlignParameters& parameters,
                                                              const Quantisation& q);

} // namespace detect
