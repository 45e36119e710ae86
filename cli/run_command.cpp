#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/model_source.h"
#include "cli/settings_options.h"
#include "detect/detector.h"
#include "export/checkpoint/atomic_file.h"
#include "export/checkpoint_detector.h"
#include "graph/try.h"
#include "postprocess/drawing.h"
#include "postprocess/pictures/picture.h"
#include "postprocess/result_json.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <span>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

struct Arguments {
    std::vector<std::string> pictures;
    std::string model;
    float score = 0.5F;
    std::string output;
    std::string json;
    bool no_draw = false;
    int threads = 0;
    SettingsArguments settings;
};

Result<Detector> open_model(const CLI::App& command, const Arguments& arguments) {
    DETECT_TRY_ASSIGN(const fs::path model, choose_model(arguments.model));
    DETECT_TRY_ASSIGN(const GivenSettings given, read_settings(command, arguments.settings));
    const DetectorOptions options{.threads = arguments.threads, .min_score = arguments.score};
    if (arguments.model.empty()) note("using " + model.string());
    if (looks_like_checkpoint(model)) return detector_from_checkpoint(model, given.overrides, options);
    if (!given.first_option.empty()) {
        return Error{ErrorCode::invalid_argument, given.first_option + " is for checkpoints; " + model.string() +
                                                      " holds its own settings (export it again to change them)"};
    }
    return Detector::load(model, options);
}

/// Where the drawn pictures go: the file given for one picture, a folder for several.
class DrawnPaths {
public:
    DrawnPaths(std::string output, bool several) : output_(std::move(output)), several_(several) {}

    /// Makes the folder, if there is to be one.
    Result<void> prepare() const {
        if (output_.empty() || !several_) return {};
        std::error_code code;
        fs::create_directories(output_, code);
        if (code || !fs::is_directory(output_, code)) {
            return Error{ErrorCode::unwritable_output, output_ + ": must be a folder for several pictures, and cannot be made one"};
        }
        return {};
    }

    /// A name of its own for each picture, even where two have the same file name.
    fs::path next(const fs::path& picture) {
        if (!output_.empty() && !several_) return output_;
        const std::string stem = picture.stem().string() + (output_.empty() ? "_detections" : "");
        fs::path name = stem + ".png";
        for (int number = 2; !taken_.insert(name.string()).second; ++number) name = stem + "_" + std::to_string(number) + ".png";
        return output_.empty() ? name : fs::path(output_) / name;
    }

private:
    std::string output_;
    bool several_;
    std::set<std::string> taken_;
};

/// The picture with its boxes, in 8 bits.
Result<void> draw(const Picture& picture, std::span<const Detection> detections, std::span<const std::string> labels,
                  const fs::path& destination) {
    DETECT_TRY_ASSIGN(Picture drawn, to_rgb8(picture.view()));
    DETECT_TRY(draw_detections(drawn, detections, labels));
    return write_picture(destination, drawn.view());
}

Result<void> write_json(const std::string& destination, const std::string& text) {
    if (destination == "-") {
        std::cout << text << std::flush;
        return {};
    }
    DETECT_TRY_ASSIGN(AtomicFile file, AtomicFile::create(destination));
    DETECT_TRY(file.write(std::as_bytes(std::span(text))));
    return file.commit();
}

/// Reads one picture and finds what is in it. What is wrong with a picture is "unreadable input", whatever it is.
Result<std::pair<Picture, PictureResult>> detect_in(const Detector& detector, const std::string& file) {
    auto picture = read_picture(file);
    if (!picture) return Error{ErrorCode::unreadable_input, picture.error().message};
    auto found = detector.run(picture->view());
    if (!found) {
        const bool pictures_fault = found.error().code == ErrorCode::invalid_argument;
        return Error{pictures_fault ? ErrorCode::unreadable_input : found.error().code, file + ": " + found.error().message};
    }
    PictureResult result{.file = file, .width = picture->width, .height = picture->height, .detections = std::move(found->detections)};
    return std::pair{*std::move(picture), std::move(result)};
}

int run(const CLI::App& command, const Arguments& arguments) {
    const bool several = arguments.pictures.size() > 1;
    auto detector = open_model(command, arguments);
    if (!detector) return report(detector.error());
    DrawnPaths drawn_paths(arguments.output, several);
    if (auto prepared = drawn_paths.prepare(); !prepared) return report(prepared.error());

    const bool json_on_stdout = arguments.json == "-";
    std::vector<PictureResult> results;
    int failure = done;
    for (const std::string& file : arguments.pictures) {
        auto found = detect_in(*detector, file);
        if (!found) {
            failure = report(found.error());
            continue;
        }
        auto& [picture, result] = *found;
        if (!json_on_stdout) {
            if (several) std::cout << file << "\n";
            std::cout << to_table(result.detections, detector->labels()) << std::flush;
        }
        if (!arguments.no_draw) {
            const fs::path destination = drawn_paths.next(file);
            if (auto drawn = draw(picture, result.detections, detector->labels(), destination); !drawn) {
                return report(drawn.error());
            }
            std::cerr << "wrote " << destination.string() << "\n";
        }
        results.push_back(std::move(result));
    }
    if (failure != done && !several) return failure;
    if (!arguments.json.empty()) {
        if (auto written = write_json(arguments.json, to_json(results, detector->labels())); !written) return report(written.error());
    }
    if (failure != done) return results.empty() ? failure : some_inputs_failed;
    return done;
}

} // namespace

Command add_run_command(CLI::App& app) {
    auto arguments = std::make_shared<Arguments>();
    app.add_option("pictures", arguments->pictures, "JPEG, PNG, TIFF, WebP or BMP files")->required();
    app.add_option("--model", arguments->model,
                   "An ONNX file or a checkpoint (default: model.onnx in the current folder if there is one, else the bundled model)");
    app.add_option("--score", arguments->score, "Show detections of at least this score")->check(CLI::Range(0.0F, 1.0F))->capture_default_str();
    app.add_option("-o,--output", arguments->output,
                   "Drawn picture; a folder for several pictures (default: NAME_detections.png in the current folder)");
    app.add_option("--json", arguments->json, "Write the detections as JSON to this file; - is stdout, without the table");
    app.add_flag("--no-draw", arguments->no_draw, "Write no drawn pictures");
    app.add_option("--threads", arguments->threads, "Threads to use (0: all cores)")->check(CLI::Range(0, 1024))->capture_default_str();
    add_settings_options(app, arguments->settings);
    app.footer("Examples: detect run board.png --score 0.5\n"
               "          detect run a.jpg b.jpg --model model.onnx -o drawn/ --json found.json\n" +
               std::string(exit_code_help));
    return [&app, arguments] { return run(app, *arguments); };
}

} // namespace detect::cli
