// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/chosen_model.h"
#include "cli/input_files.h"
#include "cli/run/run_options.h"
#include "cli/run/sources.h"
#include "pictures/drawing_style.h"
#include "pictures/picture.h"
#include "results/detection_filter.h"

#include <filesystem>
#include <optional>
#include <vector>

/// What `detect run` is to do. The command line is turned into it once, and checked; nothing later looks at options.
namespace detect::cli {

/// Where pictures with boxes drawn in them go.
struct Drawings {
    /// A file, or a folder; empty: a name made of the picture's, in the current folder.
    std::filesystem::path path;
    bool is_folder = false;
    /// Nobody gave a place: `make_new_folder` chooses one below the path.
    bool is_new_folder = false;
    DrawingOptions style = {};
};

struct CollectedDestination {
    const CollectedFormat* format;
    /// Empty: standard output.
    std::filesystem::path file;
    /// A file that the format reads besides; empty: none.
    std::filesystem::path companion;
};

struct PictureDestination {
    const PictureFormat* format;
    std::filesystem::path folder;
};

/// Where results go.
struct ResultsPlan {
    /// None: nothing is drawn.
    std::optional<Drawings> drawings;
    std::vector<CollectedDestination> collected;
    std::vector<PictureDestination> per_picture;
    /// Pictures whose results are all there are skipped.
    bool resume = false;
    /// Files of results that are there may be replaced.
    bool overwrite = false;
    /// What records also say.
    bool time = false;
    bool hash = false;

    [[nodiscard]] bool any_on_standard_output() const;
    [[nodiscard]] bool any_in_files() const;
};

/// How much is said on standard error.
enum class Verbosity { quiet, usual, verbose };

/// What is known before the model is loaded.
struct RunPlan {
    Sources sources;
    ChosenModel model;
    DetectorOptions detector;
    ResultsPlan results;
    /// What is read, and so never written.
    InputFiles inputs;
    Verbosity verbosity = Verbosity::usual;
    /// Bits of 16-bit samples; 0: nobody said.
    int bits = 0;
    PictureLimits picture_limits;
    /// What is doubtful counts as not judged.
    bool strict = false;
};

/// `invalid_argument` if the options do not go together, `unreadable_input` if a list or a model cannot be read.
/// Says which model is used, if none was named and it is not to be quiet.
[[nodiscard]] Result<RunPlan> plan_run(const CLI::App& command, const RunOptions& options);

/// Where drawings go that nobody gave a place, if there are several; each run has a folder of its own below it.
inline constexpr const char* drawings_folder = "detections";

/// Makes that folder, `detections/run1` or the next number. `unwritable_output` if it cannot be made.
[[nodiscard]] Result<void> make_new_folder(Drawings& drawings);

/// Which detections count: what can only be told once the model's classes are known.
struct DetectionRules {
    DetectionFilter filter;
    /// Classes that the exit code tells of, whichever if it is empty; none: it tells of no detection.
    std::optional<std::vector<int>> fail_on;
};

/// `labels`: names of the model's labels 1, 2, … `invalid_argument` if there is no such class, or a region is none;
/// `unreadable_input` if the mask cannot be read.
[[nodiscard]] Result<DetectionRules> plan_rules(const RunOptions& options, std::span<const std::string> labels);

} // namespace detect::cli
