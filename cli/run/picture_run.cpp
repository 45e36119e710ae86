// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_run.h"

#include "base/text.h"
#include "base/try.h"
#include "cli/exit_code.h"
#include "cli/run/picture_files.h"
#include "cli/run/pipeline.h"
#include "cli/run/run_filter.h"
#include "cli/text_output.h"
#include "results/json.h"

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

bool has_video(const Sources& sources) {
    return std::ranges::any_of(sources.all, [](const Source& source) { return source.kind == Source::Kind::video; });
}

bool same_folder(const fs::path& a, const fs::path& b) {
    std::error_code code;
    const auto folder = [](const fs::path& path) {
        return path.has_parent_path() ? path.parent_path() : fs::path(".");
    };
    return fs::equivalent(folder(a), folder(b), code);
}

} // namespace

PictureRun::PictureRun(RunParts parts, Interruption& interruption)
    : parts_(std::move(parts)), options_(parts_.options), interruption_(interruption),
      stream_(parts_.sources, options_.recursive, interruption), names_(options_, parts_.sources.several),
      earlier_(options_), memory_(waiting_bytes),
      progress_(!options_.quiet && (parts_.sources.several || has_video(parts_.sources))) {}

bool PictureRun::prints_table() const {
    const auto& o = options_;
    return !o.quiet && o.json != "-" && o.jsonl != "-" && o.csv != "-" && o.coco != "-";
}

bool PictureRun::writes_files() const {
    const auto& o = options_;
    const bool collects = std::ranges::any_of(std::array{&o.json, &o.jsonl, &o.csv, &o.coco},
                                              [](const std::string* file) { return !file->empty() && *file != "-"; });
    return collects || !o.no_draw || !o.yolo.empty() || !o.voc.empty() || !o.crops.empty();
}

std::optional<PictureRun::Load> PictureRun::next() {
    auto arrival = stream_.next();
    if (!arrival) return std::nullopt;
    Load load;
    Job& job = load.job;
    job.input = std::move(arrival->input);
    job.paths = names_.next(job.input);
    job.picture = std::move(arrival->picture);
    const std::string& file = job.input.name;
    const bool may_be_done = options_.resume && !job.picture;
    if (may_be_done && parts_.collected.have(file)) {
        job.skipped = earlier_.have(file, job.paths, parts_.collected.know_nothing_was_found(file));
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
    if (found) filtered = apply(parts_.filter, picture.width, picture.height, found->detections);
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
    if (auto prepared = prepare(job); !prepared) job.fatal = std::move(prepared).error();
    return {this, std::move(job)};
}

/// Where results go is made and checked in order, before helpers write out of order.
Result<void> PictureRun::prepare(const Job& job) {
    // A video's folders and names stay the same.
    if (job.input.frame && job.input.frame->index > 0 && options_.yolo.empty() && options_.voc.empty()) return {};
    const bool into_folder = draws_into_folder(options_, parts_.sources.several);
    if (job.input.unforeseen && into_folder && !options_.no_draw && same_folder(job.input.name, job.paths.drawn)) {
        return Error{ErrorCode::invalid_argument,
                     options_.output + ": pictures are read from this folder and could be overwritten; give another "
                                       "folder for what is written"};
    }
    DETECT_TRY(prepare_outputs(job.paths, into_folder && !options_.no_draw, parts_.inputs));
    if (!options_.yolo.empty() && !std::exchange(class_list_written_, true))
        DETECT_TRY(write_class_list(options_.yolo, parts_.detector.labels()));
    return {};
}

PictureRun::Job PictureRun::Render::operator()() {
    if (!job.skipped && !job.failure && !job.fatal) {
        auto written = write_outputs(run->options_, job.paths, job.result, std::move(**job.picture),
                                     run->parts_.detector.labels());
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
    return !(nobody_reads_ && !writes_files());
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
    if (options_.verbose) {
        progress_.clear();
        char time[32];
        std::snprintf(time, sizeof time, ": %.1f ms\n", job.milliseconds);
        std::cerr << name + time;
    }
    if (!options_.quiet && !job.paths.drawn.empty() && !job.input.frame) {
        progress_.clear();
        std::cerr << "wrote " + printable_path(job.paths.drawn) + "\n";
    }
    if (prints_table() && !nobody_reads_) {
        progress_.clear();
        std::string text;
        if (parts_.sources.several || job.input.frame) text = name + "\n";
        std::cout << text + to_table(job.result.detections, parts_.detector.labels()) << std::flush;
    }
    if (!std::cout.good()) nobody_reads_ = nobody_reads_output();
}

void PictureRun::print_complete_videos() {
    for (const fs::path& path : videos_.take_complete()) {
        progress_.clear();
        if (!options_.quiet) std::cerr << "wrote " + printable_path(path) + "\n";
    }
}

Result<void> PictureRun::close() {
    DETECT_TRY(videos_.close());
    print_complete_videos();
    DETECT_TRY(parts_.collected.close());
    const auto& unknown = parts_.collected.unknown_to_coco();
    if (!unknown.empty()) {
        warn("--coco leaves out " + std::to_string(unknown.size()) + " pictures or classes that are not in " +
             options_.annotations + ", such as " + *unknown.begin());
    }
    return {};
}

int PictureRun::exit_code() const {
    if (fatal_ != 0) return fatal_;
    if (interruption_.signal() != 0) return interrupted - 2 + interruption_.signal();
    if (!options_.fail_on_detect.empty() && summary_.detected(parts_.classes_to_fail_on)) return detected;
    if (summary_.failures() == 0) return done;
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
    const bool several = options_.verbose || parts_.sources.bulk || has_video(parts_.sources) ||
                         (parts_.sources.several && errors_go_to_a_terminal());
    if (!options_.quiet && several && summary_.pictures() + summary_.skipped() > 0) {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
        std::cerr << summary_.text(parts_.detector.labels(), seconds);
    }
    return exit_code();
}

} // namespace detect::cli
