// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/input_files.h"
#include "cli/run/input_stream.h"
#include "cli/run/run_options.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace detect::cli {

/// The files that one input's own results go to; those that are not wanted are empty.
struct ResultPaths {
    /// Of a video: the same for all its frames.
    std::filesystem::path drawn;
    std::filesystem::path yolo;
    std::filesystem::path voc;
    /// Below the folder of a class, without number and extension.
    std::filesystem::path crops;
};

/// Whether -o names a folder: with several inputs, and where nothing else can be meant.
[[nodiscard]] bool draws_into_folder(const RunOptions& options, bool several);

/// Gives each input names of its own, even where two have the same file name. For one thread.
class ResultNames {
public:
    ResultNames(const RunOptions& options, bool several);

    [[nodiscard]] ResultPaths next(const Input& input);

private:
    /// `stem`, or `stem_2` and so on if that is taken.
    class Unique {
    public:
        std::filesystem::path next(const std::filesystem::path& stem);
        void take(const std::string& name) { taken_.insert(name); }

    private:
        std::set<std::string> taken_;
        std::map<std::string, int> numbers_;
    };

    std::filesystem::path next_drawn(const Input& input);

    const RunOptions& options_;
    bool folder_;
    Unique drawn_names_;
    Unique label_names_;
    /// The video whose frames come now.
    std::filesystem::path drawn_video_;
    std::filesystem::path video_stem_;
};

} // namespace detect::cli
