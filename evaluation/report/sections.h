// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/report/gallery.h"

#include <span>
#include <string>
#include <vector>

/// What the report is made of.
namespace detect::evaluation::html {

/// `heading` and `introduction` are HTML; the introduction may be empty.
[[nodiscard]] std::string section(const std::string& heading, const std::string& introduction, const std::string& body);

/// A cell of a table; on a narrow page, where there are no headings, it is preceded by its label.
[[nodiscard]] std::string cell(const std::string& label, const std::string& value);

/// "— recall": a mark in the style of what it explains, and its meaning.
[[nodiscard]] std::string key(const std::string& style, const std::string& meaning);

/// What a model is called, ready for the page: its file name, or the whole path where two have the same.
[[nodiscard]] std::string display_name(const ModelSummary& model, const Summary& summary);

/// Objects that are to be found: crowds left out.
[[nodiscard]] std::size_t objects_to_find(const Evaluation& evaluation);

/// Some of `all` such places as small pictures. `order` says how they were chosen, behind how many they are.
[[nodiscard]] std::string shot_section(const std::string& heading, const std::string& nothing, const std::string& order,
                                       const std::vector<Shot>& shots, std::size_t all, const ModelSummary& model,
                                       const Gallery& gallery);

/// A figure of a row of them, with what it means.
[[nodiscard]] std::string tile(const std::string& name, const std::string& value, const std::string& meaning);

/// How good the model at this position is: in words, in figures, in charts.
[[nodiscard]] std::string model_sections(const Summary& summary, std::size_t position);

/// What becomes of whole pictures, and which are the worst.
[[nodiscard]] std::string picture_sections(const Evaluation& evaluation, const Dataset& dataset);
/// Those that are not all right, the worst first.
[[nodiscard]] std::span<const PictureOutcome> pictures_with_errors(const Evaluation& evaluation);

/// What the figures were measured under.
[[nodiscard]] std::string condition_section(const Summary& summary);

/// Several models side by side, and what only one of them does.
[[nodiscard]] std::string comparison_sections(const Summary& summary, const PictureReader& reader);

} // namespace detect::evaluation::html
