// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/input_files.h"
#include "cli/run/growing_file.h"
#include "cli/run/run_options.h"
#include "results/coco.h"
#include "results/picture_result.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace detect::cli {

/// The results of all inputs in one file or on standard output: --json, --jsonl, --csv, --coco.
class CollectedResults {
public:
    /// Checks that the files can be written, and with --resume reads what is in them. `labels` must outlive it.
    static Result<CollectedResults> open(const RunOptions& options, std::span<const std::string> labels,
                                         const InputFiles& inputs);

    /// With --resume: whether all these files have the result of this picture, and not from before it was changed.
    [[nodiscard]] bool have(const std::string& file) const;
    /// With --resume: whether a file says that there was nothing in this picture.
    [[nodiscard]] bool know_nothing_was_found(const std::string& file) const;

    Result<void> add(const PictureResult& result);
    /// Gives the files their names. Without a single result there are none.
    Result<void> close();
    /// A file has left out what COCO's annotations have no number for.
    [[nodiscard]] const std::set<std::string>& unknown_to_coco() const { return unknown_to_coco_; }

private:
    using Key = std::pair<std::string, std::optional<std::int64_t>>;
    /// What a file of an earlier run holds.
    struct Earlier {
        std::vector<PictureResult> results;
        std::map<std::string, bool> found_in;
        std::filesystem::file_time_type written;
    };
    /// A file that is written picture by picture.
    struct Lines {
        std::string destination;
        std::string header;
        std::string (*format)(const PictureResult&, std::span<const std::string>) = nullptr;
        Result<std::vector<PictureResult>> (*parse)(std::string_view) = nullptr;
        std::optional<Earlier> earlier = std::nullopt;
        std::optional<GrowingFile> file = std::nullopt;
        bool begun = false;
        /// Earlier results that are in the file, and those that are to replace one.
        std::set<Key> kept = {};
        std::vector<PictureResult> again = {};
    };

    explicit CollectedResults(std::span<const std::string> labels) : labels_(labels) {}
    Result<void> read_earlier(const RunOptions& options);
    Result<void> begin(Lines& lines);
    Result<void> add_to(Lines& lines, const PictureResult& result);
    Result<void> close(Lines& lines);
    void add_to_coco(const PictureResult& result);
    [[nodiscard]] std::vector<const Earlier*> earlier_files() const;

    std::span<const std::string> labels_;
    std::vector<Lines> lines_;
    std::string json_;
    std::vector<PictureResult> results_;
    std::optional<Earlier> earlier_json_;
    std::string coco_;
    std::optional<CocoIds> ids_;
    std::vector<CocoResult> coco_results_;
    std::set<std::string> earlier_coco_;
    std::filesystem::file_time_type earlier_coco_written_;
    std::int64_t next_image_id_ = 1;
    std::set<std::string> unknown_to_coco_;
    bool any_ = false;
};

} // namespace detect::cli
