// SPDX-License-Identifier: Apache-2.0
#include "results/lines_writer.h"

#include "base/try.h"

#include <utility>

namespace detect {

Result<std::unique_ptr<CollectedWriter>> LinesWriter::open(const LinesForm& form, CollectedTarget target) {
    DETECT_TRY_ASSIGN(ResultSink sink, ResultSink::open(target));
    return {std::make_unique<LinesWriter>(form, std::move(target), std::move(sink))};
}

Result<void> LinesWriter::resume() {
    DETECT_TRY(earlier_.read(target_.file, form_.parse));
    if (!file()->has_left()) return {};
    DETECT_TRY_ASSIGN(const WrittenText left, file()->read());
    return earlier_.add(left, form_.parse, target_.file);
}

bool LinesWriter::has(const PictureId& picture, bool /*nothing_found*/) const { return earlier_.has(picture); }

bool LinesWriter::says_nothing_was_found(const PictureId& picture) const {
    return earlier_.says_nothing_was_found(picture);
}

/// The first result makes the file, with all earlier ones that still hold.
Result<void> LinesWriter::begin() {
    if (std::exchange(begun_, true)) return {};
    std::string text(form_.header);
    for (const PictureResult& result : earlier_.take_up_to_date()) {
        text += form_.write(result, target_.labels);
        kept_.insert(key(result));
    }
    return sink_.begin(text);
}

Result<void> LinesWriter::add(const PictureResult& result) {
    DETECT_TRY(begin());
    if (kept_.contains(key(result))) {
        again_.push_back(result); // takes the earlier one's place at the end
        return {};
    }
    return sink_.append(form_.write(result, target_.labels));
}

Result<void> LinesWriter::close() {
    // What a killed program left gets its name even if there is nothing to add.
    if (!begun_ && earlier_.any() && file()->has_left()) DETECT_TRY(begin());
    if (begun_ && !again_.empty()) {
        DETECT_TRY_ASSIGN(const WrittenText written, file()->read());
        auto results = form_.parse(written.text);
        if (!results) return in_file(target_.file, results.error());
        merge(*results, std::move(again_));
        std::string text(form_.header);
        for (const PictureResult& result : *results) text += form_.write(result, target_.labels);
        DETECT_TRY(sink_.begin(text));
    }
    return sink_.commit();
}

} // namespace detect
