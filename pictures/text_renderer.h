// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Text on pictures: any script that an installed font has, shaped by HarfBuzz, drawn by FreeType.
namespace detect {

/// A line of text as it covers pixels.
struct TextBitmap {
    int width = 0;
    /// Rows above and below the baseline, at least those of Latin capitals and descenders.
    int ascent = 0;
    int descent = 0;
    /// 0 to 255 for each pixel; rows of `width`, from the top.
    std::vector<std::uint8_t> coverage = {};

    [[nodiscard]] int height() const { return ascent + descent; }
};

/// Any thread may use it at any time. The same fonts give the same pixels.
class TextRenderer {
public:
    /// Asks fontconfig for the fonts of this machine.
    TextRenderer();
    TextRenderer(const TextRenderer&) = delete;
    TextRenderer& operator=(const TextRenderer&) = delete;
    ~TextRenderer();

    /// False: no text can be drawn, bitmaps are empty.
    [[nodiscard]] bool has_fonts() const;

    /// `text`: UTF-8, on one line; `size`: pixels of the em. A character that no font has becomes a box. Words that run
    /// from the right do so; a text that mixes directions is put together from left to right, not by Unicode's
    /// bidirectional algorithm. What is wider than 32767 pixels is cut.
    [[nodiscard]] TextBitmap render(std::string_view text, int size) const;

    /// The characters of these texts that no font has, each once, in order.
    [[nodiscard]] std::vector<char32_t> missing(std::span<const std::string> texts) const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace detect
