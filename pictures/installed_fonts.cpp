// SPDX-License-Identifier: Apache-2.0
#include "pictures/installed_fonts.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <hb-ft.h>

namespace detect {

namespace {

/// Noto's collections of all Chinese, Japanese and Korean fonts have 120 MB.
constexpr std::uint64_t largest_font_bytes = std::uint64_t{512} << 20U;

/// FreeType's way to ask for bytes: their number, or for none of them whether there is such a place (0: yes).
unsigned long read_font(FT_Stream stream, unsigned long offset, unsigned char* target, unsigned long count) {
    const auto& file = *static_cast<const RegularFile*>(stream->descriptor.pointer);
    if (count == 0) return offset > file.size() ? 1 : 0;
    const auto read = file.read_at(offset, {reinterpret_cast<std::byte*>(target), count});
    return read ? *read : 0;
}

bool is_true(const FcPattern* pattern, const char* property) {
    FcBool value = FcFalse;
    return FcPatternGetBool(pattern, property, 0, &value) == FcResultMatch && value == FcTrue;
}

std::string_view text_of(const FcPattern* pattern, const char* property) {
    FcChar8* text = nullptr;
    if (FcPatternGetString(pattern, property, 0, &text) != FcResultMatch) return {};
    return reinterpret_cast<const char*>(text);
}

/// What fonts are to be like, best first.
std::unique_ptr<FcPattern, FreedBy<FcPatternDestroy>> wanted(FcConfig* config) {
    std::unique_ptr<FcPattern, FreedBy<FcPatternDestroy>> pattern(FcPatternCreate());
    const auto* family = reinterpret_cast<const FcChar8*>("sans-serif");
    const auto* language = reinterpret_cast<const FcChar8*>("en");
    FcPatternAddString(pattern.get(), FC_FAMILY, family);
    FcPatternAddString(pattern.get(), FC_LANG, language);
    FcPatternAddBool(pattern.get(), FC_SCALABLE, FcTrue);
    FcConfigSubstitute(config, pattern.get(), FcMatchPattern);
    FcPatternDel(pattern.get(), FC_LANG); // also has the locale's by now
    FcPatternAddString(pattern.get(), FC_LANG, language);
    FcDefaultSubstitute(pattern.get());
    return pattern;
}

/// TrueType and OpenType outlines in one colour. Variable fonts are listed once more by each style that they have.
bool is_usable(const FcPattern* font) {
    const std::string_view format = text_of(font, FC_FONTFORMAT);
    return (format == "TrueType" || format == "CFF") && is_true(font, FC_OUTLINE) && !is_true(font, FC_COLOR) &&
           !is_true(font, FC_VARIABLE);
}

} // namespace

FontFace::FontFace(RegularFile file) : file_(std::move(file)) {
    stream_.size = file_.size();
    stream_.descriptor.pointer = &file_;
    stream_.read = read_font;
}

std::unique_ptr<FontFace> FontFace::open(FT_Library library, const std::string& file, int index) {
    auto opened = RegularFile::open(file);
    if (!opened || opened->size() > largest_font_bytes) return nullptr;
    std::unique_ptr<FontFace> font(new FontFace(*std::move(opened)));
    FT_Open_Args arguments{};
    arguments.flags = FT_OPEN_STREAM;
    arguments.stream = &font->stream_;
    if (FT_Open_Face(library, &arguments, index, &font->face_) != 0) {
        font->face_ = nullptr;
        return nullptr;
    }
    if (!FT_IS_SCALABLE(font->face_)) return nullptr;
    font->shaper_.reset(hb_ft_font_create_referenced(font->face_));
    hb_ft_font_set_load_flags(font->shaper_.get(), load_flags);
    return font;
}

FontFace::~FontFace() {
    shaper_.reset();
    if (face_ != nullptr) FT_Done_Face(face_);
}

bool FontFace::set_size(int size) {
    if (size_ == size) return true;
    if (FT_Set_Pixel_Sizes(face_, 0, static_cast<FT_UInt>(size)) != 0) return false;
    hb_ft_font_changed(shaper_.get());
    size_ = size;
    return true;
}

InstalledFonts::InstalledFonts() {
    if (FT_Init_FreeType(&library_) != 0) {
        library_ = nullptr;
        return;
    }
    config_.reset(FcInitLoadConfigAndFonts());
    if (!config_) return;
    FcResult result{};
    set_.reset(FcFontSort(config_.get(), wanted(config_.get()).get(), FcTrue, nullptr, &result));
    if (!set_) return;
    for (const FcPattern* font : std::span(set_->fonts, static_cast<std::size_t>(std::max(0, set_->nfont)))) {
        Font entry{.file = std::string(text_of(font, FC_FILE))};
        FcCharSet* letters = nullptr;
        const bool is_whole = FcPatternGetInteger(font, FC_INDEX, 0, &entry.index) == FcResultMatch &&
                              FcPatternGetCharSet(font, FC_CHARSET, 0, &letters) == FcResultMatch;
        entry.letters = letters;
        if (is_whole && !entry.file.empty() && is_usable(font)) fonts_.push_back(std::move(entry));
    }
}

InstalledFonts::~InstalledFonts() {
    fonts_.clear();
    if (library_ != nullptr) FT_Done_FreeType(library_);
}

/// Fontconfig knows a font's characters without opening it; whether it can be used, only opening tells.
bool InstalledFonts::has(Font& font, std::span<const char32_t> letters) {
    if (font.is_broken) return false;
    if (!std::ranges::all_of(letters, [&](char32_t letter) { return FcCharSetHasChar(font.letters, letter) != 0; }))
        return false;
    if (!font.face) font.face = FontFace::open(library_, font.file, font.index);
    font.is_broken = !font.face;
    return !font.is_broken;
}

std::optional<std::size_t> InstalledFonts::font_for(std::span<const char32_t> cluster) {
    for (const auto letters : {cluster, cluster.first(1)}) {
        for (std::size_t i = 0; i < fonts_.size(); ++i) {
            if (has(fonts_[i], letters)) return i;
        }
    }
    return std::nullopt;
}

} // namespace detect
