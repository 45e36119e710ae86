// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/run/picture_run.h"
#include "cli/run/run_plan.h"

#include <cstdlib>
#include <memory>

namespace detect::cli {

namespace {

Result<int> run(const CLI::App& command, const RunOptions& options) {
    // Before any other thread: the signals are for this one.
    Interruption interruption;
    ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0); // its complaints are said in our own words
    DETECT_TRY_ASSIGN(const RunPlan plan, plan_run(command, options));
    DETECT_TRY_ASSIGN(const Detector detector, open_detector(plan.model, plan.detector));
    if (plan.verbosity != Verbosity::quiet) note_model_scores(detector, plan.detector);
    DETECT_TRY_ASSIGN(const DetectionRules rules, plan_rules(options, detector.labels()));
    DETECT_TRY_ASSIGN(CollectedResults collected, CollectedResults::open(plan.results, detector.labels(), plan.inputs));
    PictureRun pictures({.plan = plan, .detector = detector, .rules = rules, .collected = std::move(collected)},
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
