// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_models.h"

#include "base/class_scores.h"
#include "base/sha256.h"
#include "base/try.h"
#include "cli/eval_conditions.h"
#include "cli/exit_code.h"
#include "cli/measurement.h"
#include "cli/picture_input.h"
#include "cli/progress.h"
#include "detect/detector.h"
#include "evaluation/label_matching.h"
#include "pictures/picture.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// Models whose own threshold is higher hide what average precision is about: the faint detections.
constexpr double usual_score_threshold = 0.05;

/// So many pictures that cannot be read are reported one by one.
constexpr std::size_t most_reported = 10;

struct LoadedModel {
    Detector detector;
    evaluation::LabelMatching labels;
    std::vector<evaluation::DetectedBox> detections = {};
    std::vector<double> milliseconds = {};
};

void warn_about_threshold(const std::string& model, const Detector& detector) {
    const auto entry = detector.metadata().find("score_threshold");
    if (entry == detector.metadata().end()) return;
    const double threshold = std::strtod(entry->second.c_str(), nullptr);
    if (threshold <= usual_score_threshold + 1e-6) return;
    warn(model + ": reports nothing below a score of " + entry->second +
         ", which lowers AP; export it with --score-threshold 0.05 to evaluate it");
}

Result<LoadedModel> load(const ChosenModel& chosen, int threads, const evaluation::Summary& summary) {
    const std::string file = chosen.file.string();
    DETECT_TRY_ASSIGN(Detector detector, open_detector(chosen, {.threads = threads,
                                                                .tiling = summary.conditions.run->tiling,
                                                                .model_scores = ModelScores::ignored}));
    if (detector.metadata().contains(std::string(class_scores_key)))
        note(file + ": carries scores per class, which are left aside here: AP looks at all scores");
    auto labels = evaluation::match_labels(detector.labels(), summary.dataset);
    if (!labels) return Error{labels.error().code, file + ": " + labels.error().message};
    for (const std::string& warning : labels->warnings) warn(file + ": " + warning);
    warn_about_threshold(file, detector);
    return LoadedModel{std::move(detector), *std::move(labels)};
}

evaluation::CocoBox to_coco(const Box& box) {
    const auto wide = [](float value) { return static_cast<double>(value); };
    return {wide(box.x1), wide(box.y1), wide(box.x2) - wide(box.x1), wide(box.y2) - wide(box.y1)};
}

Result<void> run_on(LoadedModel& model, const ImageView& picture, std::size_t image) {
    // The first run of a model is not timed: it plans for this size of picture.
    if (model.milliseconds.empty()) DETECT_TRY(model.detector.run(picture));
    const auto start = std::chrono::steady_clock::now();
    DETECT_TRY_ASSIGN(const ImageResult result, model.detector.run(picture));
    const auto taken = std::chrono::steady_clock::now() - start;
    model.milliseconds.push_back(std::chrono::duration<double, std::milli>(taken).count());
    for (const Detection& detection : result.detections) {
        const auto category = model.labels.category_of.find(detection.label);
        if (category == model.labels.category_of.end()) continue;
        model.detections.push_back({.image = image,
                                    .category = category->second,
                                    .box = to_coco(detection.box),
                                    .score = static_cast<double>(detection.score)});
    }
    return {};
}

/// A picture that no region touches would count as one that is good, whatever there is in it.
Result<void> check_regions(const fs::path& file, const Picture& picture, const std::vector<PixelRect>& regions) {
    const auto touches = [&](const PixelRect& region) { return region.x < picture.width && region.y < picture.height; };
    if (regions.empty() || std::ranges::any_of(regions, touches)) return {};
    return Error{ErrorCode::unreadable_input, file.string() + ": is " + std::to_string(picture.width) + "x" +
                                                  std::to_string(picture.height) +
                                                  " pixels, and nothing of --roi lies in it, so it cannot be judged"};
}

/// All models on one picture. What is wrong with a picture is "unreadable input", whatever it is.
Result<void> run_on_file(std::vector<LoadedModel>& models, const Result<fs::path>& found, std::size_t image,
                         const evaluation::Conditions& conditions) {
    DETECT_TRY_ASSIGN(const fs::path file, found);
    DETECT_TRY_ASSIGN(const Picture picture, read_input_picture(file, conditions.run->bits));
    DETECT_TRY(check_regions(file, picture, conditions.regions));
    for (LoadedModel& model : models) {
        auto done = run_on(model, picture.view(), image);
        if (done) continue;
        const bool pictures_fault = done.error().code == ErrorCode::invalid_argument;
        return Error{pictures_fault ? ErrorCode::unreadable_input : done.error().code,
                     file.string() + ": " + done.error().message};
    }
    return {};
}

/// All classes that the model names; if it names none, those that the annotations have.
std::vector<evaluation::ModelClass> classes_of(const LoadedModel& model) {
    std::vector<evaluation::ModelClass> classes;
    for (int label = 1; label <= static_cast<int>(model.detector.labels().size()); ++label)
        classes.push_back({model.detector.label_name(label)});
    if (classes.empty()) {
        for (const auto& [label, category] : model.labels.category_of)
            classes.push_back({model.detector.label_name(label), category});
        return classes;
    }
    for (const auto& [label, category] : model.labels.category_of)
        classes[static_cast<std::size_t>(label) - 1].category = category;
    return classes;
}

Result<void> check_names(const evaluation::Summary& summary, const fs::path& folder) {
    std::error_code code;
    if (!fs::is_directory(folder, code)) {
        return Error{ErrorCode::unreadable_input,
                     folder.string() +
                         ": is not a folder; give --images the folder that the annotations' file_name starts from"};
    }
    std::map<std::string, std::int64_t> ids;
    for (const evaluation::DatasetImage& image : summary.dataset.images) {
        if (image.file_name.empty()) {
            return Error{ErrorCode::unreadable_input, summary.annotations + ": the image with id " +
                                                          std::to_string(image.id) +
                                                          " has no file_name; add it, relative to --images"};
        }
        const auto [first, is_new] = ids.emplace(image.file_name, image.id);
        if (is_new) continue;
        return Error{ErrorCode::unreadable_input,
                     summary.annotations + ": the images with the ids " + std::to_string(first->second) + " and " +
                         std::to_string(image.id) + " both have the file_name " + image.file_name +
                         "; give one image all annotations, or each its own picture"};
    }
    return {};
}

/// Runs on every picture; the positions of those that could not be evaluated. Their errors are printed.
Result<std::vector<std::size_t>> run_on_all(std::vector<LoadedModel>& models, const evaluation::PictureFiles& pictures,
                                            evaluation::Summary& summary) {
    std::vector<std::size_t> failed;
    const auto& images = summary.dataset.images;
    Progress progress(true);
    for (std::size_t image = 0; image < images.size(); ++image) {
        auto done = run_on_file(models, pictures.files[image], image, summary.conditions);
        progress.advance(static_cast<std::int64_t>(image) + 1, 0, static_cast<std::int64_t>(images.size()));
        if (done) continue;
        if (done.error().code != ErrorCode::unreadable_input) return done.error();
        failed.push_back(image);
        summary.left_out.push_back({images[image].file_name, done.error().message});
        if (failed.size() == images.size()) {
            return Error{ErrorCode::unreadable_input, done.error().message + " (nor can any other of the " +
                                                          std::to_string(images.size()) +
                                                          " pictures; is --images the right folder?)"};
        }
        if (failed.size() > most_reported) continue;
        progress.clear();
        warn(done.error().message);
    }
    if (failed.size() > most_reported)
        warn(std::to_string(failed.size() - most_reported) + " more pictures cannot be read");
    return failed;
}

} // namespace

Result<evaluation::PictureFiles> find_pictures(const fs::path& folder, const evaluation::Summary& summary) {
    DETECT_TRY(check_names(summary, folder));
    evaluation::PictureFiles found = evaluation::find_picture_files(summary.dataset.images, folder);
    if (found.by_end_of_name > 0) {
        note(summary.annotations + ": " + std::to_string(found.by_end_of_name) + " of " +
             std::to_string(found.files.size()) + " pictures are found by the end of their file_name, such as " +
             found.example);
    }
    return found;
}

Result<void> run_models(const std::vector<ChosenModel>& models, int threads, const evaluation::PictureFiles& pictures,
                        evaluation::Summary& summary) {
    std::vector<LoadedModel> loaded;
    for (const ChosenModel& chosen : models) {
        DETECT_TRY_ASSIGN(LoadedModel model, load(chosen, threads, summary));
        loaded.push_back(std::move(model));
    }
    DETECT_TRY_ASSIGN(const std::vector<std::size_t> failed, run_on_all(loaded, pictures, summary));

    for (std::size_t i = 0; i < models.size(); ++i) {
        const Latency latency = summarise(std::move(loaded[i].milliseconds));
        std::error_code code;
        const std::uintmax_t bytes = fs::file_size(models[i].file, code);
        DETECT_TRY_ASSIGN(std::string sha256, sha256_of_file(models[i].file));
        summary.models.push_back(
            {.name = models[i].file.string(),
             .classes = classes_of(loaded[i]),
             .file_bytes = code ? std::nullopt : std::optional(bytes),
             .latency = evaluation::LatencyFigures{latency.p50, latency.p90, latency.p99, latency.mean},
             .sha256 = std::move(sha256),
             .settings = settings_of(models[i], loaded[i].detector.metadata()),
             .detections = evaluation::without_images(summary.dataset, loaded[i].detections, failed).detections});
    }
    summary.dataset = evaluation::without_images(summary.dataset, {}, failed).dataset;
    return {};
}

} // namespace detect::cli
