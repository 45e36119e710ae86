// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/input_files.h"
#include "cli/run/result_names.h"
#include "pictures/picture.h"
#include "results/picture_result.h"

#include <optional>
#include <set>
#include <string>

/// The results that each input has to itself: the drawn picture, label files, crops.
namespace detect::cli {

/// What is drawn of a frame and belongs into its video.
using DrawnFrame = std::optional<Picture>;

/// Makes folders, and checks that the files can be written and are not what is read.
Result<void> prepare_outputs(const ResultPaths& paths, bool make_folder_of_drawn, const InputFiles& inputs);

/// Writes them. A frame of a video is drawn and handed back.
Result<DrawnFrame> write_outputs(const RunOptions& options, const ResultPaths& paths, const PictureResult& result,
                                 Picture picture, std::span<const std::string> labels);

/// classes.txt in the folder of --yolo: the name of each class number on a line of its own.
Result<void> write_class_list(const std::string& folder, std::span<const std::string> labels);

/// Tells which pictures have all their files from an earlier run.
class EarlierOutputs {
public:
    explicit EarlierOutputs(const RunOptions& options);

    /// Whether all of the picture's files are there and none is older than it. `nothing_found`: there are no crops
    /// then.
    [[nodiscard]] bool have(const std::string& picture, const ResultPaths& paths, bool nothing_found) const;

private:
    bool crops_;
    /// Below the folder of a class, without number and extension: pictures whose best crop, which is written last, is
    /// there.
    std::set<std::string> cropped_;
};

} // namespace detect::cli
