// SPDX-License-Identifier: Apache-2.0
#include "results/earlier_results.h"

#include "base/text_encoding.h"
#include "results/time_of_change.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace detect {

namespace fs = std::filesystem;

Error in_file(const fs::path& file, const Error& error) { return {error.code, file.string() + ": " + error.message}; }

void merge(std::vector<PictureResult>& results, std::vector<PictureResult> newer) {
    std::set<PictureKey> replaced;
    for (const PictureResult& result : newer) replaced.insert(key(result));
    std::erase_if(results, [&](const PictureResult& result) { return replaced.contains(key(result)); });
    std::ranges::move(newer, std::back_inserter(results));
}

Result<void> EarlierResults::read(const fs::path& file, ParseResults parse) {
    auto written = read_written(file);
    if (!written) return in_file(file, written.error());
    return *written ? add(**written, parse, file) : Result<void>();
}

Result<void> EarlierResults::add(const WrittenText& text, ParseResults parse, const fs::path& name) {
    if (const auto byte = first_byte_beyond_utf8(text.text)) {
        return Error{ErrorCode::unreadable_input,
                     name.string() + ": is not UTF-8 (byte " + std::to_string(*byte + 1) + ")"};
    }
    auto results = parse(text.text);
    if (!results) return in_file(name, results.error());
    any_ = true;
    const auto written = text.written;
    for (const PictureResult& result : *results) {
        Seen& seen = seen_[{result.file, result.page}];
        // Of several pages or frames each counts; what an earlier file said of them does not.
        if (seen.written != written) seen = {.written = written};
        seen.anything_found = seen.anything_found || !result.detections.empty();
        seen.all_judged = seen.all_judged && !result.error;
    }
    merge(results_, *std::move(results));
    return {};
}

/// Null: none, or from before the picture was changed.
const EarlierResults::Seen* EarlierResults::find(const PictureId& picture) const {
    const auto found = seen_.find({path_as_text(picture.path), picture.page});
    return found == seen_.end() || changed_after(picture.path, found->second.written) ? nullptr : &found->second;
}

bool EarlierResults::has(const PictureId& picture) const {
    const Seen* const seen = find(picture);
    return seen != nullptr && seen->all_judged;
}

bool EarlierResults::says_nothing_was_found(const PictureId& picture) const {
    const Seen* const seen = find(picture);
    return seen != nullptr && seen->all_judged && !seen->anything_found;
}

std::vector<PictureResult> EarlierResults::take_up_to_date() {
    std::vector<PictureResult> results = take();
    std::erase_if(results, [&](const PictureResult& result) {
        return changed_after(result.file, seen_.at({result.file, result.page}).written);
    });
    return results;
}

} // namespace detect
