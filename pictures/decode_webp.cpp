// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"

#include <cstring>

#include <webp/decode.h>

namespace detect::picture_file {

namespace {

std::size_t little_endian_32(Bytes bytes, std::size_t offset) {
    std::size_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = (value << 8) | std::to_integer<std::size_t>(bytes[offset + i]);
    return value;
}

/// Walks the chunks of a RIFF file: four letters, size, data padded to an even length.
int orientation_of(Bytes riff) {
    constexpr std::size_t header = 8;
    for (std::size_t offset = 12; riff.size() >= header && offset <= riff.size() - header;) {
        const std::size_t size = little_endian_32(riff, offset + 4);
        if (size > riff.size() - offset - header) break;
        if (std::memcmp(riff.data() + offset, "EXIF", 4) == 0)
            return exif_orientation(riff.subspan(offset + header, size));
        offset += header + size + size % 2;
    }
    return 1;
}

} // namespace

Result<Decoded> decode_webp(Bytes file) {
    const std::size_t stated = little_endian_32(file, 4) + 8;
    if (file.size() < stated) {
        return cut_off("WebP: the file has " + std::to_string(file.size()) + " of " + std::to_string(stated) +
                       " bytes");
    }
    const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, file.size(), &features) != VP8_STATUS_OK) return cut_off("WebP: bad header");
    if (features.has_animation != 0) {
        return Error{ErrorCode::unsupported, "an animated WebP; save the frame to look at as a picture of its own"};
    }
    DETECT_TRY_ASSIGN(Picture picture, allocate_picture(features.width, features.height, PixelFormat::rgb8));
    auto* pixels = reinterpret_cast<std::uint8_t*>(picture.pixels.data());
    if (WebPDecodeRGBInto(data, file.size(), pixels, picture.pixels.size(), features.width * 3) == nullptr) {
        return cut_off("WebP: bad data");
    }
    return Decoded{std::move(picture), orientation_of(file)};
}

} // namespace detect::picture_file
