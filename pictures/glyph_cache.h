// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/installed_fonts.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace detect {

/// A letter as it covers pixels.
struct Glyph {
    /// Columns from the origin to the first, rows from the baseline up to the first.
    int left = 0;
    int top = 0;
    int width = 0;
    int height = 0;
    /// 0 to 255 for each pixel.
    std::vector<std::uint8_t> coverage = {};
};

/// Letters stand at quarters of a pixel: at whole ones, small text has uneven gaps.
inline constexpr int glyph_steps = 4;
/// No letter of an honest font is larger than this many ems, or moves further.
inline constexpr int most_ems = 8;

struct GlyphKey {
    std::size_t font = 0;
    unsigned glyph = 0;
    /// Pixels of the em.
    int size = 0;
    /// How many quarters of a pixel it is moved to the right; `glyph_steps`: it is the box for a missing character.
    int step = 0;
    auto operator<=>(const GlyphKey&) const = default; // NOLINT(modernize-use-nullptr): there is no pointer here
};

/// Letters that have been drawn, for those who draw them again. Not for several threads at once.
class GlyphCache {
public:
    /// Valid until `shrink`. `font` has the size already. A letter that the font has but cannot draw becomes the box
    /// for a missing character.
    const Glyph& glyph(const GlyphKey& key, FontFace& font);
    /// What stands for a character that no font has.
    const Glyph& missing(int size);
    /// Columns from such a box to the next letter.
    [[nodiscard]] static int missing_advance(int size);

    /// Forgets all letters if they take too much memory.
    void shrink();

private:
    const Glyph& keep(const GlyphKey& key, Glyph glyph);

    std::map<GlyphKey, Glyph> glyphs_;
    std::size_t bytes_ = 0;
};

} // namespace detect
