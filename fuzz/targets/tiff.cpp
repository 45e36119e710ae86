// SPDX-License-Identifier: Apache-2.0
#include "fuzz/decoded_picture.h"
#include "fuzz/targets.h"
#include "pictures/picture_pages.h"

#include <algorithm>

/// Its pages are counted, and the first and the last are decoded.
void detect::fuzz::tiff(Bytes input) {
    const auto pages = picture_file::tiff_pages([&](std::uint64_t offset, std::span<std::byte> to) {
        if (offset > input.size() || input.size() - offset < to.size()) return false;
        std::ranges::copy(input.subspan(offset, to.size()), to.begin());
        return true;
    });
    require_sound(picture_file::decode_tiff(input, 1, small_pictures));
    if (value_of(pages) == nullptr || pages->offsets.size() < 2) return;
    require_sound(picture_file::decode_tiff(input, static_cast<std::int64_t>(pages->offsets.size()), small_pictures));
}
