// SPDX-License-Identifier: Apache-2.0
#include "evaluation/score_file.h"

#include "base/escape.h"
#include "base/try.h"
#include "results/json_file.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace detect::evaluation {

namespace {

constexpr const char* version_key = "class_scores_version";
constexpr int version = 1;

/// Classes in the order of the model's labels, else of the dataset's categories.
std::vector<ModelClass> classes_of(const Summary& summary) {
    if (!summary.models.front().classes.empty()) return summary.models.front().classes;
    std::vector<ModelClass> classes;
    for (std::size_t i = 0; i < summary.dataset.categories.size(); ++i)
        classes.push_back({summary.dataset.categories[i].name, i});
    return classes;
}

/// The double of a float's shortest text: 0.72, not 0.7200000286102295.
double as_written(float score) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), score).ptr;
    double value = 0.0;
    std::from_chars(digits.data(), end, value);
    return value;
}

Result<float> read_score(const std::filesystem::path& file, const std::string& place, const nlohmann::json& value) {
    const double score = value.is_number() ? value.get<double>() : -1.0;
    if (score >= 0.0 && score <= 1.0) return static_cast<float>(score);
    return wrong(file, place, "expected a score, a number from 0 to 1");
}

} // namespace

Result<BestScores> best_scores(const Summary& summary) {
    const Evaluation& evaluation = summary.models.front().evaluation;
    if (!evaluation.best) {
        return Error{
            ErrorCode::invalid_argument,
            "no object is found at any score, so there is no best score to save; see that the model is the one "
            "for these pictures"};
    }
    BestScores best;
    best.scores.others = static_cast<float>(evaluation.best->score);
    for (const ModelClass& one : classes_of(summary)) {
        const auto own = one.category ? evaluation.categories[*one.category].best : std::nullopt;
        best.scores.by_name[one.name] = own ? static_cast<float>(own->score) : *best.scores.others;
        if (!own) best.without_own.push_back(one.name);
    }
    return best;
}

std::string to_score_file(const BestScores& best, const Summary& summary) {
    const Evaluation& evaluation = summary.models.front().evaluation;
    nlohmann::ordered_json scores = nlohmann::ordered_json::object();
    for (const auto& [name, score] : best.scores.by_name) scores[name] = as_written(score);
    const nlohmann::ordered_json json = {
        {version_key, version},
        {"model", summary.models.front().name},
        {"annotations", summary.annotations},
        {"pictures", summary.dataset.images.size()},
        {"iou", evaluation.options.iou},
        {"rule",
         "the score with the highest F1 of its class, the highest one of several; others: of all classes together"},
        {"others", as_written(*best.scores.others)},
        {"scores", std::move(scores)},
        {"without_own", best.without_own}};
    return json_text(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) + "\n";
}

Result<ClassScores> read_score_file(const std::filesystem::path& file) {
    DETECT_TRY_ASSIGN(const auto tree, read_json(file));
    const nlohmann::json& document = *tree;
    if (!document.is_object() || !document.contains(version_key)) {
        return wrong(file, "top level",
                     std::string("expected scores per class, with \"") + version_key +
                         "\", as 'detect eval' saves them");
    }
    if (document[version_key] != version) {
        return wrong(file, version_key,
                     "is " + document[version_key].dump() + ", and this program reads version " +
                         std::to_string(version) + "; save the scores again with this program");
    }
    const auto scores = document.find("scores");
    if (scores == document.end() || !scores->is_object())
        return wrong(file, "scores", "expected an object of names and scores");
    ClassScores read;
    if (const auto others = document.find("others"); others != document.end() && !others->is_null()) {
        DETECT_TRY_ASSIGN(read.others, read_score(file, "others", *others));
    }
    for (const auto& [name, value] : scores->items()) {
        DETECT_TRY_ASSIGN(read.by_name[name], read_score(file, "scores." + name, value));
    }
    return read;
}

} // namespace detect::evaluation
