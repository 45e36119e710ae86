// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/collected_format.h"
#include "results/earlier_results.h"

#include <optional>
#include <set>
#include <vector>

namespace detect {

/// Text that grows line by line: what a program that is killed has written is there.
struct LinesForm {
    std::string_view header = {};
    /// The lines of one picture, each ended.
    std::string (*write)(const PictureResult& result, std::span<const std::string> labels) = nullptr;
    /// Reads the header and all lines back; leaves out a last line that was cut off.
    ParseResults parse = nullptr;
};

/// Writes such a format picture by picture.
class LinesWriter final : public CollectedWriter {
public:
    LinesWriter(const LinesForm& form, CollectedTarget target, ResultSink sink)
        : CollectedWriter(std::move(sink)), form_(form), target_(std::move(target)) {}
    static Result<std::unique_ptr<CollectedWriter>> open(const LinesForm& form, CollectedTarget target);

    Result<void> resume() override;
    [[nodiscard]] bool has(const PictureId& picture, bool nothing_found) const override;
    [[nodiscard]] bool says_nothing_was_found(const PictureId& picture) const override;
    Result<void> add(const PictureResult& result) override;
    Result<void> close() override;

private:
    Result<void> begin();

    LinesForm form_;
    CollectedTarget target_;
    EarlierResults earlier_;
    bool begun_ = false;
    /// Earlier results that are in the file, and those that are to replace one.
    std::set<PictureKey> kept_;
    std::vector<PictureResult> again_;
};

} // namespace detect
