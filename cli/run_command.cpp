// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run/picture_run.h"
#include "cli/run/run_output.h"
#include "cli/run/run_plan.h"

#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace detect::cli {

namespace {

/// Reading a large model once more takes a while, and the first picture need not wait for it.
std::shared_future<std::shared_ptr<const ResultConditions>> find_conditions(const RunPlan& plan,
                                                                            const Detector& detector) {
    const auto find = [file = plan.model.file, name = name_of(plan.model),
                       scores = scores_in_force(detector, plan.detector)] {
        auto conditions = std::make_shared<ResultConditions>();
        conditions->model = name;
        if (auto hash = sha256_of_file(file)) conditions->model_sha256 = *std::move(hash);
        conditions->min_score = scores.others.value_or(0.0F);
        conditions->class_scores = scores.by_name;
        return std::shared_ptr<const ResultConditions>(std::move(conditions));
    };
    return std::async(std::launch::async, find).share();
}

Result<int> run(const CLI::App& command, const RunOptions& options) {
    // Before any other thread: the signals are for this one.
    Interruption interruption;
    const RunOutput output(interruption, std::cout, STDOUT_FILENO);
    const RunOutput messages(interruption, std::cerr, STDERR_FILENO);
    ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0); // its complaints are said in our own words
    DETECT_TRY_ASSIGN(RunPlan plan, plan_run(command, options));
    plan.sources.quiet = options.quiet;
    for (const std::string& text : plan.sources.notes) {
        if (!options.quiet) note(text);
    }
    DETECT_TRY_ASSIGN(const Detector detector, open_detector(plan.model, plan.detector));
    if (plan.verbosity != Verbosity::quiet) note_model_scores(detector, plan.detector);
    DETECT_TRY_ASSIGN(const DetectionRules rules, plan_rules(options, detector.labels()));
    interruption.work_begins();
    DETECT_TRY_ASSIGN(CollectedResults collected, CollectedResults::open(plan.results, detector.labels(), plan.inputs));
    if (plan.results.drawings) DETECT_TRY(make_new_folder(*plan.results.drawings));
    RunParts parts{.plan = plan,
                   .detector = detector,
                   .rules = rules,
                   .collected = std::move(collected),
                   .warnings = {},
                   .conditions = {}};
    if (const std::string assumed = assumed_settings(plan.model, detector.metadata()); !assumed.empty())
        parts.warnings.push_back({.code = "assumed", .message = assumed});
    // A drawn picture holds its record, too.
    if (!parts.collected.empty() || plan.results.drawings) parts.conditions = find_conditions(plan, detector);
    PictureRun pictures(std::move(parts), interruption);
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
