// SPDX-License-Identifier: Apache-2.0
#include "base/text_encoding.h"

#include "base/text.h"

namespace detect {

bool is_utf16(std::string_view text) {
    using namespace std::string_view_literals;
    if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv)) return true;
    const bool big_endian = text.starts_with("\0"sv);
    const std::size_t zero_at = big_endian ? 0 : 1;
    // A letter of the Latin alphabet has one zero byte in UTF-16, three in UTF-32.
    return text.size() >= 4 && text[zero_at] == '\0' && text[1 - zero_at] != '\0' && text[2 + zero_at] == '\0';
}

std::optional<std::size_t> first_byte_beyond_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto point = first_code_point(text.substr(at));
        if (!point) return at;
        at += point->length;
    }
    return std::nullopt;
}

} // namespace detect
