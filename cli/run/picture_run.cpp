// SPDX-License-Identifier: Apache-2.0
#include "cli/run/picture_run.h"

#include "base/sha256.h"
#include "base/text.h"
#include "base/try.h"
#include "base/utc_time.h"
#include "cli/exit_code.h"
#include "cli/picture_input.h"
#include "cli/run/pipeline.h"
#include "cli/text_output.h"
#include "pictures/own_pictures.h"
#include "results/table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <iostream>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// For decoded pictures that wait to be looked at; see WaitingPictures.
constexpr std::uintmax_t waiting_bytes = 256U << 20U;
/// A guess: how much larger a picture is in memory than in its file.
constexpr std::uintmax_t usual_compression = 16;

/// The reason is the record's; the message is also for people.
void fail_record(PictureResult& result, std::string_view code, const std::string& message) {
    result.error = Remark{.code = std::string(code), .message = without_controls(with_flags(message), ' ')};
}

std::string time_now() {
    const auto now = std::chrono::system_clock::now();
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    std::array<char, 8> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(milliseconds));
    return utc_time(std::chrono::system_clock::to_time_t(now)) + fraction.data();
}

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
    Load load{.run = this, .job = {}};
    Job& job = load.job;
    job.input = std::move(arrival->input);
    job.paths = names_.next(job.input);
    outputs_.remove_left(job.paths);
    job.picture = std::move(arrival->picture);
    const std::string& file = job.input.name;
    const PictureId id(file, job.input.page);
    const bool may_be_done = parts_.plan.results.resume && !job.picture;
    if (may_be_done && parts_.collected.have(id)) {
        job.skipped = outputs_.have(file, job.paths, parts_.collected.know_nothing_was_found(id));
    }
    if (job.skipped) return load;
    std::error_code code;
    const std::uintmax_t file_bytes = job.picture ? 0 : fs::file_size(file, code);
    job.memory = memory_.take(code ? 0 : usual_compression * std::min(file_bytes, max_picture_file_bytes));
    return load;
}

PictureRun::Job PictureRun::Load::operator()() {
    if (job.skipped) return std::move(job);
    if (!job.picture) read(job, run->parts_.plan);
    if (*job.picture) job.memory.resize((*job.picture)->pixels.size());
    run->look_at(job);
    return std::move(job);
}

/// The hash is that of the bytes that are looked at, whatever stands under the name by now.
void PictureRun::read(Job& job, const RunPlan& plan) {
    const auto file = read_picture_file(job.input.name);
    if (!file) {
        job.picture = file.error();
        return;
    }
    if (plan.results.hash) job.result.sha256 = sha256(*file);
    job.picture = decode_picture(*file, job.input.name, job.input.page.value_or(1), plan.picture_limits);
}

void PictureRun::fail(Job& job, Error error, std::string_view code) {
    fail_record(job.result, code, error.message);
    job.failure = std::move(error);
}

/// All that can be said of a picture before anything is detected in it.
void PictureRun::look_at(Job& job) const {
    const Input& input = job.input;
    job.result.file = path_as_text(input.name);
    if (input.frame) job.result.frame = input.frame->index;
    job.result.page = input.page;
    if (!*job.picture) {
        fail(job, {ErrorCode::unreadable_input, job.picture->error().message}, to_string(job.picture->error().code));
        return;
    }
    Picture& picture = **job.picture;
    job.result.width = picture.width;
    job.result.height = picture.height;
    if (auto sound = apply_bits(picture, parts_.plan.bits); !sound) {
        fail(job, {ErrorCode::unreadable_input, printable_path(input.name) + ": " + sound.error().message}, "range");
        return;
    }
    job.result.warnings = parts_.warnings;
    if (is_ours(input.name))
        job.result.warnings.push_back(
            {"own_output", "this picture was made by 'detect run'; what is drawn in it is looked at, too"});
    // What is wrong with the view itself, detecting says.
    const auto doubts = parts_.detector.examine(picture.view());
    if (!doubts) return;
    for (const Doubt& doubt : *doubts) job.result.warnings.push_back({doubt.code, with_flags(doubt.message)});
}

PictureRun::Render PictureRun::detect(Job job) {
    if (job.skipped) return {this, std::move(job)};
    if (!job.failure) detect_in(**job.picture, job);
    if (parts_.plan.results.time) job.result.time = time_now();
    if (parts_.conditions.valid()) job.result.conditions = parts_.conditions.get();
    if (job.failure) return {this, std::move(job)};
    if (!job.paths.drawn.empty()) job.result.drawn = path_as_text(job.paths.drawn.string());
    if (auto prepared = outputs_.prepare(job.input, job.paths); !prepared) job.fatal = std::move(prepared).error();
    return {this, std::move(job)};
}

void PictureRun::detect_in(const Picture& picture, Job& job) const {
    const auto start = std::chrono::steady_clock::now();
    looking_at_ = ++looked_at_;
    auto found = parts_.detector.run(picture.view());
    looking_at_ = 0;
    job.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    Result<void> filtered;
    if (found) filtered = apply(parts_.rules.filter, picture.width, picture.height, found->detections);
    if (found && filtered) {
        job.result.detections = std::move(found->detections);
        return;
    }
    const Error& error = found ? filtered.error() : found.error();
    const bool pictures_fault = error.code == ErrorCode::invalid_argument;
    const ErrorCode code = pictures_fault ? ErrorCode::unreadable_input : error.code;
    fail(job, {code, printable_path(job.input.name) + ": " + error.message}, to_string(code));
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
    const std::lock_guard lock(writing_);
    if (job.skipped) {
        summary_.add_skipped();
    } else if (!job.fatal) {
        if (auto finished = finish_result(job); !finished) job.fatal = std::move(finished).error();
    }
    if (job.fatal) {
        progress_.clear();
        fatal_ = report(*job.fatal);
        return false;
    }
    progress_.advance(summary_.inputs(), summary_.skipped(), stream_.total());
    return !(nobody_reads_ && !parts_.plan.results.any_in_files());
}

Result<void> PictureRun::finish_result(Job& job) {
    if (job.failure) {
        progress_.clear();
        report(*job.failure);
        summary_.add_failure();
        return parts_.collected.add(job.result);
    }
    if (job.drawn) DETECT_TRY(videos_.add(job.paths.drawn, *job.drawn, job.input.frame->frames_per_second));
    summary_.add(job.result, job.milliseconds);
    print(job);
    return parts_.collected.add(job.result);
}

void PictureRun::print(const Job& job) {
    const std::string frame = job.input.frame ? " frame " + std::to_string(job.input.frame->index) : "";
    const std::string name = printable_path(job.input.name) + frame;
    print_complete_videos();
    if (!is_quiet()) {
        // What holds of the model has been said before.
        const auto sentences = doubts_.of(name, std::span(job.result.warnings).subspan(parts_.warnings.size()));
        if (!sentences.empty()) progress_.clear();
        for (const std::string& sentence : sentences) warn(sentence);
    }
    if (is_verbose()) {
        progress_.clear();
        char time[32];
        std::snprintf(time, sizeof time, ": %.1f ms\n", job.milliseconds);
        std::cerr << name + time;
    }
    if (!is_quiet() && !job.paths.drawn.empty() && !job.input.frame) {
        progress_.clear();
        tell("wrote " + printable_path(job.paths.drawn));
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
        if (!is_quiet()) tell("wrote " + printable_path(path));
    }
}

Result<void> PictureRun::close() {
    if (std::exchange(closed_, true)) return {};
    DETECT_TRY(videos_.close());
    print_complete_videos();
    return parts_.collected.close();
}

/// The program ends at once: what has been done is to be in whole files. Whoever writes is nearly done, or hangs.
void PictureRun::close_at_last() {
    constexpr std::chrono::seconds patience{5};
    const std::unique_lock lock(writing_, patience);
    if (!lock || fatal_ != 0) return;
    if (auto closed = close(); !closed) report(closed.error());
}

int PictureRun::exit_code() const {
    if (fatal_ != 0) return fatal_;
    if (interruption_.signal() != 0) return interrupted - 2 + interruption_.signal();
    const auto& fail_on = parts_.rules.fail_on;
    if (fail_on && summary_.detected(*fail_on)) return detected;
    const bool doubtful = parts_.plan.strict && summary_.doubtful() > 0;
    const bool left_out = parts_.collected.left_out() > 0;
    if (summary_.failures() == 0) return doubtful || left_out ? some_inputs_failed : done;
    return summary_.pictures() + summary_.skipped() > 0 ? some_inputs_failed : unreadable_input;
}

void PictureRun::print_summary() {
    if (is_quiet()) return;
    for (const std::string& sentence : doubts_.rest()) warn(sentence);
    const auto& drawings = parts_.plan.results.drawings;
    if (drawings && drawings->is_new_folder && summary_.pictures() > 0)
        tell("drew into " + printable_path(drawings->path));
    const bool several = is_verbose() || parts_.plan.sources.bulk || parts_.plan.sources.have_video() ||
                         (parts_.plan.sources.several && errors_go_to_a_terminal());
    if (!several || summary_.pictures() + summary_.skipped() == 0) return;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::cerr << summary_.text(parts_.detector.labels(), seconds);
}

int PictureRun::run() {
    if (!is_quiet()) {
        for (const std::string& text : outputs_.notes()) note(text);
        for (const std::string& remark : outputs_.remarks()) warn(remark);
    }
    const PipelineOptions options{.helpers = helper_threads(),
                                  .stopped = [&] { return interruption_.requested(); },
                                  .stop = [&] { interruption_.stop(); }};
    const Interruption::AtLast at_last(
        interruption_, [&] { close_at_last(); }, [&] { return looking_at_.load(); });
    run_pipeline(
        options, [&] { return next(); }, [&](Job job) { return detect(std::move(job)); },
        [&](Job job) { return finish(std::move(job)); });
    progress_.clear();
    const std::lock_guard lock(writing_);
    if (fatal_ == 0) {
        if (auto closed = close(); !closed) fatal_ = report(closed.error());
    }
    print_summary();
    return exit_code();
}

} // namespace detect::cli
