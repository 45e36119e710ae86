// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_plan.h"

#include "base/text.h"
#include "base/try.h"
#include "cli/model_source.h"
#include "cli/region_option.h"
#include "cli/run/picture_files.h"
#include "cli/video/video.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

/// torchvision's own limit. A lower one is for what is left after the filters, and not the model's business.
constexpr std::int64_t usual_max_detections = 100;
/// In place of a file.
constexpr std::string_view standard_output = "-";

Error invalid(std::string what) { return {ErrorCode::invalid_argument, std::move(what)}; }

/// "--json, --jsonl, --csv and --coco"
std::string flags_of_collected_formats() {
    std::vector<std::string> flags;
    for (const CollectedFormat* format : collected_formats()) flags.emplace_back(format->option.flag);
    return listed(flags, {.before_last = " and "});
}

Result<std::vector<CollectedDestination>> plan_collected(const ResultOptions& options) {
    std::vector<CollectedDestination> destinations;
    for (std::size_t i = 0; i < options.collected.size(); ++i) {
        const auto& [destination, companion] = options.collected[i];
        if (destination.empty()) continue;
        destinations.push_back({.format = collected_formats()[i],
                                .file = destination == standard_output ? "" : destination,
                                .companion = companion});
    }
    if (std::ranges::count_if(destinations, [](const auto& each) { return each.file.empty(); }) > 1)
        return invalid("only one of " + flags_of_collected_formats() + " can go to standard output (-)");
    std::set<fs::path> files;
    for (const CollectedDestination& each : destinations) {
        if (!each.file.empty() && !files.insert(resolved(each.file)).second)
            return invalid(each.file.string() + ": two of " + flags_of_collected_formats() + " would be written to it");
    }
    return destinations;
}

std::vector<PictureDestination> plan_per_picture(const ResultOptions& options) {
    std::vector<PictureDestination> destinations;
    for (std::size_t i = 0; i < options.per_picture.size(); ++i) {
        if (!options.per_picture[i].empty())
            destinations.push_back({.format = picture_formats()[i], .folder = options.per_picture[i]});
    }
    return destinations;
}

DrawingOptions plan_style(const ResultOptions& options) {
    DrawingOptions style{.line_width = options.line_width, .font_size = options.font_size};
    if (options.labels_on == "legend") style.labels_on = LabelsOn::legend;
    if (options.labels_on == "none") style.labels_on = LabelsOn::none;
    return style;
}

/// All but whether -o is a folder, which depends on what is looked at.
Result<ResultsPlan> plan_results(const ResultOptions& options) {
    ResultsPlan plan;
    if (!options.no_draw) plan.drawings = {.path = options.output, .style = plan_style(options)};
    DETECT_TRY_ASSIGN(plan.collected, plan_collected(options));
    plan.per_picture = plan_per_picture(options);
    plan.resume = options.resume;
    plan.overwrite = options.overwrite;
    if (plan.resume && plan.overwrite) return invalid("--resume and --overwrite: give one of them");
    plan.time = options.time;
    plan.hash = options.hash;
    if (plan.resume && !plan.any_in_files())
        return invalid("--resume needs result files: they tell what is done already");
    return plan;
}

/// With several inputs, and where nothing else can be meant.
bool is_folder_for_drawings(const fs::path& output, bool several) {
    if (output.empty()) return false;
    std::error_code code;
    const bool is_folder = !is_picture_name(output) && !is_video_name(output) && fs::is_directory(output, code);
    return several || !output.has_filename() || is_folder;
}

/// Folders that pictures are written to, by this run or by others like it: -o, even if this one draws nothing.
std::vector<fs::path> written_folders(const fs::path& output, const ResultsPlan& results) {
    std::vector<fs::path> folders;
    folders.push_back(resolved(output.empty() ? drawings_folder : output));
    for (const PictureDestination& each : results.per_picture) {
        if (each.format->writes_pictures) folders.push_back(resolved(each.folder));
    }
    return folders;
}

/// What is drawn may not appear in a folder that is watched: it would be looked at again, without end.
Result<void> check_watch(const SourceOptions& sources, const ResultsPlan& results, std::vector<fs::path> written) {
    const bool writes_pictures =
        results.drawings || std::ranges::any_of(results.per_picture, [](const PictureDestination& each) {
            return each.format->writes_pictures;
        });
    if (sources.watch.empty() || !writes_pictures) return {};
    const fs::path watched = resolved(sources.watch);
    for (const fs::path& folder : written) {
        const fs::path relative = folder.lexically_relative(watched);
        const bool below = !relative.empty() && *relative.begin() != "..";
        if (relative == "." || (below && sources.recursive)) {
            return invalid(sources.watch + ": is watched, and pictures would be written into it; give another folder "
                                           "with -o, or --no-draw");
        }
    }
    return {};
}

/// Somebody forgot --model, and would get the results of another one.
Result<void> refuse_models(const Sources& sources) {
    for (const Source& source : sources.all) {
        const bool may_be = source.kind == Source::Kind::picture && !is_picture_name(source.name);
        if (may_be && looks_like_model(source.name))
            return invalid(source.name + ": is a model, not a picture; give it with --model " + source.name);
    }
    return {};
}

Result<void> place_drawings(const RunPlan& plan, Drawings& drawings) {
    drawings.is_folder = is_folder_for_drawings(drawings.path, plan.sources.several);
    if (drawings.style.labels_on == LabelsOn::legend && plan.sources.have_video()) {
        return invalid(
            "--labels-on legend: the frames of a video keep their size, and a legend needs room beside them; "
            "take box or none");
    }
    if (!drawings.path.empty() || !plan.sources.several) return {};
    if (plan.results.resume)
        return invalid("--resume needs -o DIR or --no-draw here: without -o each run draws into a new folder");
    drawings.path = drawings_folder;
    drawings.is_folder = true;
    drawings.is_new_folder = true;
    return {};
}

/// Its pictures have the same names again and again.
bool arrives_over_time(const Source& source) {
    const bool is_file = std::holds_alternative<fs::path>(source.video);
    return source.kind == Source::Kind::watch || (source.kind == Source::Kind::video && !is_file);
}

Result<ChosenModel> plan_model(const CLI::App& command, const RunOptions& options) {
    SettingsArguments settings = options.settings;
    if (auto& most = settings.numbers.max_detections) most = std::max(*most, usual_max_detections);
    settings.max_detections_is_a_filter = true;
    return choose_model(command, options.model, settings, options.quiet);
}

InputFiles files_to_read(const RunOptions& options, const RunPlan& plan) {
    std::vector<std::string> files;
    for (const Source& source : plan.sources.all) {
        const bool is_file = source.kind == Source::Kind::picture || std::holds_alternative<fs::path>(source.video);
        if (is_file && source.kind != Source::Kind::failure) files.push_back(source.name);
    }
    for (const std::string& file : {options.sources.list, options.filter.mask, options.filter.score.file}) {
        if (!file.empty()) files.push_back(file);
    }
    for (const CollectedDestination& each : plan.results.collected) {
        if (!each.companion.empty()) files.push_back(each.companion.string());
    }
    return InputFiles(files);
}

/// What --fail-on-detect says without a class.
constexpr std::string_view any_class = "any";

Result<int> find_class(const std::string& name, std::span<const std::string> labels, const char* option) {
    const auto found = std::ranges::find(labels, name);
    if (!name.empty() && found != labels.end()) return static_cast<int>(found - labels.begin()) + 1;
    int number = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = code == std::errc() && end == name.data() + name.size() && number >= 1;
    if (is_number && (labels.empty() || static_cast<std::size_t>(number) <= labels.size())) return number;
    const std::string known = listed(labels);
    return Error{ErrorCode::invalid_argument,
                 std::string(option) + " " + name + ": the model has no such class; " +
                     (known.empty() ? "it has no names, give a number from 1" : "its classes are " + known)};
}

Result<Picture> read_mask(const std::string& file) {
    auto read = read_single_picture(file);
    if (!read) return Error{ErrorCode::unreadable_input, "--mask " + read.error().message};
    Picture mask{.width = read->width, .height = read->height, .format = PixelFormat::grey8, .pixels = {}};
    // Black is 0 in every format; 16 bits may hold numbers of regions, which 8 would round to it.
    const std::size_t pixel_bytes = bytes_per_pixel(read->format);
    for (std::size_t i = 0; i < read->pixels.size(); i += pixel_bytes) {
        const auto pixel = std::span(read->pixels).subspan(i, pixel_bytes);
        const bool black = std::ranges::all_of(pixel, [](std::byte byte) { return byte == std::byte{0}; });
        mask.pixels.push_back(std::byte{static_cast<unsigned char>(black ? 0 : 255)});
    }
    return mask;
}

Result<DetectionFilter> plan_filter(const RunOptions& options, std::span<const std::string> labels) {
    DetectionFilter filter;
    for (const std::string& name : options.filter.classes) {
        DETECT_TRY_ASSIGN(const int label, find_class(name, labels, "--class"));
        filter.labels.push_back(label);
    }
    DETECT_TRY_ASSIGN(filter.regions, read_regions(options.filter.regions));
    if (!options.filter.mask.empty()) {
        DETECT_TRY_ASSIGN(filter.mask, read_mask(options.filter.mask));
    }
    if (const auto most = options.settings.numbers.max_detections)
        filter.max_detections = static_cast<std::size_t>(*most);
    return filter;
}

/// Empty: any class will do.
Result<std::vector<int>> plan_fail_on(const std::vector<std::string>& names, std::span<const std::string> labels) {
    std::vector<int> classes;
    if (std::ranges::find(names, any_class) != names.end()) return classes;
    for (const std::string& name : names) {
        DETECT_TRY_ASSIGN(const int label, find_class(name, labels, "--fail-on-detect"));
        classes.push_back(label);
    }
    return classes;
}

} // namespace

bool ResultsPlan::any_on_standard_output() const {
    return std::ranges::any_of(collected, [](const CollectedDestination& each) { return each.file.empty(); });
}

bool ResultsPlan::any_in_files() const {
    return drawings || !per_picture.empty() ||
           std::ranges::any_of(collected, [](const CollectedDestination& each) { return !each.file.empty(); });
}

Result<RunPlan> plan_run(const CLI::App& command, const RunOptions& options) {
    if (const auto most = options.settings.numbers.max_detections; most && *most < 1)
        return invalid("--max-detections: max_detections must be at least 1, not " + std::to_string(*most));
    RunPlan plan;
    DETECT_TRY_ASSIGN(plan.results, plan_results(options.results));
    const std::vector<fs::path> written = written_folders(options.results.output, plan.results);
    DETECT_TRY(check_watch(options.sources, plan.results, written));
    DETECT_TRY_ASSIGN(plan.sources, find_sources(options.sources, written));
    DETECT_TRY(refuse_models(plan.sources));
    if (auto& drawings = plan.results.drawings) DETECT_TRY(place_drawings(plan, *drawings));
    if (std::ranges::any_of(plan.sources.all, arrives_over_time)) plan.results.time = true;
    plan.bits = options.sources.bits;
    plan.picture_limits.pixels = options.sources.most_pixels;
    plan.strict = options.strict;
    DETECT_TRY_ASSIGN(plan.model, plan_model(command, options));
    plan.detector = {.threads = options.threads, .tiling = plan_tiling(options.tiles)};
    DETECT_TRY(apply_scores(command, options.filter.score, plan.detector));
    plan.inputs = files_to_read(options, plan);
    if (options.quiet) plan.verbosity = Verbosity::quiet;
    if (options.verbose) plan.verbosity = Verbosity::verbose;
    return plan;
}

Result<void> make_new_folder(Drawings& drawings) {
    if (!drawings.is_new_folder) return {};
    DETECT_TRY(make_folder(drawings.path, "several pictures"));
    constexpr int most = 1'000'000;
    std::error_code code;
    for (int number = 1; number <= most && !code; ++number) {
        const fs::path folder = drawings.path / ("run" + std::to_string(number));
        if (!fs::create_directory(folder, code)) continue; // it is there: another run's
        drawings.path = folder;
        return {};
    }
    return Error{ErrorCode::unwritable_output, drawings.path.string() + ": no new folder can be made in it: " +
                                                   code.message() + "; give one with -o"};
}

Result<DetectionRules> plan_rules(const RunOptions& options, std::span<const std::string> labels) {
    DetectionRules rules;
    DETECT_TRY_ASSIGN(rules.filter, plan_filter(options, labels));
    if (!options.filter.fail_on_detect.empty()) {
        DETECT_TRY_ASSIGN(rules.fail_on, plan_fail_on(options.filter.fail_on_detect, labels));
    }
    return rules;
}

} // namespace detect::cli
