// SPDX-License-Identifier: Apache-2.0
#include "results/label_files.h"

#include "base/atomic_file.h"
#include "base/try.h"
#include "results/time_of_change.h"

namespace detect {

namespace fs = std::filesystem;

namespace {

constexpr const char* label_files = "label files";

} // namespace

fs::path LabelFiles::file(const fs::path& stem) const {
    fs::path path = target_.folder / stem;
    return path += form_.extension;
}

Result<void> LabelFiles::make_folder_of(const fs::path& stem) {
    return make_folder(file(stem).parent_path(), label_files);
}

Result<void> LabelFiles::begin() {
    if (form_.folder_file.empty()) return {};
    DETECT_TRY(make_folder(target_.folder, label_files));
    return write_file(target_.folder / form_.folder_file, form_.folder_text(target_.labels));
}

bool LabelFiles::has(const fs::path& stem, const std::string& picture, bool /*nothing_found*/) const {
    return is_up_to_date(file(stem), picture);
}

Result<void> LabelFiles::write(const fs::path& stem, const PictureResult& result, const Picture& picture) const {
    return write_file(file(stem), form_.text(result, target_.labels, picture));
}

} // namespace detect
