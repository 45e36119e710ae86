// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/eval_models.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/picture_input.h"
#include "cli/run/picture_files.h"
#include "cli/text_output.h"
#include "evaluation/report/report.h"
#include "evaluation/score_file.h"
#include "evaluation/summary.h"

#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

namespace detect::cli {

namespace {

struct EvalArguments {
    std::string annotations;
    std::string images;
    int bits = 0;
    /// Of a JSON file, in 10^6 bytes.
    std::uint64_t json_memory = JsonLimits().memory / 1'000'000;
    std::string detections;
    std::string model;
    std::vector<std::string> compare;
    double score = 0.5;
    double iou = 0.5;
    std::string report;
    std::string json;
    std::string save_detections;
    std::string save_scores;
    int threads = 0;
    SettingsArguments settings;
};

JsonLimits json_limits(const EvalArguments& arguments) { return {.memory = arguments.json_memory * 1'000'000}; }

Error usage_error(const std::string& what) { return {ErrorCode::invalid_argument, what}; }

Result<void> check(const EvalArguments& arguments) {
    const bool runs_models = arguments.detections.empty();
    if (runs_models && arguments.images.empty())
        return usage_error("give --images, the folder of the pictures to run on, or --detections, results to evaluate");
    if (!runs_models && !arguments.model.empty())
        return usage_error("--detections and --model: give results or a model, not both");
    if (!runs_models && !arguments.compare.empty())
        return usage_error("--detections and --compare: give results or models, not both");
    if (!arguments.model.empty() && !arguments.compare.empty())
        return usage_error("--model and --compare: name all models after --compare");
    if (arguments.compare.size() == 1) return usage_error("--compare: give two models or more");
    if (!arguments.save_detections.empty() && (!runs_models || !arguments.compare.empty()))
        return usage_error("--save-detections needs one model to run: leave out --detections and --compare");
    if (!arguments.save_scores.empty() && !arguments.compare.empty())
        return usage_error("--save-scores needs one model, or --detections: leave out --compare");
    // No range of CLI11's refuses these.
    if (std::isnan(arguments.score) || std::isnan(arguments.iou)) return usage_error("--score and --iou: give numbers");
    return {};
}

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
    std::vector<std::pair<const char*, std::string>> destinations{{"--report", arguments.report},
                                                                  {"--json", arguments.json},
                                                                  {"--save-detections", arguments.save_detections},
                                                                  {"--save-scores", arguments.save_scores}};
    std::erase_if(destinations, [](const auto& destination) { return destination.second.empty(); });
    for (const auto& [option, file] : destinations) {
        if (file != "-") DETECT_TRY(inputs.prepare_destination(file));
    }
    return check_one_each(destinations);
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
    return {};
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
    return run_models(models, arguments.threads, arguments.bits, pictures, summary);
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
    DETECT_TRY_ASSIGN(summary.dataset, evaluation::read_ground_truth(arguments.annotations, json_limits(arguments)));
    for (const std::string& remark : summary.dataset.remarks) warn(arguments.annotations + ": " + remark);
    DETECT_TRY_ASSIGN(const evaluation::PictureFiles pictures, pictures_of(arguments, summary));
    summary.found_by_end_of_name = pictures.by_end_of_name;
    evaluation::PictureReader reader = picture_reader(arguments, summary.dataset, pictures);
    DETECT_TRY(check_destinations(arguments, pictures));
    if (summary.dataset.annotations.empty())
        warn(arguments.annotations + ": has no annotations, so only false alarms can be counted");
    if (arguments.detections.empty()) {
        DETECT_TRY(run_chosen_models(command, arguments, pictures, summary));
    } else {
        DETECT_TRY(read_results(arguments, summary));
    }
    DETECT_TRY(evaluation::evaluate_models(summary, {.score = arguments.score, .iou = arguments.iou}));
    return Evaluated{std::move(summary), std::move(reader)};
}

Result<void> save_scores(const std::string& file, const evaluation::Summary& summary) {
    const auto best = evaluation::best_scores(summary);
    if (!best) return Error{best.error().code, file + ": not written: " + best.error().message};
    if (!best->without_own.empty()) {
        note("no score of its own for " + listed(best->without_own, {.most = 8}) +
             ": nothing of it is found at any score, so it gets the score of all classes together");
    }
    return write_text(file, evaluation::to_score_file(*best, summary));
}

Result<void> write(const EvalArguments& arguments, const Evaluated& evaluated) {
    const evaluation::Summary& summary = evaluated.summary;
    if (!arguments.save_detections.empty()) {
        DETECT_TRY(write_text(arguments.save_detections,
                              evaluation::to_coco_results(summary.models.front().detections, summary.dataset)));
    }
    if (!arguments.save_scores.empty()) DETECT_TRY(save_scores(arguments.save_scores, summary));
    if (!arguments.json.empty()) DETECT_TRY(write_text(arguments.json, evaluation::to_json(summary)));
    if (!arguments.report.empty())
        DETECT_TRY(write_text(arguments.report, evaluation::to_html(summary, evaluated.reader)));
    const bool data_on_stdout = arguments.json == "-" || arguments.report == "-" || arguments.save_detections == "-" ||
                                arguments.save_scores == "-";
    if (!data_on_stdout) DETECT_TRY(write_text("-", evaluation::to_table(summary)));
    return {};
}

/// Whatever the figures are without has been said; here it goes into the exit code.
int exit_code_of(const evaluation::Summary& summary) {
    const std::size_t left_out = summary.left_out.size();
    if (left_out > 0) {
        const std::string what =
            left_out == 1 ? "1 picture could not be read; all figures are without it"
                          : std::to_string(left_out) + " pictures could not be read; all figures are without them";
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
    app.add_option("--annotations", arguments->annotations, "Ground truth, a COCO JSON file")
        ->type_name("FILE")
        ->required();
    app.add_option("--images", arguments->images, "The folder of the annotated pictures")->type_name("DIR");
    add_bits_option(app, arguments->bits);
    app.add_option("--json-memory", arguments->json_memory,
                   "The most memory that the values of annotations, or of detections, may take, in megabytes")
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("MB")
        ->capture_default_str();
    add_model_option(app, arguments->model);
    app.add_option("--compare", arguments->compare, "Compare these models, two or more")->type_name("FILE");
    app.add_option("--detections", arguments->detections,
                   "Evaluate these COCO results instead of running a model (with --images the report has pictures)")
        ->type_name("FILE");
    app.add_option("--score", arguments->score,
                   "A detection counts from this score on: in precision, recall, F1 and the confusion matrix")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--iou", arguments->iou, "An object counts as found from this IoU on, in the same figures")
        ->check(CLI::Range(0.01, 1.0))
        ->capture_default_str();
    app.add_option("--report", arguments->report,
                   "Write an HTML report to this file: curves, confusion matrix, the worst errors as pictures")
        ->type_name("FILE");
    app.add_option("--json", arguments->json, "Write all figures as JSON to this file; - is stdout, without the tables")
        ->type_name("FILE");
    app.add_option("--save-detections", arguments->save_detections, "Write the detections as COCO results to this file")
        ->type_name("FILE");
    app.add_option("--save-scores", arguments->save_scores,
                   "Write for each class the score with the highest F1 to this file, for --score-file of detect run")
        ->type_name("FILE");
    app.add_option("--threads", arguments->threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    add_settings_options(app, arguments->settings);
    app.footer("Examples: detect eval --images photos/ --annotations test.json --report report.html\n"
               "          detect eval --detections dt.json --annotations gt.json --json figures.json\n"
               "          detect eval --images photos/ --annotations test.json --compare a.onnx b.onnx\n"
               "Latency is that of Detector::run on pixels in memory, one picture at a time.\n" +
               std::string(exit_code_help));
    return [&app, arguments] { return run(app, *arguments); };
}

} // namespace detect::cli
