// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_run.h"

#include "base/text.h"
#include "base/try.h"
#include "cli/exit_code.h"
#include "cli/run/pipeline.h"
#include "cli/text_output.h"
#include "results/table.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// For decoded pictures that wait to be looked at; see WaitingPictures.
constexpr std::uintmax_t waiting_bytes = 256U << 20U;
/// A guess: how much larger a picture is in memory than in its file.
constexpr std::uintmax_t usual_compression = 16;

/// Decoding and drawing take less than detecting does, but not always by much.
unsigned helper_threads() { return std::clamp(std::thread::hardware_concurrency() / 2U, 2U, 8U); }

} // namespace

PictureRun::PictureRun(RunParts parts, Interruption& interruption)
    : parts_(std::move(parts)), interruption_(interruption), stream_(parts_.plan.sources, interruption),
      names_(parts_.plan.results.drawings), outputs_(parts_.plan.results, parts_.detector.labels(), parts_.plan.inputs),
      memory_(waiting_bytes),
      progress_(!is_quiet() && (parts_.plan.sources.several || parts_.plan.sources.have_video())) {}

bool PictureRun::prints_table() const { return !is_quiet() && !parts_.plan.results.any_on_standard_output(); }

std::optional<PictureRun::Load> PictureRun::next() {
    auto arrival = stream_.next();
    if (!arrival) return std::nullopt;
    Load load;
    Job& job = load.job;
    job.input = std::move(arrival->input);
    job.paths = names_.next(job.input);
    job.picture = std::move(arrival->picture);
    const std::string& file = job.input.name;
    const bool may_be_done = parts_.plan.results.resume && !job.picture;
    if (may_be_done && parts_.collected.have(file)) {
        job.skipped = outputs_.have(file, job.paths, parts_.collected.know_nothing_was_found(file));
    }
    if (job.skipped) return load;
    std::error_code code;
    const std::uintmax_t file_bytes = job.picture ? 0 : fs::file_size(file, code);
    job.memory = memory_.take(code ? 0 : usual_compression * std::min(file_bytes, max_picture_file_bytes));
    return load;
}

PictureRun::Job PictureRun::Load::operator()() {
    if (!job.skipped && !job.picture) job.picture = read_picture(job.input.name);
    if (job.picture && *job.picture) job.memory.resize((*job.picture)->pixels.size());
    return std::move(job);
}

/// What is wrong with a picture is "unreadable input", whatever it is.
PictureRun::Render PictureRun::detect(Job job) {
    if (job.skipped) return {this, std::move(job)};
    if (!*job.picture) {
        job.failure = Error{ErrorCode::unreadable_input, job.picture->error().message};
        return {this, std::move(job)};
    }
    const Picture& picture = **job.picture;
    const auto start = std::chrono::steady_clock::now();
    auto found = parts_.detector.run(picture.view());
    job.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    Result<void> filtered;
    if (found) filtered = apply(parts_.rules.filter, picture.width, picture.height, found->detections);
    if (!found || !filtered) {
        const Error& error = found ? filtered.error() : found.error();
        const bool pictures_fault = error.code == ErrorCode::invalid_argument;
        job.failure =
            Error{pictures_fault ? ErrorCode::unreadable_input : error.code, job.input.name + ": " + error.message};
        return {this, std::move(job)};
    }
    job.result = {.file = path_as_text(job.input.name),
                  .width = picture.width,
                  .height = picture.height,
                  .detections = std::move(found->detections)};
    if (job.input.frame) job.result.frame = job.input.frame->index;
    if (auto prepared = outputs_.prepare(job.input, job.paths); !prepared) job.fatal = std::move(prepared).error();
    return {this, std::move(job)};
}

PictureRun::Job PictureRun::Render::operator()() {
    if (!job.skipped && !job.failure && !job.fatal) {
        auto written = run->outputs_.write(job.paths, job.result, std::move(**job.picture));
        if (written) {
            job.drawn = *std::move(written);
        } else {
            job.fatal = std::move(written).error();
        }
    }
    job.picture.reset();
    return std::move(job);
}

/// False: the run is over.
bool PictureRun::finish(Job job) {
    if (job.failure) {
        progress_.clear();
        last_failure_ = report(*job.failure);
        summary_.add_failure();
    } else if (job.skipped) {
        summary_.add_skipped();
    } else {
        if (!job.fatal) {
            if (auto finished = finish_result(job); !finished) job.fatal = std::move(finished).error();
        }
        if (job.fatal) {
            progress_.clear();
            fatal_ = report(*job.fatal);
            return false;
        }
    }
    progress_.advance(summary_.inputs(), summary_.skipped(), stream_.total());
    return !(nobody_reads_ && !parts_.plan.results.any_in_files());
}

Result<void> PictureRun::finish_result(Job& job) {
    if (job.drawn) DETECT_TRY(videos_.add(job.paths.drawn, *job.drawn, job.input.frame->frames_per_second));
    summary_.add(job.result, job.milliseconds);
    print(job);
    return parts_.collected.add(job.result);
}

void PictureRun::print(const Job& job) {
    const std::string frame = job.input.frame ? " frame " + std::to_string(job.input.frame->index) : "";
    const std::string name = printable_path(job.input.name) + frame;
    print_complete_videos();
    if (is_verbose()) {
        progress_.clear();
        char time[32];
        std::snprintf(time, sizeof time, ": %.1f ms\n", job.milliseconds);
        std::cerr << name + time;
    }
    if (!is_quiet() && !job.paths.drawn.empty() && !job.input.frame) {
        progress_.clear();
        std::cerr << "wrote " + printable_path(job.paths.drawn) + "\n";
    }
    if (prints_table() && !nobody_reads_) {
        progress_.clear();
        std::string text;
        if (parts_.plan.sources.several || job.input.frame) text = name + "\n";
        std::cout << text + to_table(job.result.detections, parts_.detector.labels()) << std::flush;
    }
    if (!std::cout.good()) nobody_reads_ = nobody_reads_output();
}

void PictureRun::print_complete_videos() {
    for (const fs::path& path : videos_.take_complete()) {
        progress_.clear();
        if (!is_quiet()) std::cerr << "wrote " + printable_path(path) + "\n";
    }
}

Result<void> PictureRun::close() {
    DETECT_TRY(videos_.close());
    print_complete_videos();
    return parts_.collected.close();
}

int PictureRun::exit_code() const {
    if (fatal_ != 0) return fatal_;
    if (interruption_.signal() != 0) return interrupted - 2 + interruption_.signal();
    const auto& fail_on = parts_.rules.fail_on;
    if (fail_on && summary_.detected(*fail_on)) return detected;
    if (summary_.failures() == 0) return parts_.collected.left_out() == 0 ? done : some_inputs_failed;
    return summary_.pictures() + summary_.skipped() > 0 ? some_inputs_failed : last_failure_;
}

int PictureRun::run() {
    const PipelineOptions options{.helpers = helper_threads(),
                                  .stopped = [&] { return interruption_.requested(); },
                                  .stop = [&] { interruption_.stop(); }};
    run_pipeline(
        options, [&] { return next(); }, [&](Job job) { return detect(std::move(job)); },
        [&](Job job) { return finish(std::move(job)); });
    progress_.clear();
    if (fatal_ == 0) {
        if (auto closed = close(); !closed) fatal_ = report(closed.error());
    }
    const bool several = is_verbose() || parts_.plan.sources.bulk || parts_.plan.sources.have_video() ||
                         (parts_.plan.sources.several && errors_go_to_a_terminal());
    if (!is_quiet() && several && summary_.pictures() + summary_.skipped() > 0) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        std::cerr << summary_.text(parts_.detector.labels(), seconds);
    }
    return exit_code();
}

} // namespace detect::cli
