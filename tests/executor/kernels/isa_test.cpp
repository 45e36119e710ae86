// SPDX-License-Identifier: Apache-2.0
#include "tests/executor/kernels/kernel_test.h"

namespace detect::test {
namespace {

TEST(Isa, NamesGoThereAndBack) {
    for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512, Isa::amx}) EXPECT_EQ(parse_isa(to_string(isa)), isa);
    EXPECT_EQ(parse_isa("AVX2"), std::nullopt);
    EXPECT_EQ(parse_isa(""), std::nullopt);
}

TEST(Isa, TheBestIsTheLastAvailableAndPortableIsAlwaysThere) {
    ASSERT_FALSE(available_isas().empty());
    EXPECT_EQ(available_isas().front(), Isa::portable);
    EXPECT_EQ(available_isas().back(), detect_isa());
}

TEST(Isa, EveryTableIsComplete) {
    for (const Isa isa : available_isas()) {
        const KernelTable& table = kernel_table(isa);
        EXPECT_EQ(table.isa, isa);
        EXPECT_GT(table.lanes, 0U);
        for (std::size_t vectors = 1; vectors <= max_panel_vectors; ++vectors) {
            ASSERT_GT(table.tile_rows[vectors], 0U);
            ASSERT_LE(table.tile_rows[vectors], max_tile_rows);
            for (std::size_t rows = 1; rows <= table.tile_rows[vectors]; ++rows) {
                EXPECT_NE(table.gemm_tiles[vectors][rows], nullptr);
            }
        }
        EXPECT_EQ(table.split != nullptr, isa == Isa::amx);
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
