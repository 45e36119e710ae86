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

Result<Decoded> decode_jpeg(Bytes file, const PictureLimits& limits);
Result<Decoded> decode_png(Bytes file, const PictureLimits& limits);
/// `page` from 1, as `tiff_pages` counts them.
Result<Decoded> decode_tiff(Bytes file, std::int64_t page, const PictureLimits& limits);
Result<Decoded> decode_webp(Bytes file, const PictureLimits& limits);
Result<Decoded> decode_bmp(Bytes file, const PictureLimits& limits);

/// Orientation in an EXIF block (a TIFF header and its first directory, optionally after "Exif\0\0"); nothing if there
/// is none or the block is damaged.
std::optional<int> exif_orientation(Bytes block);

/// `tiff:Orientation` in an XMP packet, as an attribute or an element; nothing if there is none.
std::optional<int> xmp_orientation(Bytes packet);

/// What a file says about its orientation, in as many places as it has. EXIF's word counts before XMP's, as for other
/// programs, and the first of each.
class Orientation {
public:
    void exif(Bytes block) {
        if (!exif_) exif_ = exif_orientation(block);
    }
    void xmp(Bytes packet) {
        if (!xmp_) xmp_ = xmp_orientation(packet);
    }
    [[nodiscard]] int value() const { return exif_.value_or(xmp_.value_or(1)); }

private:
    std::optional<int> exif_;
    std::optional<int> xmp_;
};

/// Fails with `resource_limit` for more pixels than the limit, with `unreadable_input` for none.
Result<void> check_picture_size(std::int64_t width, std::int64_t height, const PictureLimits& limits);

/// A picture of this size, pixels zeroed; fails as `check_picture_size` does, with the limit that holds for all.
Result<Picture> allocate_picture(std::int64_t width, std::int64_t height, PixelFormat format);

/// One row of CMYK (0 = no ink) as RGB, the plain way: (1 - ink) * (1 - black).
void cmyk_row_to_rgb(std::span<const std::uint8_t> cmyk, std::span<std::byte> rgb);

inline Error cut_off(const std::string& detail) {
    return Error{ErrorCode::unreadable_input, "the picture is cut off or damaged (" + detail + ")"};
}

} // namespace detect::picture_file
