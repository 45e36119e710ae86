// SPDX-License-Identifier: Apache-2.0
#include "cli/run/collected_results.h"

#include "base/label_name.h"
#include "base/try.h"
#include "cli/run/picture_files.h"
#include "cli/text_output.h"
#include "results/csv.h"
#include "results/json.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace detect::cli {

namespace fs = std::filesystem;

namespace {

bool is_file(const std::string& destination) { return !destination.empty() && destination != "-"; }

/// The text of a file that may be missing.
std::optional<std::string> read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

Error in_file(const std::string& file, Error error) {
    return {error.code, file + ": " + error.message + "; --resume cannot add to it"};
}

/// Two sets of results: where both have a picture, the newer.
void merge(std::vector<PictureResult>& results, std::vector<PictureResult> newer) {
    std::set<std::pair<std::string, std::optional<std::int64_t>>> replaced;
    for (const PictureResult& result : newer) replaced.emplace(result.file, result.frame);
    std::erase_if(results, [&](const PictureResult& result) { return replaced.contains({result.file, result.frame}); });
    std::ranges::move(newer, std::back_inserter(results));
}

/// Whether the picture was changed after its result was written. Of one that is gone nobody knows.
bool is_newer(const std::string& file, fs::file_time_type written) {
    const auto changed = time_of_change(file);
    return changed && *changed > written;
}

std::string coco_name(const PictureResult& result) {
    return result.frame ? result.file + "#" + std::to_string(*result.frame) : result.file;
}

} // namespace

Result<CollectedResults> CollectedResults::open(const RunOptions& options, std::span<const std::string> labels,
                                                const InputFiles& inputs) {
    CollectedResults collected(labels);
    for (const std::string* destination : {&options.json, &options.jsonl, &options.csv, &options.coco}) {
        if (is_file(*destination)) DETECT_TRY(inputs.check_destination(*destination));
    }
    if (!options.jsonl.empty()) {
        collected.lines_.push_back(
            {.destination = options.jsonl, .header = "", .format = to_json_line, .parse = parse_json_lines});
    }
    if (!options.csv.empty()) {
        collected.lines_.push_back(
            {.destination = options.csv, .header = std::string(csv_header), .format = to_csv_rows, .parse = parse_csv});
    }
    collected.json_ = options.json;
    collected.coco_ = options.coco;
    if (!options.annotations.empty()) {
        DETECT_TRY_ASSIGN(collected.ids_, CocoIds::read(options.annotations));
    }
    if (options.resume) DETECT_TRY(collected.read_earlier(options));
    return collected;
}

Result<void> CollectedResults::read_earlier(const RunOptions& options) {
    const auto read = [](const std::string& file, const fs::path& path, auto parse,
                         std::optional<Earlier>& earlier) -> Result<void> {
        const auto text = read_text(path);
        if (!text) return {};
        auto results = parse(*text);
        if (!results) return in_file(file, results.error());
        if (!earlier) earlier.emplace();
        std::error_code code;
        earlier->written = std::max(earlier->written, fs::last_write_time(path, code));
        for (const PictureResult& result : *results) earlier->found_in[result.file] = !result.detections.empty();
        merge(earlier->results, *std::move(results));
        return {};
    };
    for (Lines& lines : lines_) {
        if (!is_file(lines.destination)) continue;
        DETECT_TRY(read(lines.destination, lines.destination, lines.parse, lines.earlier));
        DETECT_TRY(read(lines.destination, GrowingFile::temporary_path(lines.destination), lines.parse, lines.earlier));
    }
    if (is_file(json_)) DETECT_TRY(read(json_, json_, parse_json, earlier_json_));
    if (earlier_json_) results_ = earlier_json_->results;
    if (!is_file(coco_)) return {};
    if (const auto text = read_text(coco_)) {
        auto results = parse_coco(*text);
        if (!results) return in_file(options.coco, results.error());
        coco_results_ = *std::move(results);
        std::error_code code;
        earlier_coco_written_ = fs::last_write_time(coco_, code);
    }
    for (const CocoResult& result : coco_results_) {
        earlier_coco_.insert(result.file_name);
        next_image_id_ = std::max(next_image_id_, result.image_id + 1);
    }
    return {};
}

std::vector<const CollectedResults::Earlier*> CollectedResults::earlier_files() const {
    std::vector<const Earlier*> files;
    const auto add = [&](const std::string& destination, const std::optional<Earlier>& earlier) {
        if (is_file(destination)) files.push_back(earlier ? &*earlier : nullptr);
    };
    for (const Lines& lines : lines_) add(lines.destination, lines.earlier);
    add(json_, earlier_json_);
    return files;
}

bool CollectedResults::have(const std::string& file) const {
    if (std::error_code code; !fs::exists(file, code)) return false;
    const std::string name = path_as_text(file);
    const bool in_files = std::ranges::all_of(earlier_files(), [&](const Earlier* earlier) {
        return earlier != nullptr && earlier->found_in.contains(name) && !is_newer(file, earlier->written);
    });
    if (!in_files || !is_file(coco_) || know_nothing_was_found(file)) return in_files;
    return earlier_coco_.contains(name) && !is_newer(file, earlier_coco_written_);
}

bool CollectedResults::know_nothing_was_found(const std::string& file) const {
    return std::ranges::any_of(earlier_files(), [&](const Earlier* earlier) {
        if (earlier == nullptr || is_newer(file, earlier->written)) return false;
        const auto found = earlier->found_in.find(path_as_text(file));
        return found != earlier->found_in.end() && !found->second;
    });
}

/// The first result makes the file, with all earlier ones that still hold.
Result<void> CollectedResults::begin(Lines& lines) {
    if (std::exchange(lines.begun, true)) return {};
    std::string text = lines.header;
    if (lines.earlier) {
        std::erase_if(lines.earlier->results,
                      [&](const PictureResult& result) { return is_newer(result.file, lines.earlier->written); });
        for (const PictureResult& result : lines.earlier->results) {
            text += lines.format(result, labels_);
            lines.kept.emplace(result.file, result.frame);
        }
    }
    if (!is_file(lines.destination)) return write_text("-", text);
    DETECT_TRY_ASSIGN(GrowingFile file, GrowingFile::create(lines.destination, text));
    lines.file.emplace(std::move(file));
    return {};
}

Result<void> CollectedResults::add_to(Lines& lines, const PictureResult& result) {
    DETECT_TRY(begin(lines));
    if (lines.kept.contains({result.file, result.frame})) {
        lines.again.push_back(result); // takes the earlier one's place at the end
        return {};
    }
    const std::string text = lines.format(result, labels_);
    return lines.file ? lines.file->append(text) : write_text("-", text);
}

void CollectedResults::add_to_coco(const PictureResult& result) {
    const std::string name = coco_name(result);
    if (earlier_coco_.erase(name) != 0)
        std::erase_if(coco_results_, [&](const CocoResult& earlier) { return earlier.file_name == name; });
    const auto image_id = ids_ ? ids_->image(result.file) : std::optional(next_image_id_++);
    if (!image_id) {
        unknown_to_coco_.insert(name);
        return;
    }
    for (const Detection& detection : result.detections) {
        const auto category =
            ids_ ? ids_->category(detection.label, labels_) : std::optional<std::int64_t>(detection.label);
        if (!category) {
            unknown_to_coco_.insert("class " + label_name(detection.label, labels_));
            continue;
        }
        coco_results_.push_back(coco_result(detection, *image_id, *category, name));
    }
}

Result<void> CollectedResults::add(const PictureResult& result) {
    any_ = true;
    for (Lines& lines : lines_) DETECT_TRY(add_to(lines, result));
    if (!json_.empty()) results_.push_back(result);
    if (!coco_.empty()) add_to_coco(result);
    return {};
}

Result<void> CollectedResults::close(Lines& lines) {
    // What a killed program left gets its name even if there is nothing to add.
    std::error_code code;
    const bool left = lines.earlier && fs::exists(GrowingFile::temporary_path(lines.destination), code);
    if (!lines.begun && left) DETECT_TRY(begin(lines));
    if (!lines.file) return {};
    DETECT_TRY(lines.file->commit());
    if (lines.again.empty()) return {};
    auto results = lines.parse(read_text(lines.destination).value_or(""));
    if (!results) return in_file(lines.destination, results.error());
    merge(*results, std::move(lines.again));
    std::string text = lines.header;
    for (const PictureResult& result : *results) text += lines.format(result, labels_);
    return write_text(lines.destination, text);
}

Result<void> CollectedResults::close() {
    for (Lines& lines : lines_) DETECT_TRY(close(lines));
    if (!any_) return {};
    if (!json_.empty()) {
        // With --resume, those that were there first, unless they were done again.
        std::vector<PictureResult> all;
        const std::size_t earlier = earlier_json_ ? earlier_json_->results.size() : 0;
        std::move(results_.begin() + static_cast<std::ptrdiff_t>(earlier), results_.end(), std::back_inserter(all));
        if (earlier_json_) {
            results_.resize(earlier);
            merge(results_, std::move(all));
        } else {
            results_ = std::move(all);
        }
        DETECT_TRY(write_text(json_, to_json(results_, labels_)));
    }
    if (!coco_.empty()) DETECT_TRY(write_text(coco_, to_coco(coco_results_)));
    return {};
}

} // namespace detect::cli
