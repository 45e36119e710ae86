// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_files.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace detect::cli {

namespace fs = std::filesystem;

bool is_picture_name(const fs::path& path) {
    constexpr std::array<std::string_view, 7> extensions{".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"};
    std::string extension = path.extension().string();
    for (char& letter : extension) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    return !path.filename().string().starts_with('.') && std::ranges::find(extensions, extension) != extensions.end();
}

std::vector<fs::path> pictures_in(const fs::path& folder, bool recursive, const std::vector<fs::path>& left_out) {
    std::vector<fs::path> pictures;
    std::vector<fs::path> to_do{folder};
    while (!to_do.empty()) {
        const fs::path current = std::move(to_do.back());
        to_do.pop_back();
        std::error_code code;
        for (fs::directory_iterator entry(current, code), end; !code && entry != end; entry.increment(code)) {
            std::error_code ignored;
            const bool hidden = entry->path().filename().string().starts_with('.');
            if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
                const bool enter =
                    recursive && !hidden && std::ranges::find(left_out, resolved(entry->path())) == left_out.end();
                if (enter) to_do.push_back(entry->path());
            } else if (entry->is_regular_file(ignored) && is_picture_name(entry->path())) {
                pictures.push_back(entry->path());
            }
        }
    }
    std::ranges::sort(pictures);
    return pictures;
}

fs::path resolved(const fs::path& path) {
    std::error_code code;
    // Of a relative path whose first part does not exist, weakly_canonical would leave it relative.
    const fs::path absolute = fs::absolute(path, code);
    fs::path result = fs::weakly_canonical(absolute, code);
    return code ? absolute.lexically_normal() : result;
}

} // namespace detect::cli
