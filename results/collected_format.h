// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/claimed_file.h"
#include "results/format_option.h"
#include "results/picture_result.h"

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Formats that put the results of all pictures into one file, or on a stream.
namespace detect {

/// Where they go, and what the writer may take from.
struct CollectedTarget {
    /// Empty: `stream` is written to.
    std::filesystem::path file = {};
    std::ostream* stream = nullptr;
    /// Names of the labels 1, 2, …; they must outlive the writer.
    std::span<const std::string> labels = {};
    /// What the format's `companion` names; empty: nothing.
    std::filesystem::path companion = {};
};

/// A file that nobody else writes meanwhile, or a stream.
class ResultSink {
public:
    static Result<ResultSink> open(const CollectedTarget& target);

    /// Null: a stream.
    [[nodiscard]] const ClaimedFile* file() const { return file_ ? &*file_ : nullptr; }
    /// In the place of what there is: on a stream, behind it.
    Result<void> begin(std::string_view text);
    Result<void> append(std::string_view text);
    Result<void> commit();

private:
    std::optional<ClaimedFile> file_;
    std::ostream* stream_ = nullptr;
};

/// Writes the results of one run. One thread reads and writes; any thread may ask `has` and `says_nothing_was_found`
/// once `resume` has returned. Errors of writing are `unwritable_output` and name the file.
class CollectedWriter {
public:
    explicit CollectedWriter(ResultSink sink) : sink_(std::move(sink)) {}
    virtual ~CollectedWriter() = default;
    CollectedWriter(const CollectedWriter&) = delete;
    CollectedWriter& operator=(const CollectedWriter&) = delete;

    /// Null: a stream.
    [[nodiscard]] const ClaimedFile* file() const { return sink_.file(); }

    /// Reads what an earlier run left in the file, to add to it. `unreadable_input`, with the file's name, if it is
    /// something else.
    virtual Result<void> resume() = 0;
    /// Whether the earlier run's result of this picture is there, and not from before the picture was changed.
    /// `nothing_found`: another file says so of this picture; a format without a place for that has it then, too.
    [[nodiscard]] virtual bool has(const PictureId& picture, bool nothing_found) const = 0;
    [[nodiscard]] virtual bool says_nothing_was_found(const PictureId& /*picture*/) const { return false; }

    virtual Result<void> add(const PictureResult& result) = 0;
    /// Gives the file its name. Without a single result there is none.
    virtual Result<void> close() = 0;
    /// After `close`, what a user has to know of it: the end of a sentence that begins with the format. Mostly empty.
    [[nodiscard]] virtual std::string remark() const { return {}; }
    /// After `close`, how many pictures and classes it has no place for, and so left out; `remark` says which.
    [[nodiscard]] virtual std::int64_t left_out() const { return 0; }

protected:
    ResultSink sink_;
};

/// A format: its options and its writer.
struct CollectedFormat {
    FormatOption option;
    /// A file that the format reads besides; without a flag: none.
    FormatOption companion = {};
    /// It is written picture by picture, and not as a whole at the end.
    bool streams = false;
    /// It has a place for pictures that were not judged.
    bool holds_errors = false;
    /// `unreadable_input` if the companion cannot be read, `unwritable_output` if another program writes the file.
    Result<std::unique_ptr<CollectedWriter>> (*open)(CollectedTarget target) = nullptr;
};

} // namespace detect
