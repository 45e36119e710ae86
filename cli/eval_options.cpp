// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_options.h"

#include "cli/chosen_model.h"
#include "cli/exit_code.h"
#include "cli/picture_input.h"
#include "cli/region_option.h"

#include <cmath>

namespace detect::cli {

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
    if (!runs_models && arguments.tiles.tile != 0)
        return usage_error("--detections and --tile: no model runs; give --tile to the run that makes the detections");
    // No range of CLI11's refuses these.
    if (std::isnan(arguments.score) || std::isnan(arguments.iou)) return usage_error("--score and --iou: give numbers");
    return {};
}

std::vector<std::pair<const char*, std::string>> destinations(const EvalArguments& arguments) {
    std::vector<std::pair<const char*, std::string>> all{{"--report", arguments.report},
                                                         {"--json", arguments.json},
                                                         {"--csv", arguments.csv},
                                                         {"--save-detections", arguments.save_detections},
                                                         {"--save-scores", arguments.save_scores}};
    std::erase_if(all, [](const auto& destination) { return destination.second.empty(); });
    return all;
}

void add_eval_options(CLI::App& app, EvalArguments& a) {
    app.add_option("--annotations", a.annotations, "Ground truth, a COCO JSON file")->type_name("FILE")->required();
    app.add_option("--images", a.images, "The folder of the annotated pictures")->type_name("DIR");
    add_bits_option(app, a.bits);
    app.add_option("--json-memory", a.json_memory,
                   "The most memory that the values of annotations, or of detections, may take, in megabytes")
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("MB")
        ->capture_default_str();
    add_model_option(app, a.model);
    app.add_option("--compare", a.compare, "Compare these models, two or more")->type_name("FILE");
    app.add_option("--detections", a.detections,
                   "Evaluate these COCO results instead of running a model (with --images the report has pictures)")
        ->type_name("FILE");
    app.add_option("--score", a.score,
                   "A detection counts from this score on: in precision, recall, F1 and the confusion matrix")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    app.add_option("--iou", a.iou, "An object counts as found from this IoU on, in the same figures")
        ->check(CLI::Range(0.01, 1.0))
        ->capture_default_str();
    app.add_option("--bootstrap", a.resamples,
                   "How often pictures are drawn anew for the 95 % intervals of AP and F1 (0: no intervals)")
        ->check(CLI::Range(0, 1'000'000))
        ->type_name("N")
        ->capture_default_str();
    add_region_option(app, a.regions, "objects and detections", "What counts");
    add_tile_options(app, a.tiles, "Large pictures");
    app.add_option("--report", a.report,
                   "Write an HTML report to this file: curves, the worst pictures, the worst errors as pictures")
        ->type_name("FILE");
    app.add_option("--json", a.json, "Write all figures as JSON to this file; - is stdout, without the tables")
        ->type_name("FILE");
    app.add_option("--csv", a.csv,
                   "Write a row for each picture, the worst first: misses, false alarms; - is stdout, without the "
                   "tables")
        ->type_name("FILE");
    app.add_option("--save-detections", a.save_detections, "Write the detections as COCO results to this file")
        ->type_name("FILE");
    app.add_option("--save-scores", a.save_scores,
                   "Write for each class the score with the highest F1 to this file, for --score-file of detect run")
        ->type_name("FILE");
    app.add_option("--threads", a.threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    add_settings_options(app, a.settings);
    app.footer("Examples:\n"
               "  detect eval --images photos/ --annotations test.json --report report.html\n"
               "  detect eval --detections dt.json --annotations gt.json --json figures.json\n"
               "  detect eval --images photos/ --annotations test.json --compare a.onnx b.onnx\n"
               "  detect eval --images scans/ --annotations gt.json --tile 640 --csv worst.csv\n"
               "Latency is that of Detector::run on pixels in memory, one picture at a time.\n" +
               std::string(exit_code_help));
}

} // namespace detect::cli
