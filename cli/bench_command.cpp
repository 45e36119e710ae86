// SPDX-License-Identifier: Apache-2.0
#include "base/escape.h"
#include "base/text.h"
#include "base/try.h"
#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/measurement.h"
#include "cli/picture_input.h"
#include "cli/text_output.h"
#include "detect/detector.h"
#include "executor/model.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

namespace detect::cli {

namespace {

// Detector runs at most this many pictures at a time.
constexpr int largest_batch = 8;
constexpr int largest_side = 16384;
constexpr int warm_up_runs = 3;
constexpr int largest_profile = 15;

struct BenchArguments {
    std::vector<std::string> pictures;
    std::string model;
    std::string size;
    int bits = 0;
    int batch = 1;
    int threads = 0;
    int runs = 30;
    bool profile = false;
    std::string json;
    SettingsArguments settings;
};

struct Size {
    int height = 0;
    int width = 0;
};

struct Report {
    std::string model;
    Size size;
    int batch = 0;
    int threads = 0;
    int runs = 0;
    double load_ms = 0.0;
    Latency latency;
    /// Of a picture, on average over the pictures given. Negative: the model does not name its proposals.
    double proposals = -1.0;
    double detections = 0.0;
    double peak_memory_mb = 0.0;
    std::vector<ProfileRow> profile;
};

class Stopwatch {
public:
    [[nodiscard]] double milliseconds() const {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
    }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "800x1066": height, then width.
Result<Size> parse_size(std::string_view text) {
    Size size;
    const char* const end = text.data() + text.size();
    const auto height = std::from_chars(text.data(), end, size.height);
    if (height.ec == std::errc() && height.ptr != end && *height.ptr == 'x') {
        const auto width = std::from_chars(height.ptr + 1, end, size.width);
        const auto sensible = [](int side) { return side >= 1 && side <= largest_side; };
        if (width.ec == std::errc() && width.ptr == end && sensible(size.height) && sensible(size.width)) return size;
    }
    return Error{ErrorCode::invalid_argument, "--size " + std::string(text) +
                                                  ": must be HEIGHTxWIDTH, such as 800x1066, sides 1 to " +
                                                  std::to_string(largest_side)};
}

/// The picture in 8 bits, at this size.
Result<Picture> read_at_size(const std::string& file, Size size, int bits) {
    DETECT_TRY_ASSIGN(const Picture read, read_input_picture(file, bits));
    if (size.height == 0 || (size.height == read.height && size.width == read.width)) return to_rgb8(read.view());
    DETECT_TRY_ASSIGN(Picture picture, to_rgb8(read.view()));
    const std::size_t bytes = 3 * static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
    Picture resized{.width = size.width,
                    .height = size.height,
                    .format = PixelFormat::rgb8,
                    .pixels = std::vector<std::byte>(bytes)};
    const cv::Mat source(picture.height, picture.width, CV_8UC3, picture.pixels.data());
    cv::Mat target(size.height, size.width, CV_8UC3, resized.pixels.data());
    cv::resize(source, target, target.size(), 0, 0, cv::INTER_LINEAR);
    return resized;
}

/// All pictures at --size, or at the first one's.
Result<std::vector<Picture>> read_pictures(const BenchArguments& arguments) {
    Size size;
    if (!arguments.size.empty()) {
        DETECT_TRY_ASSIGN(size, parse_size(arguments.size));
    }
    std::vector<Picture> pictures;
    for (const std::string& file : arguments.pictures) {
        DETECT_TRY_ASSIGN(Picture picture, read_at_size(file, size, arguments.bits));
        size = {picture.height, picture.width};
        pictures.push_back(std::move(picture));
    }
    return pictures;
}

/// The batch's pictures, taken in turn.
std::vector<ImageView> make_batch(const std::vector<Picture>& pictures, int batch) {
    std::vector<ImageView> views;
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i)
        views.push_back(pictures[i % pictures.size()].view());
    return views;
}

Result<Tensor> to_tensor(std::span<const ImageView> views) {
    DETECT_TRY_ASSIGN(Tensor tensor,
                      Tensor::create_uninitialised(DataType::float32, {static_cast<std::int64_t>(views.size()), 3,
                                                                       views.front().height, views.front().width}));
    const auto pixels = tensor.mutable_data<float>();
    const std::size_t each = pixels.size() / views.size();
    for (std::size_t i = 0; i < views.size(); ++i) {
        DETECT_TRY(image_to_tensor(views[i], pixels.subspan(i * each, each)));
    }
    return tensor;
}

/// Compiled as the detector's own model was: it has accepted DETECT_ISA by now.
Result<std::shared_ptr<const Model>> compile(Graph graph, int threads) {
    const char* const isa = std::getenv("DETECT_ISA");
    return Model::compile(std::move(graph),
                          {.threads = threads, .isa = isa == nullptr ? std::nullopt : parse_isa(isa)});
}

/// Regions that the RPN proposes for a picture, averaged; -1 if the graph has no value of that name. They are counted
/// in a model of its own that hands them out: the one that is timed does not.
Result<double> count_proposals(Graph graph, const std::vector<Picture>& pictures, int threads) {
    std::optional<ValueId> proposals;
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
        if (graph.values[i].name == "proposals") proposals = ValueId{static_cast<std::int32_t>(i)};
    }
    if (!proposals) return -1.0;
    graph.outputs.push_back(*proposals);
    DETECT_TRY_ASSIGN(const auto model, compile(std::move(graph), threads));
    double sum = 0.0;
    for (const Picture& picture : pictures) {
        const ImageView view = picture.view();
        DETECT_TRY_ASSIGN(const Tensor input, to_tensor(std::span(&view, 1)));
        DETECT_TRY_ASSIGN(const auto outputs, model->run(std::span(&input, 1)));
        sum += static_cast<double>(outputs.back().element_count()) / 4.0;
    }
    return sum / static_cast<double>(pictures.size());
}

Result<std::vector<ProfileRow>> profile(Graph graph, std::span<const ImageView> batch, const Report& report) {
    const Shape& shape = *graph[graph.inputs[0]].shape;
    const bool one_picture = shape[0].size == 1;
    DETECT_TRY_ASSIGN(const Tensor input, to_tensor(one_picture ? batch.first(1) : batch));
    DETECT_TRY_ASSIGN(const auto model, compile(std::move(graph), report.threads));
    for (int i = 0; i < warm_up_runs; ++i) DETECT_TRY(model->run(std::span(&input, 1)));
    std::vector<std::vector<StepTime>> runs(static_cast<std::size_t>(std::min(report.runs, largest_profile)));
    for (auto& times : runs) DETECT_TRY(model->run(std::span(&input, 1), times));
    return summarise(runs);
}

Result<void> time_runs(const Detector& detector, std::span<const ImageView> batch, Report& report) {
    std::vector<ImageResult> found;
    for (int i = 0; i < warm_up_runs; ++i) {
        DETECT_TRY_ASSIGN(found, detector.run(batch));
    }
    std::vector<double> milliseconds;
    for (int i = 0; i < report.runs; ++i) {
        const Stopwatch stopwatch;
        DETECT_TRY_ASSIGN(found, detector.run(batch));
        milliseconds.push_back(stopwatch.milliseconds());
    }
    report.latency = summarise(std::move(milliseconds));
    double detections = 0.0;
    for (const ImageResult& result : found) detections += static_cast<double>(result.detections.size());
    report.detections = detections / static_cast<double>(found.size());
    return {};
}

Result<Report> measure(const CLI::App& command, const BenchArguments& arguments) {
    DETECT_TRY_ASSIGN(const ChosenModel chosen, choose_model(command, arguments.model, arguments.settings));
    DETECT_TRY_ASSIGN(const std::vector<Picture> pictures, read_pictures(arguments));
    const std::vector<ImageView> batch = make_batch(pictures, arguments.batch);
    Report report;
    report.model = chosen.file.string();
    report.size = {batch.front().height, batch.front().width};
    report.batch = arguments.batch;
    report.threads = ThreadPool(arguments.threads).threads();
    report.runs = arguments.runs;
    const Stopwatch loading;
    DETECT_TRY_ASSIGN(const Detector detector, open_detector(chosen, {.threads = report.threads}));
    report.load_ms = loading.milliseconds();
    note("loaded; timing " + std::to_string(report.runs) + " runs");
    DETECT_TRY(time_runs(detector, batch, report));
    // Before what follows, which users of the library do not have to pay for.
    report.peak_memory_mb = peak_memory_mb();

    DETECT_TRY_ASSIGN(Graph graph, read_graph(chosen));
    DETECT_TRY_ASSIGN(report.proposals, count_proposals(graph, pictures, report.threads));
    if (arguments.profile) {
        DETECT_TRY_ASSIGN(report.profile, profile(std::move(graph), batch, report));
    }
    return report;
}

/// Without ".0" where an average is a whole number.
nlohmann::ordered_json number(double value) {
    if (value == std::floor(value)) return static_cast<std::int64_t>(value);
    return value;
}

double images_per_second(const Report& report) { return 1e3 * report.batch / report.latency.mean; }

std::string bench_json(const Report& report) {
    const Latency& latency = report.latency;
    nlohmann::ordered_json json{
        {"model", report.model},
        {"height", report.size.height},
        {"width", report.size.width},
        {"batch", report.batch},
        {"threads", report.threads},
        {"runs", report.runs},
        {"load_ms", report.load_ms},
        {"latency_ms",
         {{"min", latency.min},
          {"p50", latency.p50},
          {"p90", latency.p90},
          {"p99", latency.p99},
          {"mean", latency.mean}}},
        {"images_per_second", images_per_second(report)},
        {"proposals", report.proposals < 0.0 ? nlohmann::ordered_json() : number(report.proposals)},
        {"detections", number(report.detections)},
        {"peak_memory_mb", report.peak_memory_mb}};
    if (!report.profile.empty()) {
        auto& rows = json["profile"] = nlohmann::ordered_json::array();
        for (const ProfileRow& row : report.profile) {
            rows.push_back({{"part", row.part},
                            {"step", row.step},
                            {"count", row.count},
                            {"ms", row.milliseconds},
                            {"share", row.share}});
        }
    }
    return json_text(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) + "\n";
}

template <class... Values>
void append(std::string& text, const char* format, Values... values) {
    char line[256];
    std::snprintf(line, sizeof line, format, values...);
    text += line;
}

std::string to_table(const Report& report) {
    const Latency& latency = report.latency;
    std::string text = "model        " + without_controls(report.model, ' ') + "\n";
    append(text, "input        %dx%d (height x width), batch %d, %d threads, %d runs\n", report.size.height,
           report.size.width, report.batch, report.threads, report.runs);
    append(text, "load         %.1f ms\n", report.load_ms);
    append(text, "latency      min %.2f   p50 %.2f   p90 %.2f   p99 %.2f   mean %.2f ms\n", latency.min, latency.p50,
           latency.p90, latency.p99, latency.mean);
    append(text, "images/s     %.2f\n", images_per_second(report));
    if (report.proposals >= 0.0) append(text, "proposals    %g per picture\n", report.proposals);
    append(text, "detections   %g per picture\n", report.detections);
    append(text, "peak memory  %.0f MB\n", report.peak_memory_mb);
    if (report.profile.empty()) return text;

    append(text, "\n%9s  %6s  %5s  %-14s %s\n", "ms", "share", "count", "part", "step");
    double total = 0.0;
    for (const ProfileRow& row : report.profile) {
        append(text, "%9.3f  %5.1f%%  %5d  %-14s ", row.milliseconds, 100.0 * row.share, row.count,
               without_controls(row.part, ' ').c_str());
        text += without_controls(row.step, ' ') + "\n";
        total += row.milliseconds;
    }
    append(text, "%9.3f  %5.1f%%\n", total, 100.0);
    return text;
}

Result<void> run(const CLI::App& command, const BenchArguments& arguments) {
    DETECT_TRY_ASSIGN(const Report report, measure(command, arguments));
    if (arguments.json != "-") DETECT_TRY(write_text("-", to_table(report)));
    if (!arguments.json.empty()) DETECT_TRY(write_text(arguments.json, bench_json(report)));
    return {};
}

} // namespace

Command add_bench_command(CLI::App& app) {
    auto arguments = std::make_shared<BenchArguments>();
    app.add_option("--image", arguments->pictures, "Pictures to run on; several are taken in turn")
        ->required()
        ->type_name("FILE");
    add_model_option(app, arguments->model);
    add_bits_option(app, arguments->bits);
    app.add_option("--size", arguments->size,
                   "Scale the pictures to this size first, e.g. 800x1066 (default: the first one's size)")
        ->type_name("HEIGHTxWIDTH");
    app.add_option("--batch", arguments->batch, "Pictures per run")
        ->check(CLI::Range(1, largest_batch))
        ->capture_default_str();
    app.add_option("--threads", arguments->threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--runs", arguments->runs, "Timed runs; a few more come before them, to warm up")
        ->check(CLI::Range(1, 1000000))
        ->capture_default_str();
    app.add_flag("--profile", arguments->profile,
                 "Also show where the time goes, step by step (medians of up to 15 more runs)");
    app.add_option("--json", arguments->json, "Write the figures as JSON to this file; - is stdout, without the table")
        ->type_name("FILE");
    add_settings_options(app, arguments->settings);
    app.footer("Example: detect bench --model model.onnx --image board.png --threads 2 --profile\n"
               "It times Detector::run on 8-bit pixels in memory: conversion is included, reading the file is not.\n" +
               std::string(exit_code_help));
    return [&app, arguments] {
        const auto result = run(app, *arguments);
        return result ? done : report(result.error());
    };
}

} // namespace detect::cli
