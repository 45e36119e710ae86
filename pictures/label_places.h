// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/pixel_rect.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace detect {

struct PlateSize {
    int width = 0;
    int height = 0;
};

/// What wants a label: its box, the frame around it with its lines, and the sizes that the label may have, best first.
/// All in pixels.
struct LabelRequest {
    PixelRect box;
    PixelRect frame;
    std::vector<PlateSize> sizes;
    int line_width = 1;
};

struct LabelPlace {
    std::size_t size = 0;
    PixelRect plate;
    /// The line from a plate that stands away from its frame; none: it stands at it.
    std::optional<PixelRect> leader = std::nullopt;
};

/// What happens to a label that has no place where it hides nothing.
enum class Crowded {
    /// It gets none.
    left_out,
    /// It stands at its box where it hides least of what is inside of boxes, and no other label if it can.
    squeezed_in,
};

/// Places for labels, one for each request; the first request chooses first. A plate lies inside the picture, on no
/// other plate or leader, and on no frame, but for a share of a large one: a tenth of its own, a twentieth of any other
/// one, with all plates that lie there together. It stands at its frame: above, below or beside it. If there is no such
/// place, it moves up to four times its height away, and a line leads to it.
[[nodiscard]] std::vector<std::optional<LabelPlace>>
place_labels(std::span<const LabelRequest> requests, int picture_width, int picture_height, Crowded crowded);

} // namespace detect
