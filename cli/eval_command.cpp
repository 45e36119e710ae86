// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"
#include "base/text.h"
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/eval_conditions.h"
#include "cli/eval_models.h"
#include "cli/eval_options.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/picture_input.h"
#include "cli/run/picture_files.h"
#include "cli/text_output.h"
#include "evaluation/report/report.h"
#include "evaluation/score_file.h"
#include "evaluation/summary.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

namespace detect::cli {

namespace {

JsonLimits json_limits(const EvalArguments& arguments) { return {.memory = arguments.json_memory * 1'000'000}; }

/// However they are spelled; "-" is standard output.
bool same_destination(const std::string& a, const std::string& b) {
    if (a == "-" || b == "-") return a == b;
    return resolved(a) == resolved(b);
}

/// What is written last would be all that is left.
Result<void> check_one_each(const std::vector<std::pair<const char*, std::string>>& destinations) {
    for (std::size_t i = 0; i < destinations.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto& [first, first_file] = destinations[j];
            const auto& [second, second_file] = destinations[i];
            if (!same_destination(first_file, second_file)) continue;
            return usage_error(std::string(first) + " and " + second + ": both would write " +
                               (first_file == "-" ? "to standard output" : first_file) + "; give each its own file");
        }
    }
    return {};
}

/// Nothing that is read may be overwritten, and it is better said before the work than after.
Result<void> check_destinations(const EvalArguments& arguments, const evaluation::PictureFiles& pictures) {
    std::vector<std::string> read{arguments.annotations};
    for (const auto& file : pictures.files) {
        if (file) read.push_back(file->string());
    }
    for (const std::string& file : {arguments.detections, arguments.model}) {
        if (!file.empty()) read.push_back(file);
    }
    read.insert(read.end(), arguments.compare.begin(), arguments.compare.end());
    const InputFiles inputs(read);
    const auto written = destinations(arguments);
    for (const auto& [option, file] : written) {
        if (file != "-") DETECT_TRY(inputs.prepare_destination(file));
    }
    return check_one_each(written);
}

Result<void> read_results(const EvalArguments& arguments, evaluation::Summary& summary) {
    DETECT_TRY_ASSIGN(evaluation::ReadDetections read,
                      evaluation::read_detections(arguments.detections, summary.dataset, json_limits(arguments)));
    if (read.of_unknown_categories > 0) {
        const bool one = read.of_unknown_categories == 1;
        warn(arguments.detections + ": " + std::to_string(read.of_unknown_categories) +
             (one ? " detection is of a category that " : " detections are of categories that ") +
             arguments.annotations + " does not have; " + (one ? "it is left out" : "they are left out"));
    }
    if (read.detections.empty() && read.images_without_but_objects > 0) {
        return Error{ErrorCode::unreadable_input,
                     arguments.detections +
                         ": holds no detection, so there is nothing to evaluate; was it written by "
                         "a run on the pictures of " +
                         arguments.annotations + "?"};
    }
    if (read.images_without > 0) {
        warn(arguments.detections + ": has no detection in " + std::to_string(read.images_without) + " of " +
             std::to_string(summary.dataset.images.size()) + " pictures of " + arguments.annotations + ", in " +
             std::to_string(read.images_without_but_objects) +
             " of which there are objects; these count as missed: see that all pictures were looked at");
    }
    summary.coverage = evaluation::Coverage{.of_unknown_categories = read.of_unknown_categories,
                                            .images_without = read.images_without,
                                            .images_without_but_objects = read.images_without_but_objects};
    summary.models.push_back({.name = arguments.detections, .detections = std::move(read.detections)});
    DETECT_TRY_ASSIGN(summary.models.back().sha256, sha256_of_file(arguments.detections));
    return {};
}

/// What lies outside of --roi is not looked at; how much that is has to be known.
void restrict_objects(evaluation::Summary& summary) {
    const auto& regions = summary.conditions.regions;
    if (regions.empty()) return;
    summary.region_cut = evaluation::restrict_to(regions, summary.dataset);
    const auto& [outside, across] = summary.region_cut;
    const std::size_t left = summary.dataset.annotations.size();
    if (outside > 0 && left == 0) {
        warn("--roi: no object of " + summary.annotations +
             " has its centre in it, so only false alarms can be counted");
        return;
    }
    note("--roi: " + std::to_string(outside) + " of " + counted(outside + left, "object") +
         " with the centre outside left out; " + std::to_string(across) + " across its border judged by the centre");
}

void restrict_detections(evaluation::Summary& summary) {
    if (summary.conditions.regions.empty()) return;
    for (evaluation::ModelSummary& model : summary.models)
        model.detections_outside = evaluation::restrict_to(summary.conditions.regions, model.detections);
}

/// What figures are without, or less than they seem.
void note_limits(const evaluation::Summary& summary) {
    const evaluation::Bootstrap& bootstrap = summary.bootstrap;
    if (bootstrap.resamples > 0 && !bootstrap.left_out.empty())
        note("no 95 % intervals: " + bootstrap.left_out +
             (bootstrap.pictures < 2 ? "" : "; give --bootstrap a lower number"));
    if (summary.pictures_beyond_coco > 0)
        note(counted(summary.pictures_beyond_coco, "picture") +
             " with more than 100 objects of a class: AP and AR look at the best 100 detections of a class in a "
             "picture, as COCO's do, and come out lower; F1, misses and false alarms count all");
}

Result<void> run_chosen_models(const CLI::App& command, const EvalArguments& arguments,
                               const evaluation::PictureFiles& pictures, evaluation::Summary& summary) {
    std::vector<std::string> names = arguments.compare;
    if (names.empty()) names.push_back(arguments.model);
    std::vector<ChosenModel> models;
    for (const std::string& name : names) {
        DETECT_TRY_ASSIGN(ChosenModel chosen, choose_model(command, name, arguments.settings));
        models.push_back(std::move(chosen));
    }
    summary.conditions.run = run_conditions(arguments);
    return run_models(models, arguments.threads, pictures, summary);
}

/// Nothing without a folder.
Result<evaluation::PictureFiles> pictures_of(const EvalArguments& arguments, const evaluation::Summary& summary) {
    if (arguments.images.empty()) return evaluation::PictureFiles();
    if (arguments.detections.empty()) return find_pictures(arguments.images, summary);
    // For the report alone: names that are missing or doubled do no harm.
    return evaluation::find_picture_files(summary.dataset.images, arguments.images);
}

/// By file_name, for the report; nothing without a folder: it then has no pictures.
evaluation::PictureReader picture_reader(const EvalArguments& arguments, const evaluation::Dataset& dataset,
                                         const evaluation::PictureFiles& pictures) {
    if (arguments.images.empty()) return {};
    std::map<std::string, Result<std::filesystem::path>> files;
    for (std::size_t i = 0; i < pictures.files.size(); ++i)
        files.emplace(dataset.images[i].file_name, pictures.files[i]);
    return [files = std::move(files), bits = arguments.bits](const std::string& file_name) -> Result<Picture> {
        DETECT_TRY_ASSIGN(const std::filesystem::path file, files.at(file_name));
        return read_input_picture(file, bits);
    };
}

struct Evaluated {
    evaluation::Summary summary;
    evaluation::PictureReader reader;
};

Result<Evaluated> evaluate(const CLI::App& command, const EvalArguments& arguments) {
    DETECT_TRY(check(arguments));
    evaluation::Summary summary{.annotations = arguments.annotations, .dataset = {}, .models = {}};
    DETECT_TRY_ASSIGN(summary.conditions, conditions(arguments));
    DETECT_TRY_ASSIGN(summary.dataset, evaluation::read_ground_truth(arguments.annotations, json_limits(arguments)));
    for (const std::string& remark : summary.dataset.remarks) warn(arguments.annotations + ": " + remark);
    DETECT_TRY_ASSIGN(summary.conditions.annotations_sha256, sha256_of_file(arguments.annotations));
    restrict_objects(summary);
    DETECT_TRY_ASSIGN(const evaluation::PictureFiles pictures, pictures_of(arguments, summary));
    summary.found_by_end_of_name = pictures.by_end_of_name;
    evaluation::PictureReader reader = picture_reader(arguments, summary.dataset, pictures);
    DETECT_TRY(check_destinations(arguments, pictures));
    if (summary.dataset.annotations.empty() && summary.region_cut.objects_outside == 0)
        warn(arguments.annotations + ": has no annotations, so only false alarms can be counted");
    if (arguments.detections.empty()) {
        DETECT_TRY(run_chosen_models(command, arguments, pictures, summary));
    } else {
        DETECT_TRY(read_results(arguments, summary));
    }
    restrict_detections(summary);
    DETECT_TRY(evaluation::evaluate_models(
        summary, {.score = arguments.score, .iou = arguments.iou, .resamples = arguments.resamples}));
    note_limits(summary);
    return Evaluated{std::move(summary), std::move(reader)};
}

/// A file is told by name, as `detect export` does.
Result<void> write_result(const std::string& destination, const std::string& text) {
    DETECT_TRY(write_text(destination, text));
    if (destination != "-") tell("wrote " + printable_path(destination));
    return {};
}

Result<void> save_scores(const std::string& file, const evaluation::Summary& summary) {
    const auto best = evaluation::best_scores(summary);
    if (!best) return Error{best.error().code, file + ": not written: " + best.error().message};
    if (!best->without_own.empty()) {
        note("no score of its own for " + listed(best->without_own, {.most = 8}) +
             ": nothing of it is found at any score, so it gets the score of all classes together");
    }
    return write_result(file, evaluation::to_score_file(*best, summary));
}

Result<void> write(const EvalArguments& arguments, const Evaluated& evaluated) {
    const evaluation::Summary& summary = evaluated.summary;
    if (!arguments.save_detections.empty()) {
        DETECT_TRY(write_result(arguments.save_detections,
                                evaluation::to_coco_results(summary.models.front().detections, summary.dataset)));
    }
    if (!arguments.save_scores.empty()) DETECT_TRY(save_scores(arguments.save_scores, summary));
    if (!arguments.json.empty()) DETECT_TRY(write_result(arguments.json, evaluation::to_json(summary)));
    if (!arguments.csv.empty()) DETECT_TRY(write_result(arguments.csv, evaluation::to_csv(summary)));
    if (!arguments.report.empty())
        DETECT_TRY(write_result(arguments.report, evaluation::to_html(summary, evaluated.reader)));
    const auto written = destinations(arguments);
    const bool data_on_stdout = std::ranges::any_of(written, [](const auto& each) { return each.second == "-"; });
    if (!data_on_stdout) DETECT_TRY(write_text("-", evaluation::to_table(summary)));
    return {};
}

/// Whatever the figures are without has been said; here it goes into the exit code.
int exit_code_of(const evaluation::Summary& summary) {
    const std::size_t left_out = summary.left_out.size();
    if (left_out > 0) {
        const std::string what =
            left_out == 1 ? "1 picture could not be judged; all figures are without it"
                          : std::to_string(left_out) + " pictures could not be judged; all figures are without them";
        return report({ErrorCode::unreadable_input, what}, some_inputs_failed);
    }
    const evaluation::Coverage coverage = summary.coverage.value_or(evaluation::Coverage());
    if (summary.dataset.annotations_left_out == 0 && coverage.of_unknown_categories == 0 &&
        coverage.images_without_but_objects == 0)
        return done;
    return report({ErrorCode::unreadable_input,
                   "annotations and detections do not cover each other; the warnings say what the figures are without"},
                  some_inputs_failed);
}

int run(const CLI::App& command, const EvalArguments& arguments) {
    const auto evaluated = evaluate(command, arguments);
    if (!evaluated) return report(evaluated.error());
    if (auto written = write(arguments, *evaluated); !written) return report(written.error());
    return exit_code_of(evaluated->summary);
}

} // namespace

Command add_eval_command(CLI::App& app) {
    auto arguments = std::make_shared<EvalArguments>();
    add_eval_options(app, *arguments);
    return [&app, arguments] { return run(app, *arguments); };
}

} // namespace detect::cli
