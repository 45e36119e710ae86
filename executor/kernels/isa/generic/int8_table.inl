// SPDX-License-Identifier: Apache-2.0
// The one list of 8-bit kernels.

constexpr Int8Kernels make_int8_kernels(std::string_view name) {
    return {.name = name,
            .lanes = lanes,
            .step = int8_step,
            .product = &int8_product,
            .depthwise = &int8_depthwise,
            .quantise = &quantise_bytes,
            .dequantise = &dequantise_bytes,
            .rescale = &rescale_bytes};
}
