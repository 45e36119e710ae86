// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/result_names.h"
#include "pictures/picture.h"
#include "pictures/text_renderer.h"

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace detect::cli {

/// What is drawn of a frame and belongs into its video.
using DrawnFrame = std::optional<Picture>;

/// The results that each input has to itself: the drawn picture, and its files in each format that was asked for.
class PictureOutputs {
public:
    /// With --resume it looks at what is there. `plan`, `labels` and `inputs` must outlive it.
    PictureOutputs(const ResultsPlan& plan, std::span<const std::string> labels, const InputFiles& inputs);

    /// Sentences that a user has to read before the run.
    [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
    /// What will lack in drawings on this machine.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
    /// Removes what a program that was killed left in the folders where this picture's files are to be. For one thread.
    void remove_left(const ResultPaths& paths);
    /// Makes folders, and checks that the files can be written and are not what is read. For one thread, in the order
    /// of the inputs, each before it is written.
    Result<void> prepare(const Input& input, const ResultPaths& paths);
    /// Writes them; for any thread. A frame of a video is drawn and handed back.
    Result<DrawnFrame> write(const ResultPaths& paths, const PictureResult& result, Picture picture) const;

    /// Whether all of the picture's files are there from an earlier run and none is older than it. `nothing_found`:
    /// another file says so of it. For any thread.
    [[nodiscard]] bool have(const std::string& picture, const ResultPaths& paths, bool nothing_found) const;

private:
    Result<void> begin();
    Result<DrawnFrame> draw(const ResultPaths& paths, const PictureResult& result, Picture picture) const;

    std::optional<Drawings> drawings_;
    std::span<const std::string> labels_;
    const InputFiles& inputs_;
    std::vector<std::unique_ptr<PictureWriter>> writers_;
    /// None: no text is drawn.
    std::unique_ptr<TextRenderer> text_;
    std::vector<std::string> remarks_;
    std::vector<std::string> notes_;
    /// Where nothing is left: the folders of drawings, and of the stems.
    std::set<std::pair<std::filesystem::path, std::filesystem::path>> tidy_;
    bool begun_ = false;
};

} // namespace detect::cli
