// SPDX-License-Identifier: Apache-2.0
#include "results/collected_format.h"

#include "base/try.h"

#include <ostream>

namespace detect {

Result<ResultSink> ResultSink::open(const CollectedTarget& target) {
    ResultSink sink;
    sink.stream_ = target.stream;
    if (!target.file.empty()) {
        DETECT_TRY_ASSIGN(ClaimedFile file, ClaimedFile::claim(target.file));
        sink.file_.emplace(std::move(file));
    }
    return sink;
}

Result<void> ResultSink::begin(std::string_view text) { return file_ ? file_->begin(text) : append(text); }

Result<void> ResultSink::append(std::string_view text) {
    if (file_) return file_->append(text);
    *stream_ << text << std::flush;
    return {};
}

Result<void> ResultSink::commit() { return file_ ? file_->commit() : Result<void>(); }

} // namespace detect
