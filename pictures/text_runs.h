// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/installed_fonts.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace detect {

/// A part of a text that one font shapes: one script, one direction.
struct TextRun {
    /// Bytes of the text.
    std::size_t offset = 0;
    std::size_t length = 0;
    /// None: no font has these characters.
    std::optional<std::size_t> font = std::nullopt;
    hb_script_t script = HB_SCRIPT_COMMON;
    bool from_the_right = false;

    friend bool operator==(const TextRun&, const TextRun&) = default;
};

/// The runs of a text in UTF-8, in the order in which they stand from left to right, which is that of the text. Hebrew
/// and Arabic words, with what stands between two of them, run from the right. That is not Unicode's bidirectional
/// algorithm: numbers, and words that run from the left, divide them, and what comes later in the text stands further
/// to the right.
[[nodiscard]] std::vector<TextRun> text_runs(std::string_view text, InstalledFonts& fonts);

} // namespace detect
