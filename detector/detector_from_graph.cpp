// SPDX-License-Identifier: Apache-2.0
#include "detector/detector_from_graph.h"

#include "base/class_scores.h"
#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "detector/implementation.h"
#include "detector/tiling.h"
#include "executor/kernels/isa.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace detect {

namespace {

/// The items of a JSON list, those that are no text as "". Nothing is kept of it: a JSON value takes memory to be let
/// go of, and where there is none it ends the program.
class TextList final : public nlohmann::json_sax<nlohmann::json> {
public:
    bool null() override { return item(""); }
    bool boolean(bool) override { return item(""); }
    bool number_integer(number_integer_t) override { return item(""); }
    bool number_unsigned(number_unsigned_t) override { return item(""); }
    bool number_float(number_float_t, const string_t&) override { return item(""); }
    bool string(string_t& text) override { return item(text); }
    bool binary(binary_t&) override { return item(""); }
    bool start_object(std::size_t) override { return depth_ > 0 && item("") && ++depth_ > 0; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return --depth_ > 0; }
    bool start_array(std::size_t) override { return (depth_ == 0 || item("")) && ++depth_ > 0; }
    bool end_array() override { return --depth_ >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

    std::vector<std::string> take() { return std::move(items_); }

private:
    /// Only what stands in the list itself; a single value is none.
    bool item(const std::string& text) {
        if (depth_ == 1) items_.push_back(text);
        return depth_ > 0;
    }
    std::int64_t depth_ = 0;
    std::vector<std::string> items_;
};

/// Class names from the model's metadata: a JSON list.
std::vector<std::string> read_labels(const std::map<std::string, std::string>& metadata) {
    const auto entry = metadata.find("labels");
    if (entry == metadata.end()) return {};
    TextList labels;
    if (!nlohmann::json::sax_parse(entry->second, &labels)) return {};
    return labels.take();
}

/// Which output is which, by name and type.
Result<std::array<int, 4>> find_outputs(const Graph& graph) {
    constexpr std::array<std::string_view, 4> names{"boxes", "labels", "scores", "valid_detections"};
    constexpr std::array<DataType, 4> types{DataType::float32, DataType::int64, DataType::float32, DataType::int64};
    std::array<int, 4> found{-1, -1, -1, -1};
    for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
        const Value& value = graph[graph.outputs[i]];
        const auto name = std::ranges::find(names, value.name);
        if (name == names.end() || value.type != types[static_cast<std::size_t>(name - names.begin())]) continue;
        found[static_cast<std::size_t>(name - names.begin())] = static_cast<int>(i);
    }
    if (found[0] < 0 || found[1] < 0 || found[2] < 0) {
        return Error{ErrorCode::bad_model,
                     "the model has no outputs boxes, labels and scores; make one with 'detect export'"};
    }
    return found;
}

Result<void> check_input(const Graph& graph) {
    if (graph.inputs.size() == 1) {
        const Value& input = graph[graph.inputs[0]];
        const bool three_channels = input.shape && input.shape->size() == 4 && (*input.shape)[1].size.value_or(3) == 3;
        if (input.type == DataType::float32 && three_channels) return {};
    }
    return Error{ErrorCode::bad_model, "the model does not take one float32 input [batch, 3, height, width]"};
}

/// DETECT_ISA selects the kernels by their instruction set's name; anything else, or what the machine lacks, is an
/// error.
Result<std::optional<Isa>> isa_from_environment() {
    const char* wanted = std::getenv("DETECT_ISA");
    if (wanted == nullptr || *wanted == '\0') return std::optional<Isa>();
    const auto isa = parse_isa(wanted);
    if (isa && std::ranges::find(available_isas(), *isa) != available_isas().end()) return isa;
    return Error{ErrorCode::invalid_argument,
                 "DETECT_ISA=" + std::string(wanted) + ": " +
                     (isa ? std::string("this machine does not have it") : "must be " + isa_choices())};
}

/// The labels that `label_name` gives this name.
std::vector<int> labels_of(const std::string& name, const std::vector<std::string>& labels) {
    std::vector<int> found;
    for (int label = 1; label <= static_cast<int>(labels.size()); ++label) {
        if (detect::label_name(label, labels) == name) found.push_back(label);
    }
    // A model that does not name its classes does not say either how many it has.
    constexpr std::string_view unnamed = "class ";
    if (labels.empty() && name.starts_with(unnamed)) {
        int label = 0;
        const char* end = name.data() + name.size();
        const auto read = std::from_chars(name.data() + unnamed.size(), end, label);
        if (read.ec == std::errc() && read.ptr == end && label >= 1) found.push_back(label);
    }
    return found;
}

Error no_class(const std::string& name, const std::vector<std::string>& labels) {
    std::string message = "the model has no class '" + name + "'; it has " + listed(labels);
    if (labels.empty()) message += "no names: write 'class 1', 'class 2' and so on";
    return {ErrorCode::invalid_argument, message};
}

Result<std::set<int>> find_classes(std::span<const std::string> wanted, const std::vector<std::string>& labels) {
    std::set<int> classes;
    for (const std::string& name : wanted) {
        const std::vector<int> found = labels_of(name, labels);
        classes.insert(found.begin(), found.end());
        if (!found.empty()) continue;
        return no_class(name, labels);
    }
    return classes;
}

Result<std::map<int, float>> scores_by_label(const std::map<std::string, float>& by_name,
                                             const std::vector<std::string>& labels) {
    std::map<int, float> scores;
    for (const auto& [name, score] : by_name) {
        if (!(score >= 0.0F && score <= 1.0F)) {
            return Error{ErrorCode::invalid_argument,
                         "the score of class '" + name + "' must be 0 to 1, not " + std::to_string(score)};
        }
        const std::vector<int> found = labels_of(name, labels);
        if (found.empty()) return no_class(name, labels);
        for (const int label : found) scores[label] = score;
    }
    return scores;
}

/// What the model itself says; nothing without a word of it.
Result<std::map<int, float>> scores_of_model(const Detector::Implementation& model) {
    const auto entry = model.metadata.find(std::string(class_scores_key));
    if (entry == model.metadata.end()) return std::map<int, float>();
    const auto bad = [](const Error& error) {
        return Error{ErrorCode::bad_model, "the model's " + std::string(class_scores_key) + ": " + error.message +
                                               "; export it again with sound scores"};
    };
    const auto scores = parse_class_scores(entry->second);
    if (!scores) return bad(scores.error());
    if (scores->others) return bad({ErrorCode::bad_model, "a score without a class"});
    auto by_label = scores_by_label(scores->by_name, model.labels);
    if (!by_label) return bad(by_label.error());
    return by_label;
}

/// Fills in `class_scores` of a model whose labels and metadata are known.
Result<void> set_class_scores(Detector::Implementation& model, const DetectorOptions& options) {
    if (options.model_scores != ModelScores::ignored) {
        DETECT_TRY_ASSIGN(model.class_scores, scores_of_model(model));
    }
    if (options.model_scores == ModelScores::lower_bounds) {
        for (auto& [label, score] : model.class_scores) score = std::max(score, options.min_score);
    }
    DETECT_TRY_ASSIGN(const auto given, scores_by_label(options.class_scores, model.labels));
    for (const auto& [label, score] : given) model.class_scores[label] = score;
    return {};
}

} // namespace

std::size_t memory_limit(const DetectorOptions& options) {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page_bytes = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_bytes <= 0) return options.memory_limit;
    const std::size_t machine = static_cast<std::size_t>(pages) * static_cast<std::size_t>(page_bytes);
    return options.memory_limit == 0 ? machine : std::min(options.memory_limit, machine);
}

Result<Detector> detector_from_graph(Graph graph, const DetectorOptions& options) {
    if (options.threads < 0) return Error{ErrorCode::invalid_argument, "threads must be 0 (all cores) or more"};
    if (std::isnan(options.min_score)) return Error{ErrorCode::invalid_argument, "min_score is not a number"};
    if (options.pictures_per_run < 0) {
        return Error{ErrorCode::invalid_argument, "pictures_per_run must be 0 (chosen) or more"};
    }
    if (options.tiling) DETECT_TRY(check(*options.tiling));
    DETECT_TRY(check_input(graph));
    auto implementation = std::make_shared<Detector::Implementation>();
    DETECT_TRY_ASSIGN(implementation->outputs, find_outputs(graph));
    const Dim& batch = (*graph[graph.inputs[0]].shape)[0];
    implementation->one_picture_per_run = batch.size == 1 || implementation->outputs[3] < 0;
    implementation->min_score = options.min_score;
    implementation->pictures_per_run = static_cast<std::size_t>(options.pictures_per_run);
    implementation->tiling = options.tiling;
    implementation->metadata = graph.metadata;
    implementation->labels = read_labels(graph.metadata);
    DETECT_TRY_ASSIGN(implementation->classes, find_classes(options.classes, implementation->labels));
    DETECT_TRY(set_class_scores(*implementation, options));
    DETECT_TRY_ASSIGN(const auto isa, isa_from_environment());
    DETECT_TRY_ASSIGN(implementation->model,
                      Model::compile(std::move(graph),
                                     {.threads = options.threads, .isa = isa, .memory_limit = memory_limit(options)}));
    return Detector(std::move(implementation));
}

} // namespace detect
