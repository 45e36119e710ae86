// SPDX-License-Identifier: Apache-2.0
#include "pictures/glyph_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include FT_OUTLINE_H

namespace detect {

namespace {

constexpr int units_of_pixel = 64; // FreeType's 26.6
constexpr std::size_t most_cached_bytes = std::size_t{8} << 20U;

/// What stands for a character that no font has: the outline of a box.
Glyph missing_glyph(int size) {
    Glyph box{
        .left = size / 12, .top = size * 3 / 4, .width = std::max(3, size / 2), .height = std::max(3, size * 3 / 4)};
    const int line = std::max(1, size / 14);
    for (int y = 0; y < box.height; ++y) {
        for (int x = 0; x < box.width; ++x) {
            const int rim = std::min({x, y, box.width - 1 - x, box.height - 1 - y});
            box.coverage.push_back(rim < line ? 255 : 0);
        }
    }
    return box;
}

/// None: the font is broken, or would take more room than any letter does.
std::optional<Glyph> load_glyph(FontFace& font, const GlyphKey& key) {
    const FT_Face face = font.face();
    if (FT_Load_Glyph(face, key.glyph, FontFace::load_flags) != 0) return std::nullopt;
    const FT_GlyphSlot slot = face->glyph;
    if (slot->format != FT_GLYPH_FORMAT_OUTLINE) return std::nullopt;
    FT_Outline_Translate(&slot->outline, FT_Pos{key.step} * (units_of_pixel / glyph_steps), 0);
    FT_BBox extent{};
    FT_Outline_Get_CBox(&slot->outline, &extent);
    const FT_Pos most = FT_Pos{most_ems} * key.size * units_of_pixel;
    if (extent.xMin < -most || extent.xMax > most || extent.yMin < -most || extent.yMax > most) return std::nullopt;
    if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL) != 0) return std::nullopt;
    const FT_Bitmap& bitmap = slot->bitmap;
    Glyph glyph{.left = slot->bitmap_left, .top = slot->bitmap_top};
    if (bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || bitmap.buffer == nullptr) return glyph; // a blank
    glyph.width = static_cast<int>(bitmap.width);
    glyph.height = static_cast<int>(bitmap.rows);
    for (int y = 0; y < glyph.height; ++y) {
        const auto* row = bitmap.buffer + std::ptrdiff_t{y} * bitmap.pitch;
        glyph.coverage.insert(glyph.coverage.end(), row, row + glyph.width);
    }
    return glyph;
}

} // namespace

const Glyph& GlyphCache::keep(const GlyphKey& key, Glyph glyph) {
    bytes_ += sizeof(GlyphKey) + sizeof(Glyph) + glyph.coverage.size();
    return glyphs_[key] = std::move(glyph);
}

const Glyph& GlyphCache::glyph(const GlyphKey& key, FontFace& font) {
    const auto known = glyphs_.find(key);
    if (known != glyphs_.end()) return known->second;
    auto loaded = load_glyph(font, key);
    return keep(key, loaded ? *std::move(loaded) : missing_glyph(key.size));
}

const Glyph& GlyphCache::missing(int size) {
    const GlyphKey key{.size = size, .step = glyph_steps};
    const auto known = glyphs_.find(key);
    return known != glyphs_.end() ? known->second : keep(key, missing_glyph(size));
}

int GlyphCache::missing_advance(int size) { return std::max(3, size / 2) + 2 * (size / 12) + 1; }

void GlyphCache::shrink() {
    if (bytes_ <= most_cached_bytes) return;
    glyphs_.clear();
    bytes_ = 0;
}

} // namespace detect
