// SPDX-License-Identifier: Apache-2.0
#include "results/picture_format.h"

namespace detect {

namespace fs = std::filesystem;

Result<void> make_folder(const fs::path& folder, const char* needed_for) {
    if (folder.empty()) return {};
    std::error_code code;
    fs::create_directories(folder, code);
    if (!code && fs::is_directory(folder, code)) return {};
    return Error{ErrorCode::unwritable_output,
                 folder.string() + ": must be a folder for " + needed_for + ", and cannot be made one"};
}

} // namespace detect
