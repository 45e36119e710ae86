// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace detect {

/// Columns that a terminal gives to a code point: 2 for East Asian wide and full-width characters, 0 for what combines
/// with the one before, 1 for all else. Whatever the locale is. As most terminals do, it looks at each code point
/// alone: an emoji that is put together of several has the columns of its parts.
[[nodiscard]] std::size_t letter_width(char32_t point);

} // namespace detect
