// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/input_stream.h"
#include "cli/run/run_plan.h"

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace detect::cli {

/// Where one input's own results go.
struct ResultPaths {
    /// Of a video: the same for all its frames. Empty: nothing is drawn.
    std::filesystem::path drawn;
    /// Below the folder of each format, without an extension: no other input's.
    std::filesystem::path stem;
};

/// Gives each input names of its own, even where two have the same file name. For one thread.
class ResultNames {
public:
    explicit ResultNames(std::optional<Drawings> drawings);

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

    std::optional<Drawings> drawings_;
    Unique drawn_names_;
    Unique stems_;
    /// The video whose frames come now.
    std::filesystem::path drawn_video_;
    std::filesystem::path video_stem_;
};

} // namespace detect::cli
