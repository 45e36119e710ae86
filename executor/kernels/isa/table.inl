// SPDX-License-Identifier: Apache-2.0
// The one list of kernels.

constexpr KernelTable make_table(Isa isa) {
    KernelTable table;
    table.isa = isa;
    table.lanes = lanes;
    table.tile_rows = {0, max_rows(1), max_rows(2), max_rows(3)};
    table.gemm_tiles = gemm_tiles;
    table.depthwise_row = &depthwise_row;
    table.winograd_input = &winograd_input;
    table.winograd_output = &winograd_output;
    table.scale_rows = &scale_rows;
    table.activate = &activate_elements;
    table.add = &add_elements;
    table.scale_channels = &scale_channels;
    table.sum_pixels = &sum_pixels;
    table.max_pixels = &max_pixels;
    table.weighted_sum = &weighted_sum;
    table.softmax_row = &softmax_row;
    table.long_softmax_row = &long_softmax_row;
    table.layer_norm_row = &layer_norm_row;
    table.map_elements = &map_elements;
    table.combine_elements = &combine_elements;
    table.normalise = &normalise;
    table.blend_rows = &blend_rows;
    table.blend_pixels = &blend_pixels;
    return table;
}
