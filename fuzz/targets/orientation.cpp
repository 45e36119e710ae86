// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "pictures/decoders.h"
#include "pictures/picture_kinds.h"

/// EXIF and XMP blocks, and what a file's first bytes tell.
void detect::fuzz::orientation(Bytes input) {
    for (const auto turn : {picture_file::exif_orientation(input), picture_file::xmp_orientation(input)}) {
        require(!turn || (*turn >= 1 && *turn <= 8), "an orientation is one of eight");
    }
    const auto kind = picture_kind(input.first(std::min(input.size(), picture_kind_bytes)));
    require(!kind || !kind->name.empty(), "a kind has a name");
}
