// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run/picture_files.h"
#include "cli/run/picture_run.h"
#include "cli/run/run_filter.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// torchvision's own limit. A lower one is for what is left after the filters, and not the model's business.
constexpr std::int64_t usual_max_detections = 100;

Result<void> check_options(const RunOptions& options) {
    const auto invalid = [](std::string what) { return Error{ErrorCode::invalid_argument, std::move(what)}; };
    if (const auto most = options.settings.numbers.max_detections; most && *most < 1)
        return invalid("--max-detections: max_detections must be at least 1, not " + std::to_string(*most));
    const std::array collected{&options.json, &options.jsonl, &options.csv, &options.coco};
    if (std::ranges::count(collected, "-", [](const std::string* file) { return *file; }) > 1)
        return invalid("only one of --json, --jsonl, --csv and --coco can go to standard output (-)");
    std::set<fs::path> destinations;
    for (const std::string* file : collected) {
        if (!file->empty() && *file != "-" && !destinations.insert(resolved(*file)).second)
            return invalid(*file + ": two of --json, --jsonl, --csv and --coco would be written to it");
    }
    const bool files = !options.no_draw || !options.yolo.empty() || !options.voc.empty() || !options.crops.empty() ||
                       std::ranges::any_of(collected, [](const auto* file) { return !file->empty() && *file != "-"; });
    if (options.resume && !files) return invalid("--resume needs results in files, to know what has been done");
    return {};
}

/// Folders that pictures are written to, by this run or by others like it.
std::vector<fs::path> written_folders(const RunOptions& options) {
    std::vector<fs::path> folders;
    if (!options.output.empty()) folders.push_back(resolved(options.output));
    if (!options.crops.empty()) folders.push_back(resolved(options.crops));
    return folders;
}

/// What is drawn may not appear in a folder that is watched: it would be looked at again, without end.
Result<void> check_watch(const RunOptions& options) {
    if (options.watch.empty() || (options.no_draw && options.crops.empty())) return {};
    const fs::path watched = resolved(options.watch);
    std::vector<fs::path> folders = written_folders(options);
    if (!options.no_draw && options.output.empty()) folders.push_back(resolved("."));
    for (const fs::path& folder : folders) {
        const fs::path relative = folder.lexically_relative(watched);
        const bool below = !relative.empty() && *relative.begin() != "..";
        if (relative == "." || (below && options.recursive)) {
            return Error{ErrorCode::invalid_argument, options.watch +
                                                          ": is watched, and pictures would be written into it; "
                                                          "give another folder with -o, or --no-draw"};
        }
    }
    return {};
}

Result<Detector> open_model(const CLI::App& command, RunOptions options) {
    if (auto& most = options.settings.numbers.max_detections) most = std::max(*most, usual_max_detections);
    options.settings.max_detections_is_a_filter = true;
    DETECT_TRY_ASSIGN(ChosenModel model, choose_model(command, options.model, options.settings, options.quiet));
    return open_detector(model,
                         {.threads = options.threads, .min_score = options.score, .tiling = make_tiling(options)});
}

InputFiles files_to_read(const RunOptions& options, const Sources& sources) {
    std::vector<std::string> files;
    for (const Source& source : sources.all) {
        const bool is_file = source.kind == Source::Kind::picture || std::holds_alternative<fs::path>(source.video);
        if (is_file && source.kind != Source::Kind::failure) files.push_back(source.name);
    }
    for (const std::string& file : {options.list, options.annotations, options.mask}) {
        if (!file.empty()) files.push_back(file);
    }
    return InputFiles(files);
}

Result<int> run(const CLI::App& command, const RunOptions& options) {
    // Before any other thread: the signals are for this one.
    Interruption interruption;
    ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0); // its complaints are said in our own words
    DETECT_TRY(check_options(options));
    DETECT_TRY(check_watch(options));
    DETECT_TRY_ASSIGN(Sources sources, find_sources(options, written_folders(options)));
    DETECT_TRY_ASSIGN(const Detector detector, open_model(command, options));
    DETECT_TRY_ASSIGN(DetectionFilter filter, make_filter(options, detector));
    DETECT_TRY_ASSIGN(std::vector<int> fail_on, classes_to_fail_on(options, detector));
    InputFiles inputs = files_to_read(options, sources);
    DETECT_TRY_ASSIGN(CollectedResults collected, CollectedResults::open(options, detector.labels(), inputs));
    PictureRun pictures({.options = options,
                         .detector = detector,
                         .filter = std::move(filter),
                         .classes_to_fail_on = std::move(fail_on),
                         .sources = std::move(sources),
                         .inputs = std::move(inputs),
                         .collected = std::move(collected)},
                        interruption);
    return pictures.run();
}

} // namespace

Command add_run_command(CLI::App& app) {
    auto options = std::make_shared<RunOptions>();
    add_run_options(app, *options);
    return [&app, options] {
        const auto result = run(app, *options);
        return result ? *result : report(result.error());
    };
}

} // namespace detect::cli
