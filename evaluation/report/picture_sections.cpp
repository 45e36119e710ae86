// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/html.h"
#include "evaluation/report/sections.h"

#include <algorithm>

namespace detect::evaluation::html {

namespace {

/// The rest is in the JSON and CSV files.
constexpr std::size_t most_rows = 50;
/// Of these, what is shown without being asked for.
constexpr std::size_t open_rows = 10;

std::string of(std::size_t part, std::size_t whole, const std::string& what) {
    return count(part) + " of " + count(whole) + " " + what;
}

std::string rate_tiles(const PictureRates& rates) {
    const auto mean = rates.false_alarms_per_picture();
    return "<dl class=\"tiles\">" +
           tile("Escape rate", percent(rates.escape_rate()),
                of(rates.with_a_miss, rates.with_objects, "with objects have a miss")) +
           tile("Nothing found", percent(rates.nothing_found_rate()),
                of(rates.with_nothing_found, rates.with_objects, "with objects")) +
           tile("Board escape rate", percent(rates.board_escape_rate()),
                of(rates.passed_as_good, rates.with_objects, "with objects: nothing reported")) +
           tile("Overkill rate", percent(rates.overkill_rate()),
                of(rates.called_defective, rates.without_objects, "without objects are called defective")) +
           tile("False alarms", mean ? decimal(*mean, 2) : figure({}), "per picture") + "</dl>";
}

std::string row(const PictureOutcome& picture, const Dataset& dataset) {
    return "<tr><th scope=\"row\">" + escape(dataset.images[picture.image].file_name) + "</th>" +
           cell("objects", count(picture.objects)) + cell("found", count(picture.found)) +
           cell("missed", count(picture.missed)) + cell("alarms", count(picture.false_alarms)) +
           cell("wrong", count(picture.wrong_class)) + "</tr>";
}

std::string worst_table(std::span<const PictureOutcome> pictures, const Dataset& dataset) {
    std::string head;
    for (const char* name : {"picture", "objects", "found", "missed", "false alarms", "wrong class"})
        head += std::string("<th scope=\"col\">") + name + "</th>";
    std::string rows;
    for (const PictureOutcome& picture : pictures) rows += row(picture, dataset);
    return "<table class=\"figures pictures\"><thead><tr>" + head + "</tr></thead><tbody>" + rows + "</tbody></table>";
}

std::string worst_tables(std::span<const PictureOutcome> pictures, const Dataset& dataset) {
    const std::size_t open = std::min(pictures.size(), open_rows);
    const std::string first = worst_table(pictures.first(open), dataset);
    if (open == pictures.size()) return first;
    return first + "<details class=\"more\"><summary>" + count(pictures.size() - open) + " more</summary>" +
           worst_table(pictures.subspan(open), dataset) + "</details>";
}

} // namespace

std::span<const PictureOutcome> pictures_with_errors(const Evaluation& evaluation) {
    const auto end = std::ranges::find_if_not(evaluation.pictures, &PictureOutcome::has_errors);
    return std::span(evaluation.pictures).first(static_cast<std::size_t>(end - evaluation.pictures.begin()));
}

std::string picture_sections(const Evaluation& evaluation, const Dataset& dataset) {
    const Options& options = evaluation.options;
    std::string crowds;
    if (evaluation.rates.with_crowds_only > 0)
        crowds = " " + counted(evaluation.rates.with_crowds_only, "picture holds", "pictures hold") +
                 " crowds only, and counts as neither.";
    const std::string rates = section("Pictures",
                                      "A picture is a board: what becomes of it at score " + decimal(options.score, 2) +
                                          " and IoU " + decimal(options.iou, 2) + "." + crowds,
                                      rate_tiles(evaluation.rates));
    const auto worst = pictures_with_errors(evaluation);
    if (worst.empty()) return rates + section("The worst pictures", "No picture has a miss or a false alarm.", "");
    const auto shown = worst.first(std::min(worst.size(), most_rows));
    const std::string which = shown.size() == worst.size()
                                  ? "All " + counted(worst.size(), "picture", "pictures") + " with errors"
                                  : count(shown.size()) + " of " + count(worst.size()) + " pictures with errors";
    return rates + section("The worst pictures", which + ": most misses first, then most false alarms.",
                           worst_tables(shown, dataset));
}

} // namespace detect::evaluation::html
