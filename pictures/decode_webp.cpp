// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include "base/try.h"

#include <string_view>

#include <webp/decode.h>

namespace detect::picture_file {

namespace {

std::size_t little_endian_32(Bytes bytes, std::size_t offset) {
    std::size_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = (value << 8) | std::to_integer<std::size_t>(bytes[offset + i]);
    return value;
}

/// Walks the chunks of a RIFF file: four letters, size, data padded to an even length. Calls `visit(letters, data)`.
template <class Visit>
void for_each_chunk(Bytes riff, Visit visit) {
    constexpr std::size_t header = 8;
    for (std::size_t offset = 12; riff.size() >= header && offset <= riff.size() - header;) {
        const std::size_t size = little_endian_32(riff, offset + 4);
        if (size > riff.size() - offset - header) break;
        visit(std::string_view(reinterpret_cast<const char*>(riff.data() + offset), 4),
              riff.subspan(offset + header, size));
        offset += header + size + size % 2;
    }
}

int orientation_of(Bytes riff) {
    Orientation found;
    for_each_chunk(riff, [&](std::string_view letters, Bytes data) {
        if (letters == "EXIF") found.exif(data);
        if (letters == "XMP ") found.xmp(data);
    });
    return found.value();
}

/// An animation's first frame as libwebp reads it: what follows its place, size, time and flags.
Result<Bytes> first_frame(Bytes riff, const WebPBitstreamFeatures& canvas) {
    constexpr std::size_t frame_header = 16;
    Bytes frame;
    for_each_chunk(riff, [&](std::string_view letters, Bytes data) {
        if (letters == "ANMF" && frame.empty()) frame = data;
    });
    WebPBitstreamFeatures features;
    if (frame.size() <= frame_header) return cut_off("WebP: an animation without frames");
    frame = frame.subspan(frame_header);
    if (WebPGetFeatures(reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size(), &features) != VP8_STATUS_OK)
        return cut_off("WebP: bad first frame");
    if (features.width != canvas.width || features.height != canvas.height) {
        return Error{ErrorCode::unsupported, "an animated WebP whose first frame is only a part of the picture; save "
                                             "the frame to look at as a picture of its own"};
    }
    return frame;
}

} // namespace

Result<Decoded> decode_webp(Bytes file, const PictureLimits& limits) {
    constexpr std::size_t riff_header = 12;
    if (file.size() < riff_header) return cut_off("WebP: no header");
    const std::size_t stated = little_endian_32(file, 4) + 8;
    if (file.size() < stated) {
        return cut_off("WebP: the file has " + std::to_string(file.size()) + " of " + std::to_string(stated) +
                       " bytes");
    }
    const auto* data = reinterpret_cast<const std::uint8_t*>(file.data());
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, file.size(), &features) != VP8_STATUS_OK) return cut_off("WebP: bad header");
    DETECT_TRY(check_picture_size(features.width, features.height, limits));
    Bytes coded = file;
    if (features.has_animation != 0) {
        DETECT_TRY_ASSIGN(coded, first_frame(file, features));
    }
    DETECT_TRY_ASSIGN(Picture picture, allocate_picture(features.width, features.height, PixelFormat::rgb8));
    auto* pixels = reinterpret_cast<std::uint8_t*>(picture.pixels.data());
    const auto* coded_data = reinterpret_cast<const std::uint8_t*>(coded.data());
    if (WebPDecodeRGBInto(coded_data, coded.size(), pixels, picture.pixels.size(), features.width * 3) == nullptr) {
        return cut_off("WebP: bad data");
    }
    return Decoded{std::move(picture), orientation_of(file)};
}

} // namespace detect::picture_file
