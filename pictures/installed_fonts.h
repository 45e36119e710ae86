// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/regular_file.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fontconfig/fontconfig.h>
#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>

namespace detect {

/// Calls the library's own function that frees it.
template <auto Free>
struct FreedBy {
    template <class Object>
    void operator()(Object* object) const {
        Free(object);
    }
};

/// A font file that is open. It is read by position, as FreeType asks for its parts. Not for several threads at once.
class FontFace {
public:
    /// None if it cannot be read, is larger than a font has to be, or has no outlines.
    [[nodiscard]] static std::unique_ptr<FontFace> open(FT_Library library, const std::string& file, int index);

    FontFace(const FontFace&) = delete;
    FontFace& operator=(const FontFace&) = delete;
    ~FontFace();

    /// `size`: pixels of the font's em. False: the font has no such size.
    [[nodiscard]] bool set_size(int size);
    [[nodiscard]] FT_Face face() const { return face_; }
    [[nodiscard]] hb_font_t* shaper() const { return shaper_.get(); }

    /// Outlines, fitted to rows of pixels but not to columns: letters keep their distances.
    static constexpr int load_flags = FT_LOAD_TARGET_LIGHT | FT_LOAD_NO_BITMAP;

private:
    explicit FontFace(RegularFile file);

    RegularFile file_;
    FT_StreamRec stream_ = {};
    FT_Face face_ = nullptr;
    std::unique_ptr<hb_font_t, FreedBy<hb_font_destroy>> shaper_;
    int size_ = 0;
};

/// The fonts of this machine, as fontconfig orders them for text without serifs. The language of the locale has no say,
/// so that pictures are the same for everybody. Not for several threads at once.
class InstalledFonts {
public:
    InstalledFonts();
    InstalledFonts(const InstalledFonts&) = delete;
    InstalledFonts& operator=(const InstalledFonts&) = delete;
    ~InstalledFonts();

    [[nodiscard]] bool empty() const { return fonts_.empty(); }
    /// The first font that has all of these characters, else the first that has the first one; none if none has it.
    [[nodiscard]] std::optional<std::size_t> font_for(std::span<const char32_t> cluster);
    [[nodiscard]] FontFace& face(std::size_t font) { return *fonts_[font].face; }

private:
    struct Font {
        std::string file;
        int index = 0;
        const FcCharSet* letters = nullptr;
        std::unique_ptr<FontFace> face = nullptr;
        bool is_broken = false;
    };
    [[nodiscard]] bool has(Font& font, std::span<const char32_t> letters);

    FT_Library library_ = nullptr;
    std::unique_ptr<FcConfig, FreedBy<FcConfigDestroy>> config_;
    std::unique_ptr<FcFontSet, FreedBy<FcFontSetDestroy>> set_;
    std::vector<Font> fonts_;
};

} // namespace detect
