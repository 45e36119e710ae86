// SPDX-License-Identifier: Apache-2.0
#include "pictures/tiff_grid.h"

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/decoders.h"

#include <algorithm>
#include <string>

namespace detect::picture_file {

namespace {

/// What is seen of a tile may be far smaller than the tile, but a tile of this many bytes serves no picture.
constexpr std::uint64_t most_tile_bytes_of_small_picture = std::uint64_t{64} << 20U;

/// By what the file says: libtiff may have cut up a single strip meanwhile.
Result<void> check_block_lists(const TiffLayout& layout, const TiffGrid& grid, const TiffBlockLists& lists) {
    std::uint64_t blocks = grid.blocks;
    if (!grid.tiled) {
        const auto rows = std::clamp<std::uint64_t>(lists.rows.value_or(layout.height), 1, layout.height);
        blocks = (layout.height + rows - 1) / rows * (layout.planes_are_separate ? layout.samples : 1U);
    }
    const auto fewer = [&](std::uint64_t count, const char* noun) {
        return cut_off("TIFF: lists " + counted(count, noun) + " for its " + std::to_string(blocks) + " " +
                       grid.noun());
    };
    if (lists.places < blocks) return fewer(lists.places, "place");
    if (lists.lengths && *lists.lengths < blocks) return fewer(*lists.lengths, "length");
    return {};
}

/// Most bytes that the codec makes of one; 0: that has no bound that would help.
std::uint64_t most_expansion(std::uint16_t compression) {
    switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64; // 128 of two
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE: return 1032;
    case COMPRESSION_LZW: return 4096; // a code of 9 to 12 bits stands for fewer
    default: return 0;
    }
}

/// Bytes that an uncompressed block takes; the last strip of a plane has fewer rows.
std::uint64_t plain_bytes(TIFF* tiff, const TiffLayout& layout, const TiffGrid& grid, std::uint32_t block) {
    if (grid.tiled) return TIFFTileSize64(tiff);
    const std::uint32_t strips = (layout.height - 1) / grid.height + 1;
    const std::uint32_t row = block % strips * grid.height;
    return TIFFVStripSize64(tiff, std::min(grid.height, layout.height - row));
}

/// Before memory is taken for a picture that cannot be there. Strips may share bytes, as tiles of one colour do.
Result<void> check_blocks(TIFF* tiff, const TiffLayout& layout, const TiffGrid& grid, const TiffBlockLists& lists,
                          std::uint64_t file) {
    // A single strip may have been cut into several by libtiff.
    const std::uint32_t blocks = grid.tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
    std::uint64_t present = 0;
    for (std::uint32_t block = 0; block < blocks; ++block) {
        const std::uint64_t begin = TIFFGetStrileOffset(tiff, block);
        std::uint64_t length = TIFFGetStrileByteCount(tiff, block);
        // Some programs give the last strip as many as the others.
        if (layout.compression == COMPRESSION_NONE) length = std::min(length, plain_bytes(tiff, layout, grid, block));
        constexpr std::uint64_t header = 8;
        if (length == 0) {
            return cut_off("TIFF: of its " + std::string(grid.noun()) + ", number " + std::to_string(block + 1) +
                           " has no bytes");
        }
        const bool outside = begin >= file || length > file - begin;
        const bool in_directory = begin < lists.end && lists.begin < begin + length;
        if (outside || begin < header || in_directory) {
            return cut_off("TIFF: of its " + std::string(grid.noun()) + ", number " + std::to_string(block + 1) +
                           (outside ? " lies outside the file" : " lies in the file's header"));
        }
        present += length;
    }
    const std::uint64_t most = most_expansion(layout.compression);
    // YCbCr may have as little as two colours for 16 pixels.
    const std::uint64_t samples = layout.photometric == PHOTOMETRIC_YCBCR ? 1 : layout.samples;
    const std::uint64_t row_bytes = (std::uint64_t{layout.width} * samples * layout.bits + 7) / 8;
    if (most != 0 && row_bytes * layout.height / most > present)
        return cut_off("TIFF: the file is too short for the size it states");
    return {};
}

} // namespace

Result<TiffGrid> read_grid(TIFF* tiff, const TiffLayout& layout) {
    TiffGrid grid{.tiled = TIFFIsTiled(tiff) != 0, .width = layout.width, .height = layout.height};
    if (grid.tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &grid.width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &grid.height);
    } else {
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &grid.height);
        grid.height = std::min(grid.height, layout.height);
    }
    if (grid.width == 0 || grid.height == 0) return cut_off("TIFF: strips or tiles of an impossible size");
    const std::uint64_t samples = layout.planes_are_separate ? 1 : layout.samples;
    const std::uint64_t row_bits = std::uint64_t{grid.width} * samples * layout.bits; // at most 2^32 * 16 * 2^16
    const auto bytes = checked_mul<std::uint64_t>((row_bits + 7) / 8, grid.height);
    const std::uint64_t page = std::uint64_t{layout.width} * layout.height * samples * ((layout.bits + 7U) / 8U);
    const std::uint64_t most = grid.tiled ? std::max(2 * page, most_tile_bytes_of_small_picture) : UINT64_MAX;
    if (!bytes || *bytes > most_block_bytes || *bytes > most) {
        return cut_off("TIFF: " + std::string(grid.noun()) + " of " + std::to_string(grid.width) + " x " +
                       std::to_string(grid.height) + " in a picture of " + std::to_string(layout.width) + " x " +
                       std::to_string(layout.height));
    }
    grid.block_bytes = *bytes;
    const auto across = [](std::uint64_t all, std::uint64_t each) { return (all + each - 1) / each; };
    grid.blocks = across(layout.width, grid.width) * across(layout.height, grid.height);
    if (layout.planes_are_separate) grid.blocks *= layout.samples;
    return grid;
}

Result<void> check_structure(TIFF* tiff, const TiffLayout& layout, std::uint64_t file_bytes, const ReadAt& read) {
    if (layout.compression == COMPRESSION_OJPEG) return {}; // has its data elsewhere; libtiff gathers it
    DETECT_TRY_ASSIGN(const TiffGrid grid, read_grid(tiff, layout));
    const auto lists = tiff_block_lists(read, TIFFCurrentDirOffset(tiff), grid.tiled);
    if (!lists) return cut_off("TIFF: a directory outside the file");
    DETECT_TRY(check_block_lists(layout, grid, *lists));
    return check_blocks(tiff, layout, grid, *lists, file_bytes);
}

} // namespace detect::picture_file
