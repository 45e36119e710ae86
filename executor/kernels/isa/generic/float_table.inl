// SPDX-License-Identifier: Apache-2.0
// The one list of float kernels.

constexpr KernelTable make_table(std::string_view name) {
    return {.name = name,
            .lanes = lanes,
            .fuses = fuses,
            .tile_rows = {0, max_rows(1), max_rows(2), max_rows(3)},
            .gemm_tiles = gemm_tiles,
            .split = nullptr,
            .split_in_two = nullptr,
            .depthwise_row = &depthwise_row,
            .winograd_input = &winograd_input,
            .winograd_output = &winograd_output,
            .scale_rows = &scale_rows,
            .activate = &activate_elements,
            .add = &add_elements,
            .scale_channels = &scale_channels,
            .sum_pixels = &sum_pixels,
            .max_pixels = &max_pixels,
            .weighted_sum = &weighted_sum,
            .softmax_row = &softmax_row,
            .long_softmax_row = &long_softmax_row,
            .layer_norm_row = &layer_norm_row,
            .map_elements = &map_elements,
            .combine_elements = &combine_elements,
            .normalise = &normalise,
            .blend_rows = &blend_rows,
            .blend_pixels = &blend_pixels};
}
