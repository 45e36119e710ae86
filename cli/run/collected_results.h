// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/run_plan.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace detect::cli {

/// The results of all inputs, in one file or on standard output for each format that was asked for. Any thread may call
/// `have` and `know_nothing_was_found`, the others are for one.
class CollectedResults {
public:
    /// Checks that the files can be written, and with --resume reads what is in them. `labels` must outlive it.
    static Result<CollectedResults> open(const ResultsPlan& plan, std::span<const std::string> labels,
                                         const InputFiles& inputs);

    /// With --resume: whether all these files have the result of this picture, and not from before it was changed.
    [[nodiscard]] bool have(const PictureId& picture) const;
    /// With --resume: whether a file says that there was nothing in this picture.
    [[nodiscard]] bool know_nothing_was_found(const PictureId& picture) const;

    /// Whether there are any.
    [[nodiscard]] bool empty() const { return outputs_.empty(); }
    Result<void> add(const PictureResult& result);
    /// Gives the files their names. Without a single result there are none. What a user has to know of them is said.
    Result<void> close();
    /// After `close`: pictures and classes that a file has no place for. They have been said.
    [[nodiscard]] std::int64_t left_out() const;

private:
    struct Output {
        const CollectedFormat* format;
        bool is_file;
        std::unique_ptr<CollectedWriter> writer;
    };

    std::vector<Output> outputs_;
};

} // namespace detect::cli
