// SPDX-License-Identifier: Apache-2.0
#include "executor/kernels/int8/kernel_table.h"
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

TEST(Isa, NamesGoThereAndBack) {
    for (const Isa isa : all_isas()) {
        EXPECT_EQ(parse_isa(to_string(isa)), isa);
        EXPECT_NE(isa_choices().find(to_string(isa)), std::string::npos);
    }
    EXPECT_EQ(parse_isa("AVX2"), std::nullopt);
    EXPECT_EQ(parse_isa(""), std::nullopt);
}

TEST(Isa, TheBestIsTheFirstAvailableAndPortableIsAlwaysThere) {
    ASSERT_FALSE(available_isas().empty());
    EXPECT_EQ(available_isas().front(), detect_isa());
    EXPECT_EQ(available_isas().back(), Isa::portable);
    EXPECT_EQ(to_string(Isa::portable), "portable");
    EXPECT_EQ(all_isas().back(), Isa::portable);
}

TEST(Isa, WhatRunsHereAndWhatDoesNotAreAll) {
    const std::vector<std::string> unavailable = unavailable_kernels();
    for (const Isa isa : all_isas()) {
        const bool runs = std::ranges::find(available_isas(), isa) != available_isas().end();
        EXPECT_NE(runs, std::ranges::find(unavailable, to_string(isa)) != unavailable.end()) << to_string(isa);
    }
    for (const Int8Kernels* kernels : available_int8_kernels()) {
        EXPECT_EQ(std::ranges::find(unavailable, std::string(kernels->name) + " (int8)"), unavailable.end());
    }
}

TEST(Isa, EveryTableIsComplete) {
    for (const Isa isa : available_isas()) {
        const KernelTable& table = kernel_table(isa);
        EXPECT_FALSE(table.name.empty());
        EXPECT_GT(table.lanes, 0U);
        for (std::size_t vectors = 1; vectors <= max_panel_vectors; ++vectors) {
            ASSERT_GT(table.tile_rows[vectors], 0U);
            ASSERT_LE(table.tile_rows[vectors], max_tile_rows);
            for (std::size_t rows = 1; rows <= table.tile_rows[vectors]; ++rows) {
                EXPECT_NE(table.gemm_tiles[vectors][rows], nullptr);
            }
        }
        EXPECT_EQ(table.split == nullptr, table.split_in_two == nullptr);
        EXPECT_NE(table.depthwise_row, nullptr);
        EXPECT_NE(table.winograd_input, nullptr);
        EXPECT_NE(table.winograd_output, nullptr);
        EXPECT_NE(table.scale_rows, nullptr);
        EXPECT_NE(table.activate, nullptr);
        EXPECT_NE(table.add, nullptr);
        EXPECT_NE(table.scale_channels, nullptr);
        EXPECT_NE(table.sum_pixels, nullptr);
        EXPECT_NE(table.max_pixels, nullptr);
        EXPECT_NE(table.weighted_sum, nullptr);
        EXPECT_NE(table.softmax_row, nullptr);
        EXPECT_NE(table.normalise, nullptr);
        EXPECT_NE(table.blend_rows, nullptr);
        EXPECT_NE(table.blend_pixels, nullptr);
    }
}

} // namespace
} // namespace detect::test
