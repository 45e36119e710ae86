// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace detect {

/// Red, green, blue.
using Colour = std::array<std::uint8_t, 3>;

/// The colour of a class: always the same for a label. The first seven are those of Okabe and Ito (2008), which people
/// with any kind of colour blindness can tell apart; further ones are spread over the hues at two lightnesses.
[[nodiscard]] Colour class_colour(int label);

/// Black or white, whichever has the larger contrast ratio on this ground.
[[nodiscard]] Colour text_colour(const Colour& ground);

} // namespace detect
