// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

// BMP: a 14-byte file header, an info header of 12 (OS/2) or 40 to 124 bytes, a palette, rows padded to 4 bytes.
namespace detect::picture_file {

namespace {

constexpr std::size_t file_header_bytes = 14;

/// The part of a pixel's bits that holds one colour.
struct Channel {
    std::uint32_t mask = 0;

    [[nodiscard]] std::byte extract(std::uint32_t pixel) const {
        if (mask == 0) return std::byte{0};
        const std::uint64_t largest = mask >> std::countr_zero(mask);
        const std::uint64_t value = (pixel & mask) >> std::countr_zero(mask);
        return static_cast<std::byte>((value * 255 + largest / 2) / largest);
    }
};

struct Layout {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool top_down = false;
    std::uint32_t bits = 0;
    std::uint32_t compression = 0;
    std::size_t pixels_at = 0;
    std::size_t palette_at = 0;
    std::size_t palette_entry_bytes = 4;
    std::size_t palette_size = 0;
    std::array<Channel, 3> channels;
};

/// Little-endian reads; what lies beyond the end reads as 0, sizes are checked before pixels are touched.
std::uint32_t read(Bytes file, std::size_t offset, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;) {
        const std::uint32_t byte = offset + i < file.size() ? std::to_integer<std::uint32_t>(file[offset + i]) : 0;
        value = (value << 8) | byte;
    }
    return value;
}

constexpr std::uint32_t bit_fields = 3;
constexpr std::uint32_t alpha_bit_fields = 6;

void read_os2_header(Bytes file, Layout& layout) {
    layout.width = read(file, 18, 2);
    layout.height = read(file, 20, 2);
    layout.bits = read(file, 24, 2);
    layout.palette_entry_bytes = 3;
}

void read_windows_header(Bytes file, Layout& layout) {
    layout.width = static_cast<std::int32_t>(read(file, 18, 4));
    const std::int64_t height = static_cast<std::int32_t>(read(file, 22, 4));
    layout.top_down = height < 0;
    layout.height = std::abs(height);
    layout.bits = read(file, 28, 2);
    layout.compression = read(file, 30, 4);
    layout.palette_size = read(file, 46, 4);
    if (layout.compression == bit_fields || layout.compression == alpha_bit_fields) {
        for (std::size_t i = 0; i < 3; ++i) layout.channels[i].mask = read(file, 54 + 4 * i, 4);
    } else if (layout.bits == 16) {
        layout.channels = {Channel{0x7C00}, Channel{0x03E0}, Channel{0x001F}};
    } else {
        layout.channels = {Channel{0xFF0000}, Channel{0x00FF00}, Channel{0x0000FF}};
    }
}

Result<Layout> read_layout(Bytes file) {
    const std::size_t header_bytes = read(file, 14, 4);
    Layout layout;
    layout.pixels_at = read(file, 10, 4);
    if (header_bytes == 12) {
        read_os2_header(file, layout);
        layout.channels = {Channel{0xFF0000}, Channel{0x00FF00}, Channel{0x0000FF}};
    } else if (header_bytes >= 40 && header_bytes <= 124) {
        read_windows_header(file, layout);
    } else {
        return cut_off("BMP: a header of " + std::to_string(header_bytes) + " bytes");
    }
    const bool masked = layout.compression == bit_fields || layout.compression == alpha_bit_fields;
    const bool header_is_followed_by_masks = masked && header_bytes == 40;
    layout.palette_at = file_header_bytes + header_bytes + (header_is_followed_by_masks ? 12 : 0);
    if (layout.pixels_at < file_header_bytes + header_bytes) return cut_off("BMP: pixels that begin in the header");
    if (layout.compression != 0 && !(masked && (layout.bits == 16 || layout.bits == 32))) {
        return Error{ErrorCode::unsupported, "a compressed BMP; save it uncompressed or as PNG"};
    }
    constexpr std::array<std::uint32_t, 6> depths{1, 4, 8, 16, 24, 32};
    if (std::find(depths.begin(), depths.end(), layout.bits) == depths.end()) {
        return cut_off("BMP: " + std::to_string(layout.bits) + " bits per pixel");
    }
    const std::size_t possible = layout.bits <= 8 ? std::size_t{1} << layout.bits : 0;
    layout.palette_size = layout.palette_size == 0 ? possible : std::min(layout.palette_size, possible);
    return layout;
}

/// Pixel `x` of a row as its index or its bits.
std::uint32_t pixel_bits(Bytes row, std::size_t x, std::uint32_t bits) {
    if (bits >= 8) return read(row, x * (bits / 8), bits / 8);
    const std::size_t per_byte = 8 / bits;
    const auto shift = static_cast<std::uint32_t>(8 - bits * (x % per_byte + 1));
    return (read(row, x / per_byte, 1) >> shift) & ((1U << bits) - 1);
}

Result<void> decode_row(Bytes file, const Layout& layout, Bytes row, std::span<std::byte> out) {
    const bool plain_bytes = layout.bits == 24 || (layout.bits == 32 && layout.compression == 0);
    const std::size_t step = layout.bits / 8;
    for (std::size_t x = 0; x < out.size() / 3; ++x) {
        std::byte* rgb = out.data() + 3 * x;
        if (plain_bytes) {
            for (std::size_t i = 0; i < 3; ++i) rgb[i] = row[x * step + 2 - i];
            continue;
        }
        const std::uint32_t pixel = pixel_bits(row, x, layout.bits);
        if (layout.bits > 8) {
            for (std::size_t i = 0; i < 3; ++i) rgb[i] = layout.channels[i].extract(pixel);
            continue;
        }
        if (pixel >= layout.palette_size) return cut_off("BMP: a colour outside the palette");
        const std::size_t entry = layout.palette_at + pixel * layout.palette_entry_bytes;
        for (std::size_t i = 0; i < 3; ++i) rgb[i] = file[entry + 2 - i];
    }
    return {};
}

} // namespace

Result<Decoded> decode_bmp(Bytes file, const PictureLimits& limits) {
    DETECT_TRY_ASSIGN(const Layout layout, read_layout(file));
    if (layout.width <= 0 || layout.height <= 0) return cut_off("BMP: a size of zero");
    DETECT_TRY(check_picture_size(layout.width, layout.height, limits));
    // Sizes have at most 31 bits, so these products fit into 64.
    const std::int64_t row_bytes = (layout.width * layout.bits + 31) / 32 * 4;
    const std::uint64_t needed = layout.pixels_at + static_cast<std::uint64_t>(row_bytes * layout.height);
    const std::uint64_t palette_end = layout.palette_at + layout.palette_size * layout.palette_entry_bytes;
    if (file.size() < needed || file.size() < palette_end) {
        return cut_off("BMP: the file has " + std::to_string(file.size()) + " of " +
                       std::to_string(std::max(needed, palette_end)) + " bytes");
    }
    DETECT_TRY_ASSIGN(Picture picture, allocate_picture(layout.width, layout.height, PixelFormat::rgb8));

    const std::size_t out_row_bytes = static_cast<std::size_t>(layout.width) * 3;
    for (std::int64_t y = 0; y < layout.height; ++y) {
        const std::int64_t stored_row = layout.top_down ? y : layout.height - 1 - y;
        const Bytes row = file.subspan(layout.pixels_at + static_cast<std::size_t>(stored_row * row_bytes),
                                       static_cast<std::size_t>(row_bytes));
        const std::span out{picture.pixels.data() + static_cast<std::size_t>(y) * out_row_bytes, out_row_bytes};
        DETECT_TRY(decode_row(file, layout, row, out));
    }
    return Decoded{std::move(picture), 1};
}

} // namespace detect::picture_file
