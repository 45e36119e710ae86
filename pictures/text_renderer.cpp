// SPDX-License-Identifier: Apache-2.0
#include "pictures/text_renderer.h"

#include "base/letter_width.h"
#include "base/text.h"
#include "pictures/glyph_cache.h"
#include "pictures/text_runs.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace detect {

namespace {

/// HarfBuzz's and FreeType's unit: a 64th of a pixel.
constexpr int units = 64;
constexpr int widest_text = 32767;

int to_pixels(std::int64_t value) { return static_cast<int>((value + units / 2) >> 6U); }

/// Where a glyph stands: the column of its origin and the row, up from the baseline.
struct PlacedGlyph {
    const Glyph* glyph = nullptr;
    int x = 0;
    int y = 0;
};

/// Everything that was placed, in pixels.
TextBitmap compose(std::span<const PlacedGlyph> glyphs, int advance, int size) {
    // Of a Latin font: capitals, and the descender of a g.
    TextBitmap text{.width = advance, .ascent = (size * 3 + 3) / 4, .descent = (size * 22 + 99) / 100};
    int first = 0;
    for (const auto& [glyph, x, y] : glyphs) {
        if (glyph->width == 0) continue;
        first = std::min(first, x + glyph->left);
        text.width = std::max(text.width, x + glyph->left + glyph->width);
        text.ascent = std::max(text.ascent, y + glyph->top);
        text.descent = std::max(text.descent, glyph->height - glyph->top - y);
    }
    text.width = std::clamp(text.width - first, 0, widest_text);
    text.coverage.resize(static_cast<std::size_t>(text.width) * static_cast<std::size_t>(text.height()));
    for (const auto& [glyph, x, y] : glyphs) {
        for (int row = 0; row < glyph->height; ++row) {
            const int to = text.ascent - y - glyph->top + row;
            for (int column = 0; column < glyph->width; ++column) {
                const int at = x + glyph->left - first + column;
                if (at < 0 || at >= text.width) continue;
                auto& pixel = text.coverage[static_cast<std::size_t>(to) * static_cast<std::size_t>(text.width) +
                                            static_cast<std::size_t>(at)];
                const auto from =
                    glyph->coverage[static_cast<std::size_t>(row) * static_cast<std::size_t>(glyph->width) +
                                    static_cast<std::size_t>(column)];
                pixel = std::max(pixel, from);
            }
        }
    }
    return text;
}

} // namespace

struct TextRenderer::Parts {
    std::mutex mutex;
    InstalledFonts fonts;
    GlyphCache cache;
    std::unique_ptr<hb_buffer_t, FreedBy<hb_buffer_destroy>> buffer{hb_buffer_create()};

    std::int64_t place(std::string_view text, const TextRun& run, int size, std::int64_t pen,
                       std::vector<PlacedGlyph>& glyphs);
    std::int64_t place_missing(std::string_view text, int size, std::int64_t pen, std::vector<PlacedGlyph>& glyphs);
};

std::int64_t TextRenderer::Parts::place_missing(std::string_view text, int size, std::int64_t pen,
                                                std::vector<PlacedGlyph>& glyphs) {
    const Glyph& box = cache.missing(size);
    while (!text.empty() && pen <= std::int64_t{widest_text} * units) {
        const auto point = first_code_point(text);
        text.remove_prefix(first_letter_length(text));
        if (point && letter_width(point->value) == 0) continue;
        glyphs.push_back({&box, to_pixels(pen), 0});
        pen += std::int64_t{GlyphCache::missing_advance(size)} * units;
    }
    return pen;
}

/// The glyphs of a run from `pen` on, in HarfBuzz's units; returns where the next run begins.
std::int64_t TextRenderer::Parts::place(std::string_view text, const TextRun& run, int size, std::int64_t pen,
                                        std::vector<PlacedGlyph>& glyphs) {
    const std::string_view part = text.substr(run.offset, run.length);
    if (!run.font || !fonts.face(*run.font).set_size(size)) return place_missing(part, size, pen, glyphs);
    FontFace& font = fonts.face(*run.font);
    hb_buffer_reset(buffer.get());
    hb_buffer_add_utf8(buffer.get(), text.data(), static_cast<int>(text.size()), static_cast<unsigned>(run.offset),
                       static_cast<int>(run.length));
    hb_buffer_set_direction(buffer.get(), run.from_the_right ? HB_DIRECTION_RTL : HB_DIRECTION_LTR);
    hb_buffer_set_script(buffer.get(), run.script);
    hb_buffer_set_language(buffer.get(), hb_language_from_string("en", -1));
    hb_shape(font.shaper(), buffer.get(), nullptr, 0);
    unsigned count = 0;
    const hb_glyph_info_t* infos = hb_buffer_get_glyph_infos(buffer.get(), &count);
    const hb_glyph_position_t* positions = hb_buffer_get_glyph_positions(buffer.get(), &count);
    const int most = most_ems * size * units;
    for (unsigned i = 0; i < count && pen <= std::int64_t{widest_text} * units; ++i) {
        const hb_glyph_position_t& position = positions[i];
        const std::int64_t x = pen + std::clamp(position.x_offset, -most, most);
        const std::int64_t quarters = (x * glyph_steps + units / 2) / units;
        const auto step = static_cast<int>(((quarters % glyph_steps) + glyph_steps) % glyph_steps);
        const GlyphKey key{.font = *run.font, .glyph = infos[i].codepoint, .size = size, .step = step};
        if (infos[i].codepoint == 0) {
            // The font's own sign for this differs from font to font.
            glyphs.push_back({&cache.missing(size), to_pixels(pen), 0});
            pen += std::int64_t{GlyphCache::missing_advance(size)} * units;
            continue;
        }
        glyphs.push_back({&cache.glyph(key, font), static_cast<int>((quarters - step) / glyph_steps),
                          to_pixels(std::clamp(position.y_offset, -most, most))});
        pen += std::clamp(position.x_advance, 0, most);
    }
    return pen;
}

TextRenderer::TextRenderer() : parts_(std::make_unique<Parts>()) {}
TextRenderer::~TextRenderer() = default;

bool TextRenderer::has_fonts() const { return !parts_->fonts.empty(); }

TextBitmap TextRenderer::render(std::string_view text, int size) const {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->fonts.empty() || text.empty()) return {};
    parts_->cache.shrink();
    std::vector<PlacedGlyph> glyphs;
    std::int64_t pen = 0;
    for (const TextRun& run : text_runs(text, parts_->fonts)) {
        if (pen > std::int64_t{widest_text} * units) break;
        pen = parts_->place(text, run, size, pen, glyphs);
    }
    return compose(glyphs, to_pixels(std::min(pen, std::int64_t{widest_text} * units) + units / 2 - 1), size);
}

std::vector<char32_t> TextRenderer::missing(std::span<const std::string> texts) const {
    const std::lock_guard lock(parts_->mutex);
    std::set<char32_t> missing;
    for (std::string_view rest : texts) {
        while (!rest.empty()) {
            const auto point = first_code_point(rest);
            rest.remove_prefix(first_letter_length(rest));
            const char32_t letter = point ? point->value : U'\uFFFD';
            if (!is_control(letter) && letter_width(letter) != 0 && !parts_->fonts.font_for({&letter, 1}))
                missing.insert(letter);
        }
    }
    return {missing.begin(), missing.end()};
}

} // namespace detect
