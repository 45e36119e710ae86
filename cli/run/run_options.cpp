// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_options.h"

#include "cli/chosen_model.h"
#include "cli/exit_code.h"
#include "cli/picture_input.h"
#include "cli/region_option.h"

#include <array>

namespace detect::cli {

namespace {

constexpr const char* inputs = "What to look at";
constexpr const char* filters = "What counts";
constexpr const char* large = "Large pictures";
constexpr const char* results = "Results";
constexpr const char* manners = "Messages and exit code";

void add_inputs(CLI::App& app, SourceOptions& o) {
    app.add_option("pictures", o.pictures,
                   "Pictures (JPEG, PNG, TIFF, WebP, BMP), folders, quoted patterns such as 'line1/*.png', videos, "
                   "stream URLs; with - the paths come from standard input, one on each line");
    app.add_flag("--recursive", o.recursive, "Also look into the folders inside a folder")->group(inputs);
    app.add_option("--list", o.list, "A file with the path of a picture or video on each line")
        ->group(inputs)
        ->type_name("FILE");
    app.add_option("--camera", o.camera, "Look at this camera (0 is the first) until you press Ctrl-C")
        ->check(CLI::Range(0, 63))
        ->group(inputs);
    app.add_option("--watch", o.watch,
                   "Look at the pictures in this folder, then at each new one as soon as it is complete, until you "
                   "press Ctrl-C")
        ->type_name("DIR")
        ->group(inputs);
    add_bits_option(app, o.bits)->group(inputs);
    app.add_option("--max-pixels", o.most_pixels,
                   "Refuse pictures that state more pixels than this, before memory is taken for them: up to 20 bytes "
                   "a pixel")
        ->check(CLI::Range(std::int64_t{1}, max_picture_pixels))
        ->type_name("N")
        ->capture_default_str()
        ->group(inputs);
    app.add_option("--poll", o.poll_seconds,
                   "Look through the watched folder every so many seconds, and do not wait for the kernel to tell (2 "
                   "seconds besides its word on network drives and mounts that tell nothing)")
        ->check(CLI::Range(0.1, 3600.0))
        ->type_name("SECONDS")
        ->group(inputs);
}

void add_filters(CLI::App& app, FilterOptions& o) {
    add_score_options(app, o.score, filters);
    app.add_option("--class", o.classes, "Only these classes, by name or number (repeatable; or NAME,NAME)")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->delimiter(',')
        ->group(filters);
    app.get_option("--max-detections")->group(filters);
    add_region_option(app, o.regions, "detections", filters);
    app.add_option("--mask", o.mask,
                   "Only detections with their centre where this picture is not black; it has the size of the others")
        ->type_name("FILE")
        ->group(filters);
    app.add_flag("--fail-on-detect{any}", o.fail_on_detect,
                 "Exit with code 10 if anything is detected; with =NAME[,NAME] only for these classes")
        ->delimiter(',')
        ->group(filters);
}

CLI::Option* add_format_option(CLI::App& app, const FormatOption& option, const std::string& help, std::string& value) {
    return app.add_option(std::string(option.flag), value, help)->type_name(std::string(option.value))->group(results);
}

std::string number_word(std::size_t number) {
    constexpr std::array words{"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    return number < words.size() ? words[number] : std::to_string(number);
}

void add_formats(CLI::App& app, ResultOptions& o) {
    for (std::size_t i = 0; i < o.collected.size(); ++i) {
        const CollectedFormat& format = *collected_formats()[i];
        std::string help(format.option.help);
        if (i == 0) {
            help +=
                ". For this and the next " + number_word(o.collected.size() - 1) + ", - is stdout, without the table";
        }
        auto* const option = add_format_option(app, format.option, help, o.collected[i].destination);
        if (format.companion.flag.empty()) continue;
        add_format_option(app, format.companion, std::string(format.companion.help), o.collected[i].companion)
            ->needs(option);
    }
    for (std::size_t i = 0; i < o.per_picture.size(); ++i) {
        const PictureFormat& format = *picture_formats()[i];
        add_format_option(app, format.option, std::string(format.option.help), o.per_picture[i]);
    }
}

void add_drawing(CLI::App& app, ResultOptions& o, CLI::Option* no_draw) {
    app.add_option("--labels-on", o.labels_on,
                   "Where a drawn picture says what is what: box (at each box; where it is too crowded for that, as "
                   "legend), legend (a number at each box, and a list beside the picture, which grows by that), none")
        ->check(CLI::IsMember({"box", "legend", "none"}))
        ->capture_default_str()
        ->excludes(no_draw)
        ->group(results);
    app.add_option("--line-width", o.line_width,
                   "Width of the drawn boxes' lines, in pixels of the picture (default: by the box and the picture)")
        ->check(CLI::Range(1, 200))
        ->type_name("PIXELS")
        ->excludes(no_draw)
        ->group(results);
    app.add_option("--font-size", o.font_size,
                   "Size of drawn text, its em, in pixels of the picture (default: by the box and the picture)")
        ->check(CLI::Range(6, 400))
        ->type_name("PIXELS")
        ->excludes(no_draw)
        ->group(results);
}

void add_results(CLI::App& app, ResultOptions& o) {
    app.add_option("-o,--output", o.output,
                   "Where to draw: a picture (.png, .jpg) or a video (.mp4, .mkv, .avi); a folder if there are several "
                   "inputs, if the folder exists, or if the path ends with / (default: NAME_detections.png or .mp4 in "
                   "the current folder; for several inputs a new folder detections/run1, detections/run2, ...)")
        ->type_name("PATH")
        ->group(results);
    auto* const no_draw = app.add_flag("--no-draw", o.no_draw, "Draw nothing")->group(results);
    add_drawing(app, o, no_draw);
    add_formats(app, o);
    app.add_flag("--resume", o.resume,
                 "Skip pictures whose results are all there and newer than the picture; add to the files")
        ->group(results);
    app.add_flag("--overwrite", o.overwrite, "Replace files of results that are there")->group(results);
    app.add_flag("--time", o.time,
                 "Also record when each picture was looked at (always with --watch, --camera and streams)")
        ->group(results);
    app.add_flag("--hash", o.hash, "Also record the SHA-256 of each picture's file")->group(results);
}

} // namespace

void add_run_options(CLI::App& app, RunOptions& o) {
    add_model_option(app, o.model);
    app.add_option("--threads", o.threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    add_settings_options(app, o.settings);
    add_inputs(app, o.sources);
    add_filters(app, o.filter);
    add_tile_options(app, o.tiles, large);
    add_results(app, o.results);
    app.add_flag("--strict", o.strict, "Exit with code 5 if a result is doubtful: the warnings of its record say why")
        ->group(manners);
    auto* const quiet = app.add_flag("-q,--quiet", o.quiet, "Print errors only, and no table")->group(manners);
    app.add_flag("-v,--verbose", o.verbose, "Also print the time of each picture, and always the summary")
        ->excludes(quiet)
        ->group(manners);
    app.footer("Examples: detect run board.png --score 0.5\n"
               "          detect run a.jpg b.jpg --model model.onnx -o drawn/ --json found.json\n"
               "          detect run line1/ --recursive --no-draw --jsonl found.jsonl --resume\n"
               "          detect run scan.tif --tile 640 --no-draw --csv found.csv\n"
               "          detect run clip.mp4 -o drawn.mp4\n"
               "          detect run --watch incoming/ -o drawn/ --csv found.csv\n"
               "          detect run part.png --no-draw --quiet --fail-on-detect=short\n" +
               std::string(exit_code_help));
}

} // namespace detect::cli
