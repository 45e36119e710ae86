// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/reference/kernel.h"

#include <vector>

namespace detect::reference {

struct KernelEntry {
    std::string_view op;
    Kernel kernel = nullptr;
    std::string_view domain = "";
};

/// The plain kernels of each family, in the order of the files that hold them.
[[nodiscard]] std::vector<KernelEntry> unary_kernels();
[[nodiscard]] std::vector<KernelEntry> cast_kernels();
[[nodiscard]] std::vector<KernelEntry> binary_kernels();
[[nodiscard]] std::vector<KernelEntry> shape_kernels();
[[nodiscard]] std::vector<KernelEntry> movement_kernels();
[[nodiscard]] std::vector<KernelEntry> pad_kernels();
[[nodiscard]] std::vector<KernelEntry> gather_kernels();
[[nodiscard]] std::vector<KernelEntry> scatter_kernels();
[[nodiscard]] std::vector<KernelEntry> selection_kernels();
[[nodiscard]] std::vector<KernelEntry> reduction_kernels();
[[nodiscard]] std::vector<KernelEntry> softmax_kernels();
[[nodiscard]] std::vector<KernelEntry> matrix_kernels();
[[nodiscard]] std::vector<KernelEntry> convolution_kernels();
[[nodiscard]] std::vector<KernelEntry> pooling_kernels();
[[nodiscard]] std::vector<KernelEntry> normalization_kernels();
[[nodiscard]] std::vector<KernelEntry> resize_kernels();
[[nodiscard]] std::vector<KernelEntry> roi_align_kernels();
[[nodiscard]] std::vector<KernelEntry> non_max_suppression_kernels();
[[nodiscard]] std::vector<KernelEntry> control_flow_kernels();
[[nodiscard]] std::vector<KernelEntry> einsum_kernels();
[[nodiscard]] std::vector<KernelEntry> grid_sample_kernels();
[[nodiscard]] std::vector<KernelEntry> quantization_kernels();
[[nodiscard]] std::vector<KernelEntry> integer_product_kernels();

/// All of them, sorted by domain and operator.
[[nodiscard]] std::span<const KernelEntry> kernels();

} // namespace detect::reference
