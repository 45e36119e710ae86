// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "detect/image.h"
#include "pictures/picture_statistics.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Picture files. Nothing here prints; a fault is one line in an `Error` that names the file and the cause.
namespace detect {

/// A picture that owns its pixels: rows densely packed, row 0 at the top.
struct Picture {
    int width = 0;
    int height = 0;
    PixelFormat format = PixelFormat::rgb8;
    /// width * height * bytes_per_pixel(format) bytes.
    std::vector<std::byte> pixels;
    /// As in ImageView; a file does not say.
    int bits = 0;

    [[nodiscard]] ImageView view() const;
};

/// Largest picture that is read: 2^28 pixels, such as 16384 x 16384. A file that claims more is refused before anything
/// is allocated for it.
inline constexpr std::int64_t max_picture_pixels = std::int64_t{1} << 28;

/// What a file may ask for.
struct PictureLimits {
    /// Of a page, at most `max_picture_pixels`. Decoding takes up to 20 bytes each.
    std::int64_t pixels = max_picture_pixels;
};

/// Largest file that is read, in bytes.
inline constexpr std::uintmax_t max_picture_file_bytes = std::uintmax_t{4} << 30;

/// Reads a JPEG, PNG, TIFF, WebP or BMP file; the kind is told by the content, not by the name.
/// - Comes out as grey8, grey16, rgb8, rgb16 or, for a float TIFF, rgb_float with the values as they are stored (they
///   may lie outside [0, 1]; `image_to_tensor` checks that, `measure` shows it).
/// - `page` counts from 1 (`find_pages`); only a TIFF has more than one. Of an animation or a multi-picture JPEG it is
///   the first picture.
/// - Orientation is applied, wherever it is stored: EXIF, TIFF's own tag, else XMP. Alpha is dropped, palettes are
/// looked up, CMYK becomes RGB.
///   Colour profiles and gamma are not applied.
/// - A file that is cut off or damaged is an error, never a partly grey picture. So are NaN and infinity.
/// Fails with `unreadable_input` (missing, a directory, cut off, not a picture), `unsupported` (a rare variant) or
/// `resource_limit`.
Result<Picture> read_picture(const std::filesystem::path& path, std::int64_t page = 1,
                             const PictureLimits& limits = {});

/// The bytes of such a file, for `decode_picture`: for those who want to know more of them than what they show.
Result<std::vector<std::byte>> read_picture_file(const std::filesystem::path& path);

/// The same where a file stands for one picture: `unreadable_input` if it holds more than that.
Result<Picture> read_single_picture(const std::filesystem::path& path);

/// The same from memory; `name` stands for the file's name in messages.
Result<Picture> decode_picture(std::span<const std::byte> file, std::string_view name, std::int64_t page = 1,
                               const PictureLimits& limits = {});

/// What a picture file says of itself.
enum class PictureOrigin {
    /// Nothing.
    unsaid,
    /// That we drew or cut it: `is_ours` in own_pictures.h knows it by that.
    ours,
};

/// Text in a picture file, for programs that read it back.
struct PictureText {
    /// At most 79 letters of ASCII.
    std::string keyword;
    /// UTF-8.
    std::string text;
};

/// Writes a PNG or JPEG (quality 95), chosen by the extension .png, .jpg or .jpeg. Every 8-bit format is taken; 16-bit
/// formats as PNG only; floats not at all. The file appears whole under its name or not at all: it is written beside it
/// and renamed. In a PNG, `texts` are iTXt chunks; in a JPEG comments, "KEYWORD TEXT". A comment holds 65533 bytes: a
/// longer text goes into several, "KEYWORD 1/3 TEXT" and so on, cut between two letters.
/// Fails with `invalid_argument` (extension, format, view) or `unwritable_output`.
Result<void> write_picture(const std::filesystem::path& path, const ImageView& picture,
                           PictureOrigin origin = PictureOrigin::unsaid, std::span<const PictureText> texts = {});

/// A JPEG file in memory, of this quality (1 to 100; more is larger and better). Takes 8-bit formats.
/// Fails with `invalid_argument` (format, view).
Result<std::vector<std::byte>> encode_jpeg(const ImageView& picture, int quality);

/// A copy as rgb8, for drawing on: 16-bit values and floats are rounded to the nearest step, floats clamped to [0, 1].
/// Fails with `invalid_argument` if the view is not sound.
Result<Picture> to_rgb8(const ImageView& picture);

} // namespace detect
