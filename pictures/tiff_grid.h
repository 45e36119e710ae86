// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/picture.h"
#include "pictures/picture_pages.h"

#include <tiffio.h>

/// How a page of a TIFF is cut up, and whether its pieces are where they may be.
namespace detect::picture_file {

/// libtiff allocates a strip or tile at once; the largest is a whole picture of four floats a pixel.
inline constexpr std::uint64_t most_block_bytes = std::uint64_t{max_picture_pixels} * 16;

/// How a page's pixels are stored.
struct TiffLayout {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint16_t bits = 1;
    std::uint16_t samples = 1;
    std::uint16_t sample_format = SAMPLEFORMAT_UINT;
    std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
    std::uint16_t compression = COMPRESSION_NONE;
    bool planes_are_separate = false;

    [[nodiscard]] bool is_grey() const {
        return photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
    }
    [[nodiscard]] std::size_t colours() const { return is_grey() ? 1 : 3; }
    [[nodiscard]] std::size_t sample_bytes() const { return bits / 8; }
};

/// How the page is cut into strips or tiles: a strip is a tile as wide as the picture.
struct TiffGrid {
    bool tiled = false;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint64_t blocks = 0;
    /// Of a decoded block, of one plane if they are separate.
    std::uint64_t block_bytes = 0;

    [[nodiscard]] const char* noun() const { return tiled ? "tiles" : "strips"; }
};

/// Refuses blocks that are out of proportion to the picture.
[[nodiscard]] Result<TiffGrid> read_grid(TIFF* tiff, const TiffLayout& layout);

/// Refuses a page that lists too few strips or tiles, that has them in the file's header or behind its end, or whose
/// bytes cannot be unpacked to so large a picture. To be called before pixels are read: libtiff takes what is missing
/// for 0, and reads pixels from the file's header then. The page is the current directory; `read` is of the file.
[[nodiscard]] Result<void> check_structure(TIFF* tiff, const TiffLayout& layout, std::uint64_t file_bytes,
                                           const ReadAt& read);

} // namespace detect::picture_file
