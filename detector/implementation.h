// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detector.h"
#include "executor/model.h"

#include <array>
#include <mutex>
#include <set>
#include <shared_mutex>

namespace detect {

/// Runs go together; one that found too little memory left goes alone, so that what is refused depends on the picture
/// and not on its company.
class RunGate {
public:
    template <class Run>
    auto together(const Run& run) {
        std::unique_lock turn(turn_);
        const std::shared_lock lock(running_);
        turn.unlock();
        return run();
    }
    template <class Run>
    auto alone(const Run& run) {
        // Holding the turn keeps newcomers from overtaking for ever.
        const std::scoped_lock turn(turn_);
        const std::scoped_lock lock(running_);
        return run();
    }

private:
    std::mutex turn_;
    std::shared_mutex running_;
};

struct Detector::Implementation {
    std::shared_ptr<const Model> model;
    float min_score = 0.0F;
    /// Of the labels that have one of their own, in place of `min_score`.
    std::map<int, float> class_scores;
    [[nodiscard]] float min_score_of(int label) const;
    /// As in DetectorOptions.
    std::size_t pictures_per_run = 0;
    /// The classes that are reported; empty: all.
    std::set<int> classes;
    std::optional<TilingOptions> tiling;
    /// How much the network scales a picture of this size, by its metadata; 0 if they do not say.
    [[nodiscard]] double scale(int width, int height) const;
    /// Pixels of a picture of this size that one step of the network's coarsest features covers; 0 if the model does
    /// not say how it scales pictures.
    [[nodiscard]] double stride_in_pixels(int width, int height) const;
    std::vector<std::string> labels;
    std::map<std::string, std::string> metadata;
    /// Of the outputs: boxes, labels, scores, valid_detections (-1 in torchvision's layout).
    std::array<int, 4> outputs{-1, -1, -1, -1};
    bool one_picture_per_run = false;
    mutable RunGate gate;
};

} // namespace detect
