// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include "base/text_encoding.h"
#include "fuzz/targets.h"
#include "results/picture_names.h"
#include "results/picture_result.h"

void detect::fuzz::text(Bytes input) {
    const std::string_view text = as_text(input);
    require(!first_byte_beyond_utf8(valid_utf8(text)), "mended text is UTF-8");
    require(!first_byte_beyond_utf8(path_as_text(text)), "a path as text is UTF-8");
    for (const char letter : without_controls(text, '?')) {
        require(static_cast<unsigned char>(letter) >= 0x20 && letter != 0x7F, "no control stays");
    }
    for (const char letter : printable(text)) require(letter >= 0x20 && letter < 0x7F, "printable is printable");
    require(columns(first_letters(text, 10)) <= 20, "ten letters have at most two columns each");
    require(columns(padded(text, 10)) >= 10, "what is padded is as wide");
    require(first_bytes(text, 10).size() <= 10, "ten bytes are ten");
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t length = first_letter_length(rest);
        require(length >= 1 && length <= rest.size(), "a letter has bytes");
        rest.remove_prefix(length);
    }
    const std::string composed = decomposed(text);
    require(decomposed(composed) == composed, "what is decomposed stays so");
    (void)parts_from_the_end(text);
}
