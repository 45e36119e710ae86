// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/target.h"
#include "pictures/decoders.h"

namespace detect::fuzz {

/// What is larger takes time and shows nothing more.
inline constexpr PictureLimits small_pictures{.pixels = 1 << 18};

/// A picture has all its pixels, and is no larger than may be.
inline void require_sound(const Result<picture_file::Decoded>& decoded) {
    if (value_of(decoded) == nullptr) return;
    const Picture& picture = decoded->picture;
    require(picture.width > 0 && picture.height > 0, "a picture has pixels");
    require(std::int64_t{picture.width} * picture.height <= small_pictures.pixels, "a picture is within the limit");
    const std::size_t pixels = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
    require(picture.pixels.size() == pixels * static_cast<std::size_t>(bytes_per_pixel(picture.format)),
            "a picture has all its bytes");
    require(decoded->orientation >= 1 && decoded->orientation <= 8, "an orientation is one of eight");
}

} // namespace detect::fuzz
