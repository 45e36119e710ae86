#include "cli/chosen_model.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/settings_options.h"
#include "cli/text_output.h"
#include "detect/detector.h"
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

    [[nodiscard]] bool several() const { return pictures.size() > 1; }
    [[nodiscard]] bool json_in_file() const { return !json.empty() && json != "-"; }
};

Result<Detector> open_model(const CLI::App& command, const Arguments& arguments) {
    DETECT_TRY_ASSIGN(const ChosenModel model, choose_model(command, arguments.model, arguments.settings));
    return open_detector(model, {.threads = arguments.threads, .min_score = arguments.score});
}

/// Where the drawn pictures go: the file given for one picture, a folder for several.
class DrawnPaths {
public:
    DrawnPaths(const Arguments& arguments, const InputFiles& inputs)
        : output_(arguments.output), folder_(arguments.several() && !arguments.output.empty()), inputs_(inputs) {}

    /// A name of its own for each picture, even where two have the same file name. Makes the folder, if there is to be
    /// one. Fails if the name cannot be written or is a picture that is to be read.
    Result<fs::path> next(const fs::path& picture) {
        if (folder_) DETECT_TRY(make_folder());
        fs::path path = folder_ ? fs::path(output_) / unique_name(picture) : fs::path(output_);
        if (output_.empty()) path = unique_name(picture);
        DETECT_TRY(inputs_.check_destination(path));
        return path;
    }

private:
    std::string unique_name(const fs::path& picture) {
        const std::string stem = picture.stem().string() + (output_.empty() ? "_detections" : "");
        std::string name = stem + ".png";
        for (int number = 2; !taken_.insert(name).second; ++number) name = stem + "_" + std::to_string(number) + ".png";
        return name;
    }

    Result<void> make_folder() const {
        std::error_code code;
        fs::create_directories(output_, code);
        if (!code && fs::is_directory(output_, code)) return {};
        return Error{ErrorCode::unwritable_output,
                     output_ + ": must be a folder for several pictures, and cannot be made one"};
    }

    std::string output_;
    bool folder_;
    const InputFiles& inputs_;
    std::set<std::string> taken_;
};

/// The picture with its boxes, in 8 bits.
Result<void> draw(const Picture& picture, std::span<const Detection> detections, std::span<const std::string> labels,
                  const fs::path& destination) {
    DETECT_TRY_ASSIGN(Picture drawn, to_rgb8(picture.view()));
    DETECT_TRY(draw_detections(drawn, detections, labels));
    return write_picture(destination, drawn.view());
}

/// Reads one picture and finds what is in it. What is wrong with a picture is "unreadable input", whatever it is.
Result<std::pair<Picture, PictureResult>> detect_in(const Detector& detector, const std::string& file) {
    auto picture = read_picture(file);
    if (!picture) return Error{ErrorCode::unreadable_input, picture.error().message};
    auto found = detector.run(picture->view());
    if (!found) {
        const bool pictures_fault = found.error().code == ErrorCode::invalid_argument;
        return Error{pictures_fault ? ErrorCode::unreadable_input : found.error().code,
                     file + ": " + found.error().message};
    }
    PictureResult result{
        .file = file, .width = picture->width, .height = picture->height, .detections = std::move(found->detections)};
    return std::pair{*std::move(picture), std::move(result)};
}

int run(const CLI::App& command, const Arguments& arguments) {
    auto detector = open_model(command, arguments);
    if (!detector) return report(detector.error());
    const InputFiles inputs(arguments.pictures);
    if (arguments.json_in_file()) {
        if (auto possible = inputs.check_destination(arguments.json); !possible) return report(possible.error());
    }

    DrawnPaths drawn_paths(arguments, inputs);
    std::vector<PictureResult> results;
    int failure = done;
    for (const std::string& file : arguments.pictures) {
        auto found = detect_in(*detector, file);
        if (!found) {
            failure = report(found.error());
            continue;
        }
        auto& [picture, result] = *found;
        if (!arguments.no_draw) {
            auto destination = drawn_paths.next(file);
            if (!destination) return report(destination.error());
            auto drawn = draw(picture, result.detections, detector->labels(), *destination);
            if (!drawn) return report(drawn.error());
            std::cerr << "wrote " << destination->string() << "\n";
        }
        if (arguments.json != "-") {
            if (arguments.several()) std::cout << file << "\n";
            std::cout << to_table(result.detections, detector->labels()) << std::flush;
        }
        results.push_back(std::move(result));
    }
    if (results.empty()) return failure;
    if (!arguments.json.empty()) {
        if (auto written = write_text(arguments.json, to_json(results, detector->labels())); !written)
            return report(written.error());
    }
    return failure == done ? done : some_inputs_failed;
}

} // namespace

Command add_run_command(CLI::App& app) {
    auto arguments = std::make_shared<Arguments>();
    app.add_option("pictures", arguments->pictures, "JPEG, PNG, TIFF, WebP or BMP files")->required();
    add_model_option(app, arguments->model);
    app.add_option("--score", arguments->score, "Show detections of at least this score")
        ->check(CLI::Range(0.0F, 1.0F))
        ->capture_default_str();
    app.add_option("-o,--output", arguments->output,
                   "Drawn picture (.png, .jpg); a folder for several pictures (default: NAME_detections.png in the "
                   "current folder)");
    app.add_option("--json", arguments->json,
                   "Write the detections as JSON to this file; - is stdout, without the table");
    app.add_flag("--no-draw", arguments->no_draw, "Write no drawn pictures");
    app.add_option("--threads", arguments->threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    add_settings_options(app, arguments->settings);
    app.footer("Examples: detect run board.png --score 0.5\n"
               "          detect run a.jpg b.jpg --model model.onnx -o drawn/ --json found.json\n" +
               std::string(exit_code_help));
    return [&app, arguments] { return run(app, *arguments); };
}

} // namespace detect::cli
