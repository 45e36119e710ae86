// SPDX-License-Identifier: Apache-2.0
#include "results/lines_writer.h"

#include "base/atomic_file.h"
#include "base/try.h"

#include <utility>

namespace detect {

namespace fs = std::filesystem;

Result<void> LinesWriter::resume() {
    DETECT_TRY(earlier_.read(target_.file, form_.parse, target_.file));
    return earlier_.read(GrowingFile::temporary_path(target_.file), form_.parse, target_.file);
}

bool LinesWriter::has(const std::string& picture, bool /*nothing_found*/) const { return earlier_.has(picture); }

bool LinesWriter::says_nothing_was_found(const std::string& picture) const {
    return earlier_.says_nothing_was_found(picture);
}

/// The first result makes the file, with all earlier ones that still hold.
Result<void> LinesWriter::begin() {
    if (std::exchange(begun_, true)) return {};
    std::string text(form_.header);
    for (const PictureResult& result : earlier_.take_up_to_date()) {
        text += form_.write(result, target_.labels);
        kept_.emplace(result.file, result.frame);
    }
    if (target_.file.empty()) return write_whole(target_, text);
    DETECT_TRY_ASSIGN(GrowingFile file, GrowingFile::create(target_.file, text));
    file_.emplace(std::move(file));
    return {};
}

Result<void> LinesWriter::add(const PictureResult& result) {
    DETECT_TRY(begin());
    if (kept_.contains({result.file, result.frame})) {
        again_.push_back(result); // takes the earlier one's place at the end
        return {};
    }
    const std::string text = form_.write(result, target_.labels);
    return file_ ? file_->append(text) : write_whole(target_, text);
}

Result<void> LinesWriter::close() {
    // What a killed program left gets its name even if there is nothing to add.
    std::error_code code;
    const bool left = earlier_.any() && fs::exists(GrowingFile::temporary_path(target_.file), code);
    if (!begun_ && left) DETECT_TRY(begin());
    if (!file_) return {};
    DETECT_TRY(file_->commit());
    if (again_.empty()) return {};
    auto results = form_.parse(read_text(target_.file).value_or(""));
    if (!results) return in_file(target_.file, results.error());
    merge(*results, std::move(again_));
    std::string text(form_.header);
    for (const PictureResult& result : *results) text += form_.write(result, target_.labels);
    return write_file(target_.file, text);
}

} // namespace detect
