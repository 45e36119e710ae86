// SPDX-License-Identifier: Apache-2.0
#include "cli/input_files.h"

#include "base/atomic_file.h"
#include "base/temporary.h"
#include "base/try.h"
#include "cli/run/picture_files.h"

namespace detect::cli {

InputFiles::InputFiles(std::span<const std::string> files) {
    for (const std::string& file : files) files_.insert(resolved(file));
}

Result<void> InputFiles::check_destination(const std::filesystem::path& destination) const {
    if (destination.empty()) return Error{ErrorCode::invalid_argument, "the name of the file to write is empty"};
    if (files_.contains(resolved(destination))) {
        return Error{ErrorCode::invalid_argument,
                     destination.string() + ": is an input and would be overwritten; write to another file"};
    }
    DETECT_TRY_ASSIGN(const AtomicFile gone_at_once, AtomicFile::create(destination));
    return {};
}

Result<void> InputFiles::prepare_destination(const std::filesystem::path& destination) const {
    DETECT_TRY(check_destination(destination));
    const std::filesystem::path target = without_links(destination);
    remove_left_temporaries(target.parent_path(), target);
    return {};
}

} // namespace detect::cli
