// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/progress.h"
#include "cli/run/collected_results.h"
#include "cli/run/doubts.h"
#include "cli/run/drawn_video.h"
#include "cli/run/input_stream.h"
#include "cli/run/picture_output.h"
#include "cli/run/result_names.h"
#include "cli/run/run_plan.h"
#include "cli/run/summary.h"
#include "cli/run/waiting_pictures.h"
#include "detect/detector.h"

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>

namespace detect::cli {

/// All that a run needs. What is referred to must outlive it.
struct RunParts {
    const RunPlan& plan;
    const Detector& detector;
    const DetectionRules& rules;
    CollectedResults collected;
    /// What holds of the model, whatever the picture.
    std::vector<Remark> warnings;
    /// Not there: no record is written.
    std::shared_future<std::shared_ptr<const ResultConditions>> conditions;
};

/// Looks at all inputs: reading, detecting and writing at the same time, results in the order of the inputs.
class PictureRun {
public:
    PictureRun(RunParts parts, Interruption& interruption);

    /// Returns the exit code.
    int run();

private:
    /// An input on its way.
    struct Job {
        Input input;
        ResultPaths paths;
        /// Its results are there from an earlier run.
        bool skipped = false;
        std::optional<Result<Picture>> picture;
        PictureResult result;
        double milliseconds = 0.0;
        /// Why this input was not judged; the others go on.
        std::optional<Error> failure;
        /// What ends the run.
        std::optional<Error> fatal;
        DrawnFrame drawn;
        WaitingPictures::Share memory;
    };
    struct Load {
        const PictureRun* run;
        Job job;
        Job operator()();
    };
    struct Render {
        const PictureRun* run;
        Job job;
        Job operator()();
    };

    std::optional<Load> next();
    static void read(Job& job, const RunPlan& plan);
    void look_at(Job& job) const;
    /// `code`: what the record calls it.
    static void fail(Job& job, Error error, std::string_view code);
    Render detect(Job job);
    void detect_in(const Picture& picture, Job& job) const;
    bool finish(Job job);
    Result<void> finish_result(Job& job);
    void print(const Job& job);
    void print_complete_videos();
    Result<void> close();
    void close_at_last();
    void print_summary();
    [[nodiscard]] int exit_code() const;
    [[nodiscard]] bool prints_table() const;
    [[nodiscard]] bool is_quiet() const { return parts_.plan.verbosity == Verbosity::quiet; }
    [[nodiscard]] bool is_verbose() const { return parts_.plan.verbosity == Verbosity::verbose; }

    RunParts parts_;
    Interruption& interruption_;
    InputStream stream_;
    ResultNames names_;
    PictureOutputs outputs_;
    WaitingPictures memory_;
    DrawnVideos videos_;
    Progress progress_;
    Summary summary_;
    DoubtMessages doubts_;
    /// The picture that the model looks at, counted from 1; 0: none. `looked_at_` is for the detecting thread alone.
    mutable std::atomic<std::uint64_t> looking_at_ = 0;
    mutable std::uint64_t looked_at_ = 0;
    /// Held while results are written.
    std::timed_mutex writing_;
    bool closed_ = false;
    bool nobody_reads_ = false;
    int fatal_ = 0;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace detect::cli
