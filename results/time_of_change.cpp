// SPDX-License-Identifier: Apache-2.0
#include "results/time_of_change.h"

#include <algorithm>
#include <chrono>

#include <sys/stat.h>

namespace detect {

namespace fs = std::filesystem;

fs::file_time_type file_time(const timespec& since_1970) {
    const auto duration = std::chrono::seconds(since_1970.tv_sec) + std::chrono::nanoseconds(since_1970.tv_nsec);
    return std::chrono::file_clock::from_sys(std::chrono::sys_time<std::chrono::nanoseconds>(duration));
}

std::optional<fs::file_time_type> time_of_change(const fs::path& path) {
    struct stat file {};
    struct stat link {};
    if (::stat(path.c_str(), &file) != 0 || ::lstat(path.c_str(), &link) != 0) return std::nullopt;
    return std::max({file_time(file.st_mtim), file_time(file.st_ctim), file_time(link.st_ctim)});
}

bool changed_after(const fs::path& picture, fs::file_time_type written) {
    const auto changed = time_of_change(picture);
    return changed && *changed > written;
}

bool is_up_to_date(const fs::path& file, const fs::path& picture) {
    std::error_code code;
    const auto written = fs::last_write_time(file, code);
    if (code) return false;
    const auto changed = time_of_change(picture);
    return changed && *changed <= written;
}

} // namespace detect
