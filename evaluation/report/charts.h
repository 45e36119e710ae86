// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/evaluation.h"

#include <span>
#include <string>
#include <vector>

/// The report's pictures of figures: inline SVG and HTML whose colours come from the page's style.
namespace detect::evaluation::html {

/// Classes that are drawn: all, or of very many those with the most errors, in the order of the dataset.
inline constexpr std::size_t most_drawn_classes = 24;
[[nodiscard]] std::vector<std::size_t> drawn_classes(const Evaluation& evaluation);

/// Precision, recall and F1 against the score from which on detections are reported.
[[nodiscard]] std::string score_chart(const Evaluation& evaluation);

/// What became of the objects of each class: found, taken for something else, missed; and its false alarms.
[[nodiscard]] std::string outcome_chart(const Evaluation& evaluation, const Dataset& dataset,
                                        std::span<const std::size_t> classes);

/// Precision against recall of a class, a curve for each of `curve_ious`, and the point of the chosen score.
[[nodiscard]] std::string precision_recall_chart(const CategoryResult& result, const std::string& name);

[[nodiscard]] std::string confusion_chart(const ConfusionMatrix& confusion, const Dataset& dataset,
                                          std::span<const std::size_t> classes);

} // namespace detect::evaluation::html
