// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_options.h"

#include "cli/chosen_model.h"
#include "cli/exit_code.h"

namespace detect::cli {

namespace {

constexpr const char* inputs = "What to look at";
constexpr const char* filters = "What counts";
constexpr const char* large = "Large pictures";
constexpr const char* results = "Results";
constexpr const char* manners = "What is said on standard error";

void add_inputs(CLI::App& app, RunOptions& o) {
    app.add_option(
        "pictures", o.pictures,
        "JPEG, PNG, TIFF, WebP or BMP files, folders of them, quoted patterns such as 'line1/*.png', videos, "
        "stream URLs; - reads paths from standard input, one a line");
    app.add_flag("--recursive", o.recursive, "Also look into the folders of a folder")->group(inputs);
    app.add_option("--list", o.list, "A file with the path of a picture or video on each line")
        ->group(inputs)
        ->type_name("FILE");
    app.add_option("--camera", o.camera, "Look at what this camera sees (0: the first), until interrupted")
        ->check(CLI::Range(0, 63))
        ->group(inputs);
    app.add_option("--watch", o.watch,
                   "Look at the pictures in this folder and at each new one when it is complete, until interrupted")
        ->type_name("DIR")
        ->group(inputs);
}

void add_filters(CLI::App& app, RunOptions& o) {
    app.add_option("--score", o.score, "Only detections of at least this score")
        ->check(CLI::Range(0.0F, 1.0F))
        ->capture_default_str()
        ->group(filters);
    app.add_option("--class", o.classes, "Only these classes, by name or number (repeatable; or NAME,NAME)")
        ->type_name("NAME")
        ->allow_extra_args(false)
        ->delimiter(',')
        ->group(filters);
    app.get_option("--max-detections")->group(filters);
    app.add_option("--roi", o.regions,
                   "Only detections whose centre lies in this rectangle, in pixels from the upper left (repeatable)")
        ->type_name("X,Y,W,H")
        ->allow_extra_args(false)
        ->group(filters);
    app.add_option("--mask", o.mask, "Only detections whose centre is not black in this picture of the same size")
        ->type_name("FILE")
        ->group(filters);
    app.add_flag("--fail-on-detect{any}", o.fail_on_detect,
                 "Exit with code 10 if anything is detected; with =NAME[,NAME], if any of these classes is")
        ->delimiter(',')
        ->group(filters);
}

void add_large_pictures(CLI::App& app, RunOptions& o) {
    auto* const tile =
        app.add_option("--tile", o.tile, "Look at pictures larger than this in square tiles of so many pixels a side")
            ->check(CLI::Range(32, 16384))
            ->group(large);
    app.add_option(
           "--overlap", o.overlap,
           "Share of a tile's side that is seen twice, rounded to the network's own grid: by the neighbour, or by "
           "strips along the seams if the picture is a whole number of tiles")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str()
        ->needs(tile)
        ->group(large);
    app.add_option("--merge", o.merge,
                   "How detections of two tiles become one: ios (intersection over the smaller box, pieces are joined) "
                   "or nms (intersection over union, the better stays)")
        ->check(CLI::IsMember({"ios", "nms"}))
        ->capture_default_str()
        ->needs(tile)
        ->group(large);
}

void add_results(CLI::App& app, RunOptions& o) {
    const auto file = [&](const char* name, std::string& value, const char* help) {
        return app.add_option(name, value, help)->type_name("FILE")->group(results);
    };
    const auto folder = [&](const char* name, std::string& value, const char* help) {
        return app.add_option(name, value, help)->type_name("DIR")->group(results);
    };
    app.add_option("-o,--output", o.output,
                   "Drawn picture (.png, .jpg) or video (.mp4, .mkv, .avi); a folder for several, or if there "
                   "is one, or with a / at its end (default: NAME_detections.png, .mp4 in the current folder)")
        ->type_name("PATH")
        ->group(results);
    app.add_flag("--no-draw", o.no_draw, "Draw nothing")->group(results);
    file("--json", o.json,
         "One JSON object; box: x1,y1,x2,y2 in pixels. For this and the next three, - is stdout, without the table");
    file("--jsonl", o.jsonl, "A JSON object per picture and line, written when the picture is done");
    file("--csv", o.csv, "A row per detection, corners in pixels; one with an empty label for a picture without");
    file("--coco", o.coco, "COCO results; bbox: x,y,width,height in pixels from 0");
    file("--annotations", o.annotations, "COCO annotations, whose picture and class ids --coco takes over")
        ->needs(app.get_option("--coco"));
    folder("--yolo", o.yolo,
           "A .txt per picture: class (from 0), centre x, y, width, height as shares of the picture, score");
    folder("--voc", o.voc, "A Pascal VOC .xml per picture: corners as pixel numbers from 1, the last included");
    folder("--crops", o.crops, "What is in each box as CLASS/NAME-NUMBER.png, the best of a picture first");
    app.add_flag("--resume", o.resume, "Skip pictures whose results are all there and not older, and add to the files")
        ->group(results);
}

} // namespace

void add_run_options(CLI::App& app, RunOptions& o) {
    add_model_option(app, o.model);
    app.add_option("--threads", o.threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    add_settings_options(app, o.settings);
    add_inputs(app, o);
    add_filters(app, o);
    add_large_pictures(app, o);
    add_results(app, o);
    auto* const quiet = app.add_flag("-q,--quiet", o.quiet, "Errors only, and no table")->group(manners);
    app.add_flag("-v,--verbose", o.verbose, "Also the summary where it is left out, and the time of each picture")
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
