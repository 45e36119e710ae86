// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/picture.h"

#include <optional>
#include <string>

/// The decoder of each kind of picture file. Messages leave out the file's name: `decode_picture` puts it in front.
namespace detect::picture_file {

using Bytes = std::span<const std::byte>;

/// A picture as stored, and how it has to be turned: EXIF's orientation, 1 (upright) to 8.
struct Decoded {
    Picture picture;
    int orientation = 1;
};

Result<Decoded> decode_jpeg(Bytes file);
Result<Decoded> decode_png(Bytes file);
Result<Decoded> decode_tiff(Bytes file);
Result<Decoded> decode_webp(Bytes file);
Result<Decoded> decode_bmp(Bytes file);

/// Orientation in an EXIF block (a TIFF header and its first directory, optionally after "Exif\0\0"); 1 if there is
/// none or the block is damaged.
int exif_orientation(Bytes block);

/// Fails with `resource_limit` for more than `max_picture_pixels`, with `unreadable_input` for none.
Result<void> check_picture_size(std::int64_t width, std::int64_t height);

/// A picture of this size, pixels zeroed; fails as `check_picture_size` does.
Result<Picture> allocate_picture(std::int64_t width, std::int64_t height, PixelFormat format);

/// One row of CMYK (0 = no ink) as RGB, the plain way: (1 - ink) * (1 - black).
void cmyk_row_to_rgb(std::span<const std::uint8_t> cmyk, std::span<std::byte> rgb);

inline Error cut_off(const std::string& detail) {
    return Error{ErrorCode::unreadable_input, "the picture is cut off or damaged (" + detail + ")"};
}

} // namespace detect::picture_file
