// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace detect {

/// Text from a file as it may stand in a one-line message: whatever is not printable ASCII becomes '?', long text is
/// cut.
[[nodiscard]] inline std::string printable(std::string_view text) {
    constexpr std::size_t longest = 120;
    std::string result(text.substr(0, longest));
    for (char& character : result) {
        if (character < ' ' || character > '~') character = '?';
    }
    if (text.size() > longest) result += "...";
    return result;
}

/// A path as it may stand in a one-line message: only control characters become '?', for names of files may be in any
/// script.
[[nodiscard]] inline std::string printable_path(const std::filesystem::path& path) {
    std::string result = path.string();
    for (char& character : result) {
        const auto code = static_cast<unsigned char>(character);
        if (code < 0x20 || code == 0x7f) character = '?';
    }
    return result;
}

} // namespace detect
