// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/picture_result.h"
#include "results/written_text.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace detect {

/// Reads a format's text back.
using ParseResults = Result<std::vector<PictureResult>> (*)(std::string_view text);

/// What is wrong with a file, with its name before it.
[[nodiscard]] Error in_file(const std::filesystem::path& file, const Error& error);

/// Two sets of results: where both have a picture, the newer.
void merge(std::vector<PictureResult>& results, std::vector<PictureResult> newer);

/// What files of an earlier run hold, for going on with it. While one thread takes the results, others may ask.
class EarlierResults {
public:
    /// Adds what is in `file`, if there is one. `unreadable_input` if it cannot be read, or `parse` says so.
    Result<void> read(const std::filesystem::path& file, ParseResults parse);
    /// The same of what has been read; `name`: what the message calls the file.
    Result<void> add(const WrittenText& text, ParseResults parse, const std::filesystem::path& name);

    /// Whether any file was there, with results in it or none.
    [[nodiscard]] bool any() const { return any_; }
    /// Whether there is a result of this picture, not from before it was changed, and it was judged.
    [[nodiscard]] bool has(const PictureId& picture) const;
    /// Whether it says that nothing was found.
    [[nodiscard]] bool says_nothing_was_found(const PictureId& picture) const;

    /// All results, each picture once; nothing is left of them.
    [[nodiscard]] std::vector<PictureResult> take() { return std::exchange(results_, {}); }
    /// The same without those from before their picture was changed.
    [[nodiscard]] std::vector<PictureResult> take_up_to_date();

private:
    struct Seen {
        bool anything_found = false;
        bool all_judged = true;
        /// When the file of results was written.
        std::filesystem::file_time_type written = {};
    };

    bool any_ = false;
    std::vector<PictureResult> results_;
    using Key = std::pair<std::string, std::optional<std::int64_t>>;
    [[nodiscard]] const Seen* find(const PictureId& picture) const;

    /// By the file as text, and its page.
    std::map<Key, Seen> seen_;
};

} // namespace detect
