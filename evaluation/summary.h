// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/bootstrap.h"
#include "evaluation/comparison.h"
#include "evaluation/conditions.h"
#include "evaluation/evaluation.h"
#include "evaluation/region.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace detect::evaluation {

/// Milliseconds that a model takes for one picture.
struct LatencyFigures {
    double p50 = 0.0;
    double p90 = 0.0;
    double p99 = 0.0;
    double mean = 0.0;
};

/// A class that a model knows, and its position in Dataset::categories; none if the dataset does not have it.
struct ModelClass {
    std::string name;
    std::optional<std::size_t> category = std::nullopt;
};

/// A model, or a file of results, and how good it is.
struct ModelSummary {
    std::string name;
    /// In the order of its labels; empty: a file of results.
    std::vector<ModelClass> classes = {};
    std::optional<std::uintmax_t> file_bytes = std::nullopt;
    std::optional<LatencyFigures> latency = std::nullopt;
    /// Of the file; empty: not known.
    std::string sha256 = {};
    /// Empty: a file of results, or a model that does not say.
    std::vector<ModelSetting> settings = {};
    std::vector<DetectedBox> detections = {};
    /// Detections that were left out because their centre is outside of the regions.
    std::size_t detections_outside = 0;
    Evaluation evaluation = {};
    /// Filled in where there are several models.
    Alone alone = {};
};

/// A picture that could not be evaluated.
struct LeftOut {
    std::string file;
    std::string reason;
};

struct Coverage {
    /// Detections of categories that the dataset does not have.
    std::size_t of_unknown_categories = 0;
    /// As in ReadDetections.
    std::size_t images_without = 0;
    std::size_t images_without_but_objects = 0;
};

/// All that there is to say, in figures, as a table and as a report.
struct Summary {
    /// Name of the file with the ground truth.
    std::string annotations;
    Dataset dataset;
    std::vector<ModelSummary> models;
    std::vector<LeftOut> left_out = {};
    /// Pictures that were found by the end of their name alone.
    std::size_t found_by_end_of_name = 0;
    /// Of a file of results: how much of it, and of the dataset, was not compared. None: a model ran.
    std::optional<Coverage> coverage = std::nullopt;
    Conditions conditions = {};
    /// What the regions of the conditions left out.
    RegionCut region_cut = {};
    /// Of all models; its intervals and positions are in their order.
    Bootstrap bootstrap = {};
    /// Pictures that hold more objects of a category than COCO's figures look at detections.
    std::size_t pictures_beyond_coco = 0;
};

/// Computes `evaluation` of every model, the intervals, and `alone` if there are several. `resource_limit` as of
/// `Findings::check`.
[[nodiscard]] Result<void> evaluate_models(Summary& summary, const Options& options);

/// For programs. `conditions`, then of one model: `metrics` (AP … ARl) and `per_class_AP` (by category id) as
/// pycocotools has them, -1 where there is no figure; `intervals`; `deeppcb`; `at_score`, `best_f1`, `per_class` and
/// `confusion_matrix`; `picture_rates` and `pictures`, the worst first; `latency_ms` if a model ran. Of several:
/// `models`, a list of such objects with `model`, `file_bytes` and what only it finds, and `differences`.
[[nodiscard]] std::string to_json(const Summary& summary);

/// For programs and spreadsheets: a row for each picture of each model, the worst first, and one for each picture that
/// was left out. Cells are written as csv_cell (base/escape.h) does.
[[nodiscard]] std::string to_csv(const Summary& summary);

/// A difference of figures: "+0.012", "−0.003", "0.000".
[[nodiscard]] std::string signed_figure(double value);

/// For people. No line is longer than `table_columns`: names are cut, and tables that are wider are continued below.
inline constexpr std::size_t table_columns = 80;
[[nodiscard]] std::string to_table(const Summary& summary);

} // namespace detect::evaluation
