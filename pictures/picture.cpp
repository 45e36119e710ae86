// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture.h"

#include "base/regular_file.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/decoders.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture_kinds.h"
#include "pictures/picture_pages.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <new>

namespace detect {

namespace picture_file {

Result<void> check_picture_size(std::int64_t width, std::int64_t height, const PictureLimits& limits) {
    if (width <= 0 || height <= 0) return cut_off("a size of zero");
    const std::int64_t most = std::min(limits.pixels, max_picture_pixels);
    if (width > most || height > most || width * height > most) {
        return Error{ErrorCode::resource_limit, "the picture states a size of " + std::to_string(width) + " x " +
                                                    std::to_string(height) + " pixels; the limit is " +
                                                    std::to_string(most) + " pixels"};
    }
    return {};
}

Result<Picture> allocate_picture(std::int64_t width, std::int64_t height, PixelFormat format) {
    DETECT_TRY(check_picture_size(width, height, {}));
    Picture picture{static_cast<int>(width), static_cast<int>(height), format, {}};
    picture.pixels.resize(static_cast<std::size_t>(width * height) * bytes_per_pixel(format));
    return picture;
}

void cmyk_row_to_rgb(std::span<const std::uint8_t> cmyk, std::span<std::byte> rgb) {
    for (std::size_t pixel = 0; pixel < rgb.size() / 3; ++pixel) {
        const unsigned light = 255U - cmyk[4 * pixel + 3];
        for (std::size_t i = 0; i < 3; ++i) {
            const unsigned value = (light * (255U - cmyk[4 * pixel + i]) + 127U) / 255U;
            rgb[3 * pixel + i] = static_cast<std::byte>(value);
        }
    }
}

} // namespace picture_file

namespace {

using picture_file::Bytes;
using picture_file::Decoded;

Error named(std::string_view name, const Error& error) {
    return Error{error.code, without_controls(name, '?') + ": " + without_controls(error.message, '?')};
}

bool starts_with(Bytes file, std::string_view magic, std::size_t offset = 0) {
    return file.size() >= offset + magic.size() && std::memcmp(file.data() + offset, magic.data(), magic.size()) == 0;
}

/// What an unknown file looks like, for people who picked the wrong one.
Error not_a_picture(Bytes file) {
    const Bytes head = file.first(std::min<std::size_t>(file.size(), 512));
    const bool text = std::none_of(head.begin(), head.end(), [](std::byte byte) {
        const auto code = std::to_integer<unsigned>(byte);
        return code < 0x20 && code != '\n' && code != '\r' && code != '\t';
    });
    const auto kind = picture_kind(head);
    const std::string looks = kind                      ? "it is " + std::string(kind->name)
                              : text                    ? "it is a text file"
                              : starts_with(file, "PK") ? "it is a ZIP archive (a checkpoint?)"
                                                        : "its first bytes are of no kind known here";
    return Error{ErrorCode::unreadable_input, "not a JPEG, PNG, TIFF, WebP or BMP picture: " + looks};
}

Result<Decoded> decode_any(Bytes file, std::int64_t page, const PictureLimits& limits) {
    if (file.empty()) return Error{ErrorCode::unreadable_input, "the file is empty"};
    const auto kind = picture_kind(file.first(std::min(file.size(), picture_kind_bytes)));
    const PictureCodec codec = kind ? kind->codec : PictureCodec::none;
    if (page != 1 && kind && codec != PictureCodec::tiff)
        return Error{ErrorCode::unreadable_input, "there is no such page; only a TIFF has several"};
    switch (codec) {
    case PictureCodec::jpeg: return picture_file::decode_jpeg(file, limits);
    case PictureCodec::png: return picture_file::decode_png(file, limits);
    case PictureCodec::tiff: return picture_file::decode_tiff(file, page, limits);
    case PictureCodec::webp: return picture_file::decode_webp(file, limits);
    case PictureCodec::bmp: return picture_file::decode_bmp(file, limits);
    case PictureCodec::none: break;
    }
    return not_a_picture(file);
}

/// Most of them begin as a TIFF does, and would be read as the small picture that they hold besides.
bool is_raw_file(Bytes file, const std::filesystem::path& path) {
    const auto promised = picture_kind_of_name(path);
    const auto kind = picture_kind(file.first(std::min(file.size(), picture_kind_bytes)));
    return promised && !promised->is_read() && kind && kind->codec == PictureCodec::tiff;
}

template <std::size_t PixelBytes>
void turn(const Picture& stored, int orientation, Picture& out) {
    const bool swap = orientation >= 5;
    const bool mirror_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool mirror_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    std::byte* target = out.pixels.data();
    for (int y = 0; y < out.height; ++y) {
        for (int x = 0; x < out.width; ++x, target += PixelBytes) {
            int from_x = swap ? y : x;
            int from_y = swap ? x : y;
            if (mirror_x) from_x = stored.width - 1 - from_x;
            if (mirror_y) from_y = stored.height - 1 - from_y;
            const std::size_t from = static_cast<std::size_t>(from_y) * static_cast<std::size_t>(stored.width) +
                                     static_cast<std::size_t>(from_x);
            std::memcpy(target, stored.pixels.data() + from * PixelBytes, PixelBytes);
        }
    }
}

/// Turns a stored picture upright. Orientations 5 to 8 swap the axes (Exif 2.32, tag 0x0112).
Picture upright(Picture stored, int orientation) {
    if (orientation == 1) return stored;
    const bool swap = orientation >= 5;
    Picture out{swap ? stored.height : stored.width, swap ? stored.width : stored.height, stored.format, {}};
    out.pixels.resize(stored.pixels.size());
    switch (bytes_per_pixel(stored.format)) {
    case 1: turn<1>(stored, orientation, out); break;
    case 2: turn<2>(stored, orientation, out); break;
    case 3: turn<3>(stored, orientation, out); break;
    case 6: turn<6>(stored, orientation, out); break;
    default: turn<12>(stored, orientation, out); break; // no decoder gives a format with alpha
    }
    return out;
}

Result<std::vector<std::byte>> read_file(const std::filesystem::path& path) {
    const Error too_large{ErrorCode::resource_limit, "the file has more than 4 GiB, the limit for a picture"};
    DETECT_TRY_ASSIGN(const RegularFile file, RegularFile::open(path));
    if (file.size() > max_picture_file_bytes) return too_large;
    // It may grow meanwhile: one byte more than it has is asked for.
    std::vector<std::byte> content(static_cast<std::size_t>(file.size()) + 1);
    for (std::size_t before = 0;;) {
        DETECT_TRY_ASSIGN(const std::size_t count, file.read_at(before, std::span(content).subspan(before)));
        before += count;
        if (before < content.size()) {
            content.resize(before);
            return content;
        }
        if (before > max_picture_file_bytes) return too_large;
        constexpr std::size_t step = 1U << 20U;
        content.resize(before + step);
    }
}

/// Calls `visit(value)` with each value of a 16-bit or float picture, in [0, 1].
template <class Visit>
void for_each_value(const ImageView& view, Visit visit) {
    const bool wide = view.format != PixelFormat::rgb_float;
    const std::size_t values = static_cast<std::size_t>(view.width) * bytes_per_pixel(view.format) / (wide ? 2 : 4);
    const auto white = static_cast<double>(white_of(view));
    for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y) {
        const auto* row = row_of(view, y);
        const auto* words = reinterpret_cast<const std::uint16_t*>(row);
        const auto* floats = reinterpret_cast<const float*>(row);
        for (std::size_t i = 0; i < values; ++i) visit(wide ? words[i] / white : static_cast<double>(floats[i]));
    }
}

/// 8-bit pixels of `Channels` bytes as RGB; `Red`, `Green`, `Blue` are the channels' places in a pixel.
template <std::size_t Channels, std::size_t Red, std::size_t Green, std::size_t Blue>
void copy_bytes(const ImageView& view, std::byte* rgb) {
    for (std::size_t y = 0; y < static_cast<std::size_t>(view.height); ++y) {
        const auto* pixel = row_of(view, y);
        for (int x = 0; x < view.width; ++x, pixel += Channels, rgb += 3) {
            rgb[0] = pixel[Red];
            rgb[1] = pixel[Green];
            rgb[2] = pixel[Blue];
        }
    }
}

std::byte to_step(double value) { return static_cast<std::byte>(std::lround(std::clamp(value, 0.0, 1.0) * 255.0)); }

} // namespace

ImageView Picture::view() const {
    return {.pixels = pixels.data(),
            .width = width,
            .height = height,
            .stride_bytes = static_cast<std::size_t>(width) * bytes_per_pixel(format),
            .format = format,
            .bits = bits};
}

Result<Picture> decode_picture(std::span<const std::byte> file, std::string_view name, std::int64_t page,
                               const PictureLimits& limits) {
    try {
        if (is_raw_file(file, name)) {
            return named(
                name, Error{ErrorCode::unsupported, "a camera's raw file is not read; save it as TIFF, PNG or JPEG"});
        }
        auto decoded = decode_any(file, page, limits);
        if (!decoded && page != 1) {
            const Error error = std::move(decoded).error();
            return named(name, {error.code, "page " + std::to_string(page) + ": " + error.message});
        }
        if (!decoded) return named(name, std::move(decoded).error());
        return upright(std::move(decoded->picture), decoded->orientation);
    } catch (const std::bad_alloc&) {
        return named(name, Error{ErrorCode::resource_limit, "not enough memory for this picture"});
    }
}

Result<std::vector<std::byte>> read_picture_file(const std::filesystem::path& path) {
    try {
        auto file = read_file(path);
        if (!file) return named(path.string(), std::move(file).error());
        return file;
    } catch (const std::bad_alloc&) {
        return named(path.string(), Error{ErrorCode::resource_limit, "not enough memory for this file"});
    }
}

Result<Picture> read_picture(const std::filesystem::path& path, std::int64_t page, const PictureLimits& limits) {
    DETECT_TRY_ASSIGN(const std::vector<std::byte> file, read_picture_file(path));
    return decode_picture(file, path.string(), page, limits);
}

Result<Picture> read_single_picture(const std::filesystem::path& path) {
    DETECT_TRY_ASSIGN(const PicturePages pages, find_pages(path));
    if (pages.pages > 1) {
        return named(path.string(),
                     Error{ErrorCode::unreadable_input,
                           "holds " + std::to_string(pages.pages) +
                               " pages, where one picture is meant; save the page as a file of its own"});
    }
    if (!pages.left_out.empty()) return named(path.string(), Error{ErrorCode::unreadable_input, pages.left_out});
    return read_picture(path);
}

Result<Picture> to_rgb8(const ImageView& picture) {
    DETECT_TRY(check_view(picture));
    DETECT_TRY_ASSIGN(Picture out, picture_file::allocate_picture(picture.width, picture.height, PixelFormat::rgb8));
    std::byte* target = out.pixels.data();
    switch (picture.format) {
    case PixelFormat::grey8: copy_bytes<1, 0, 0, 0>(picture, target); break;
    case PixelFormat::rgb8: copy_bytes<3, 0, 1, 2>(picture, target); break;
    case PixelFormat::bgr8: copy_bytes<3, 2, 1, 0>(picture, target); break;
    case PixelFormat::rgba8: copy_bytes<4, 0, 1, 2>(picture, target); break;
    case PixelFormat::bgra8: copy_bytes<4, 2, 1, 0>(picture, target); break;
    case PixelFormat::grey16:
        for_each_value(picture, [&](double value) {
            std::fill_n(target, 3, to_step(value));
            target += 3;
        });
        break;
    case PixelFormat::rgb16:
    case PixelFormat::rgb_float: for_each_value(picture, [&](double value) { *target++ = to_step(value); }); break;
    }
    return out;
}

} // namespace detect
