// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/report.h"

#include "evaluation/report/gallery.h"
#include "evaluation/report/html.h"
#include "evaluation/report/page_parts.h"
#include "evaluation/report/sections.h"

#include <algorithm>
#include <filesystem>

namespace detect::evaluation {

namespace {

using namespace html;

constexpr std::size_t shots_of_a_kind = 24;
constexpr std::size_t whole_pictures = 12;

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::string scope(const Summary& summary) {
    const std::size_t objects = objects_to_find(summary.models.front().evaluation);
    return counted(summary.dataset.images.size(), "picture", "pictures") + " · " +
           counted(objects, "object", "objects") + " · " +
           counted(summary.dataset.categories.size(), "class", "classes") + " · " +
           escape(file_name(summary.annotations));
}

std::string header(const std::string& title, const Summary& summary) {
    return "<header><p class=\"kicker\">Detection report</p><h1>" + title + "</h1><p class=\"scope\">" +
           scope(summary) + "</p></header>";
}

/// The worst pictures as a whole, with everything that is there and was reported.
std::string worst_shots(const ModelSummary& model, const Gallery& gallery) {
    const auto worst = pictures_with_errors(model.evaluation);
    if (worst.empty()) return {};
    std::vector<Shot> shots;
    for (const PictureOutcome& picture : worst.first(std::min(worst.size(), whole_pictures))) {
        shots.push_back({.image = picture.image,
                         .box = std::nullopt,
                         .heading = counted(picture.missed, "miss", "misses") + ", " +
                                    counted(picture.false_alarms, "false alarm", "false alarms"),
                         .explanation = "of " + counted(picture.objects, "object", "objects")});
    }
    return shot_section("The worst pictures at a glance", "", "", shots, worst.size(), model, gallery);
}

std::string galleries(const ModelSummary& model, const Dataset& dataset, const PictureReader& reader) {
    if (!reader) return {};
    const Gallery gallery(dataset, reader);
    const Errors& errors = model.evaluation.errors;
    return worst_shots(model, gallery) +
           shot_section("The worst misses", "Nothing was missed.", ", the worst of each class in turn",
                        miss_shots(model, dataset, shots_of_a_kind), errors.misses.size(), model, gallery) +
           shot_section("The worst false alarms", "There was no false alarm.",
                        ", the highest score of each class in turn", false_alarm_shots(model, dataset, shots_of_a_kind),
                        errors.false_alarms.size(), model, gallery);
}

std::string left_out(const Summary& summary) {
    if (summary.left_out.empty()) return {};
    std::string list = "<ul class=\"files\">";
    for (const LeftOut& picture : summary.left_out) list += "<li>" + escape(picture.reason) + "</li>";
    return section(counted(summary.left_out.size(), "picture", "pictures") + " left out",
                   "They could not be judged, and no figure above includes them.", list + "</ul>");
}

std::string definitions(const Options& options) {
    return "<footer><p><b>Found</b>: a report of the right class whose box overlaps the object with an IoU of at "
           "least " +
           decimal(options.iou, 2) +
           ", one report per object, the highest scores first. <b>AP</b>: precision averaged over 101 recalls, and "
           "over "
           "ten IoU from .50 to .95 where none is given. <b>F1</b>: harmonic mean of precision and recall. <b>95 "
           "%</b>: "
           "where the figure lies in 95 of 100 sets of as many pictures, drawn anew from these. <b>Escape rate</b>: "
           "share of the pictures with objects in which at least one is missed. <b>Board escape rate</b>: share of "
           "them of which nothing is reported, so that they pass as good. <b>Overkill rate</b>: share of the pictures "
           "without objects of which something is reported. Objects marked as crowds are left out.</p></footer>";
}

std::string one_model(const Summary& summary, const PictureReader& reader) {
    const ModelSummary& model = summary.models.front();
    return header(display_name(model, summary), summary) + model_sections(summary, 0) +
           galleries(model, summary.dataset, reader);
}

std::string several_models(const Summary& summary, const PictureReader& reader) {
    std::string text = header(std::to_string(summary.models.size()) + " models compared", summary) +
                       comparison_sections(summary, reader);
    for (std::size_t i = 0; i < summary.models.size(); ++i) {
        text += "<details><summary>" + display_name(summary.models[i], summary) + " in detail</summary>" +
                model_sections(summary, i) + "</details>";
    }
    return text;
}

} // namespace

std::string to_html(const Summary& summary, const PictureReader& reader) {
    const bool single = summary.models.size() == 1;
    const std::string title = single ? display_name(summary.models.front(), summary) : "Models compared";
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
           title + " · detection report</title>\n<style>\n" + std::string(page_style) +
           "</style>\n</head>\n<body>\n<main>\n" +
           (single ? one_model(summary, reader) : several_models(summary, reader)) + left_out(summary) +
           condition_section(summary) + definitions(summary.models.front().evaluation.options) +
           "\n</main>\n<script>\n" + std::string(page_script) + "</script>\n</body>\n</html>\n";
}

} // namespace detect::evaluation
