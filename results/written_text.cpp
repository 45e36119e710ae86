// SPDX-License-Identifier: Apache-2.0
#include "results/written_text.h"

#include "base/try.h"
#include "results/time_of_change.h"

namespace detect {

Result<WrittenText> read_written(const RegularFile& file) {
    DETECT_TRY_ASSIGN(std::string text, file.text());
    return WrittenText{std::move(text), file_time(file.written())};
}

Result<std::optional<WrittenText>> read_written(const std::filesystem::path& file) {
    std::error_code code;
    if (std::filesystem::status(file, code).type() == std::filesystem::file_type::not_found)
        return std::optional<WrittenText>();
    DETECT_TRY_ASSIGN(const RegularFile opened, RegularFile::open(file));
    DETECT_TRY_ASSIGN(WrittenText written, read_written(opened));
    return std::optional(std::move(written));
}

} // namespace detect
