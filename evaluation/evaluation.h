// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/bootstrap.h"
#include "evaluation/coco_metrics.h"
#include "evaluation/confusion_matrix.h"
#include "evaluation/errors.h"
#include "evaluation/picture_outcomes.h"
#include "evaluation/ranking.h"

#include <array>
#include <optional>
#include <vector>

namespace detect::evaluation {

/// The protocol of the DeepPCB data set (Tang et al., "Online PCB Defect Detector on a New PCB Defect Dataset", 2019):
/// IoU 0.33 is enough for a detection of the right class; mean AP over classes, and F-score of all detections from a
/// score on.
inline constexpr double deeppcb_iou = 0.33;

struct DeepPcb {
    std::optional<double> mean_ap = std::nullopt;
    /// At the chosen score.
    Counts counts = {};
    /// The score at which the F-score is highest.
    std::optional<BestScore> best = std::nullopt;
};

struct Options {
    /// Detections below are not reported: for precision, recall, F1, the confusion matrix and the lists of errors.
    double score = 0.5;
    /// An object counts as found from this IoU on, for the same figures.
    double iou = 0.5;
    /// For the intervals of the headline figures; 0: none.
    std::size_t resamples = usual_resamples;
};

struct CategoryResult {
    std::size_t objects = 0;
    CocoMetrics::Category coco;
    std::optional<double> ap_deeppcb = std::nullopt;
    Counts counts = {};
    std::optional<BestScore> best = std::nullopt;
    /// Precision at 101 recalls at each of `curve_ious`.
    std::array<std::array<double, recall_points>, 3> curves{};
};

/// The curves that are drawn of each category.
inline constexpr std::array<double, 3> curve_ious{deeppcb_iou, 0.5, 0.75};

/// Counts over all categories for a number of scores to choose from.
struct SweepPoint {
    double score = 0.0;
    Counts counts = {};
};

struct Evaluation {
    Options options;
    CocoMetrics coco;
    DeepPcb deeppcb = {};
    /// By position in Dataset::categories.
    std::vector<CategoryResult> categories = {};
    /// Of all categories together.
    Counts counts = {};
    std::optional<BestScore> best = std::nullopt;
    /// By ascending score, 0 to 1 in steps of 0.01.
    std::vector<SweepPoint> sweep = {};
    ConfusionMatrix confusion = ConfusionMatrix(0);
    Errors errors = {};
    /// One for each image, the worst first.
    std::vector<PictureOutcome> pictures = {};
    PictureRates rates = {};

    [[nodiscard]] HeadlineFigures headline() const { return {coco.ap, coco.ap50, counts.f1()}; }
};

/// All figures of a set of detections.
[[nodiscard]] Evaluation evaluate(const Findings& findings, const Options& options);

} // namespace detect::evaluation
