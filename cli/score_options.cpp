// SPDX-License-Identifier: Apache-2.0
#include "cli/score_options.h"

#include "base/try.h"
#include "cli/exit_code.h"
#include "evaluation/score_file.h"

namespace detect::cli {

namespace {

constexpr const char* score_flag = "--score";
constexpr float usual_score = 0.5F;

} // namespace

void add_score_options(CLI::App& command, ScoreArguments& arguments, const std::string& group) {
    command
        .add_option(score_flag, arguments.scores,
                    "Only detections with at least this score; NAME=SCORE is for one class, as in "
                    "0.5,short=0.72,copper=0.88")
        ->type_name("SCORE")
        ->capture_default_str()
        ->group(group);
    command
        .add_option("--score-file", arguments.file,
                    "Take the scores of the classes from this file, which detect eval --save-scores wrote")
        ->type_name("FILE")
        ->group(group);
}

Result<void> apply_scores(const CLI::App& command, const ScoreArguments& arguments, DetectorOptions& options) {
    ClassScores scores;
    if (!arguments.file.empty()) {
        DETECT_TRY_ASSIGN(scores, evaluation::read_score_file(arguments.file));
    }
    if (command.count(score_flag) > 0) {
        auto given = parse_class_scores(arguments.scores);
        if (!given) return Error{given.error().code, std::string(score_flag) + " " + given.error().message};
        if (given->others) scores.others = given->others;
        for (const auto& [name, score] : given->by_name) scores.by_name[name] = score;
    }
    // A word on all other classes is one on those that the model carries a score for, too.
    options.model_scores = scores.others ? ModelScores::ignored : ModelScores::in_place_of_min_score;
    options.min_score = scores.others.value_or(usual_score);
    options.class_scores = std::move(scores.by_name);
    return {};
}

bool names_a_file(const std::string& class_scores) {
    return !class_scores.empty() && class_scores.find('=') == std::string::npos;
}

Result<std::map<std::string, float>> read_class_scores(const std::string& text) {
    if (text.empty()) return std::map<std::string, float>();
    if (names_a_file(text)) {
        // The score of all together is for classes that the file does not name, and it names all that the model has.
        DETECT_TRY_ASSIGN(ClassScores scores, evaluation::read_score_file(text));
        return std::move(scores.by_name);
    }
    auto scores = parse_class_scores(text);
    if (!scores) return Error{scores.error().code, "--class-scores " + scores.error().message};
    if (scores->others) {
        return Error{ErrorCode::invalid_argument,
                     "--class-scores " + text + ": name the class of each score; the others' is given to detect run"};
    }
    return std::move(scores->by_name);
}

void note_model_scores(const Detector& detector, const DetectorOptions& options) {
    const auto carried = detector.metadata().find(std::string(class_scores_key));
    if (carried == detector.metadata().end()) return;
    if (options.model_scores == ModelScores::ignored) {
        note("the scores that the model carries (" + carried->second + ") are not used: others are given");
    } else {
        note("using the scores that the model carries: " + carried->second +
             (options.class_scores.empty() ? "" : ", but for the classes that others are given for"));
    }
}

ClassScores scores_in_force(const Detector& detector, const DetectorOptions& options) {
    ClassScores scores{.others = detector.min_score(0), .by_name = {}};
    for (int label = 1; label <= static_cast<int>(detector.labels().size()); ++label) {
        if (detector.min_score(label) != *scores.others)
            scores.by_name[detector.label_name(label)] = detector.min_score(label);
    }
    if (!detector.labels().empty()) return scores;
    // A model without names has no list of classes.
    scores.by_name = options.class_scores;
    const auto carried = detector.metadata().find(std::string(class_scores_key));
    if (carried != detector.metadata().end() && options.model_scores != ModelScores::ignored) {
        if (auto of_model = parse_class_scores(carried->second)) scores.by_name.merge(of_model->by_name);
    }
    return scores;
}

} // namespace detect::cli
