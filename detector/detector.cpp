#include "detect/detector.h"

#include "detector/detector_from_graph.h"
#include "detector/image_to_tensor.h"
#include "executor/model.h"
#include "executor/onnx_reader.h"
#include "graph/try.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace detect {

struct Detector::Implementation {
    std::shared_ptr<const Model> model;
    DetectorOptions options;
    std::vector<std::string> labels;
    std::map<std::string, std::string> metadata;
    /// Of the outputs: boxes, labels, scores, valid_detections (-1 in torchvision's layout).
    std::array<int, 4> outputs{-1, -1, -1, -1};
    bool one_picture_per_run = false;
};

namespace {

/// Class names from the model's metadata: a JSON list.
std::vector<std::string> read_labels(const std::map<std::string, std::string>& metadata) {
    const auto entry = metadata.find("labels");
    if (entry == metadata.end()) return {};
    const auto json = nlohmann::json::parse(entry->second, nullptr, false);
    std::vector<std::string> labels;
    if (!json.is_array()) return {};
    for (const auto& item : json) labels.push_back(item.is_string() ? item.get<std::string>() : std::string());
    return labels;
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

Error in_file(Error error, const std::filesystem::path& file) {
    if (error.message.find(file.string()) == std::string::npos) error.message = file.string() + ": " + error.message;
    return error;
}

/// DETECT_ISA=portable|avx2|avx512|amx selects the kernels; anything else, or what the machine lacks, is an error.
Result<std::optional<Isa>> isa_from_environment() {
    const char* wanted = std::getenv("DETECT_ISA");
    if (wanted == nullptr || *wanted == '\0') return std::optional<Isa>();
    const auto isa = parse_isa(wanted);
    if (isa && std::ranges::find(available_isas(), *isa) != available_isas().end()) return isa;
    return Error{ErrorCode::invalid_argument,
                 "DETECT_ISA=" + std::string(wanted) + ": " +
                     (isa ? "this machine does not have it" : "must be portable, avx2, avx512 or amx")};
}

} // namespace

Detector::Detector(std::shared_ptr<const Implementation> implementation) : implementation_(std::move(implementation)) {}

Result<Detector> detector_from_graph(Graph graph, const DetectorOptions& options) {
    if (options.threads < 0) return Error{ErrorCode::invalid_argument, "threads must be 0 (all cores) or more"};
    if (std::isnan(options.min_score)) return Error{ErrorCode::invalid_argument, "min_score is not a number"};
    DETECT_TRY(check_input(graph));
    auto implementation = std::make_shared<Detector::Implementation>();
    DETECT_TRY_ASSIGN(implementation->outputs, find_outputs(graph));
    const Dim& batch = (*graph[graph.inputs[0]].shape)[0];
    implementation->one_picture_per_run = batch.size == 1 || implementation->outputs[3] < 0;
    implementation->options = options;
    implementation->metadata = graph.metadata;
    implementation->labels = read_labels(graph.metadata);
    DETECT_TRY_ASSIGN(const auto isa, isa_from_environment());
    DETECT_TRY_ASSIGN(implementation->model,
                      Model::compile(std::move(graph), {.threads = options.threads, .isa = isa}));
    return Detector(std::move(implementation));
}

Result<Detector> Detector::load(const std::filesystem::path& onnx_file, const DetectorOptions& options) {
    auto graph = read_onnx(onnx_file);
    if (!graph) return in_file(std::move(graph).error(), onnx_file);
    auto detector = detector_from_graph(*std::move(graph), options);
    if (!detector) return in_file(std::move(detector).error(), onnx_file);
    return detector;
}

Result<Detector> Detector::load(std::span<const std::byte> onnx_bytes, const DetectorOptions& options) {
    DETECT_TRY_ASSIGN(Graph graph, read_onnx(onnx_bytes, "the model in memory"));
    return detector_from_graph(std::move(graph), options);
}

namespace {

/// Reads the outputs of one run; what does not look like detections is the model's fault.
Result<std::vector<ImageResult>> read_results(const Detector::Implementation& self, const std::vector<Tensor>& outputs,
                                              std::size_t batch) {
    const auto output = [&](std::size_t which) -> const Tensor& {
        return outputs[static_cast<std::size_t>(self.outputs[which])];
    };
    const Tensor& boxes = output(0);
    const auto labels = output(1).data<std::int64_t>();
    const auto scores = output(2).data<float>();
    const std::size_t columns = batch == 0 ? 0 : scores.size() / batch;
    const Error odd{ErrorCode::bad_model, "the model's outputs do not fit together"};
    if (labels.size() != scores.size() || boxes.data<float>().size() != 4 * scores.size() ||
        columns * batch != scores.size()) {
        return odd;
    }
    std::vector<ImageResult> results(batch);
    for (std::size_t n = 0; n < batch; ++n) {
        std::size_t valid = columns;
        if (self.outputs[3] >= 0) {
            const auto counts = output(3).data<std::int64_t>();
            if (counts.size() != batch || counts[n] < 0 || static_cast<std::size_t>(counts[n]) > columns) return odd;
            valid = static_cast<std::size_t>(counts[n]);
        }
        for (std::size_t row = n * columns; row < n * columns + valid; ++row) {
            if (!(scores[row] >= self.options.min_score)) continue;
            const auto box = boxes.data<float>().subspan(4 * row, 4);
            results[n].detections.push_back({.box = {box[0], box[1], box[2], box[3]},
                                             .label = static_cast<int>(labels[row]),
                                             .score = scores[row]});
        }
    }
    return results;
}

/// `input`: float32 [batch, 3, height, width].
Result<std::vector<ImageResult>> run_batch(const Detector::Implementation& self, const Tensor& input) {
    DETECT_TRY_ASSIGN(const auto outputs, self.model->run(std::span(&input, 1)));
    return read_results(self, outputs, static_cast<std::size_t>(input.dims()[0]));
}

/// The pictures at `members` of `images`, all of one size, in one run.
Result<std::vector<ImageResult>> run_group(const Detector::Implementation& self, std::span<const ImageView> images,
                                           std::span<const std::size_t> members) {
    const ImageView& first = images[members.front()];
    DETECT_TRY_ASSIGN(Tensor input,
                      Tensor::create_uninitialised(DataType::float32, {static_cast<std::int64_t>(members.size()), 3,
                                                                       first.height, first.width}));
    const auto pixels = input.mutable_data<float>();
    const std::size_t per_image = pixels.size() / members.size();
    for (std::size_t i = 0; i < members.size(); ++i) {
        DETECT_TRY(image_to_tensor(images[members[i]], pixels.subspan(i * per_image, per_image)));
    }
    return run_batch(self, input);
}

} // namespace

Result<ImageResult> Detector::run(const ImageView& image) const {
    DETECT_TRY_ASSIGN(auto results, run(std::span(&image, 1)));
    return std::move(results.front());
}

Result<std::vector<ImageResult>> Detector::run(std::span<const ImageView> images) const {
    // Memory grows with the batch, speed hardly does.
    const std::size_t largest_batch = implementation_->one_picture_per_run ? 1 : 8;
    std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < images.size(); ++i) {
        DETECT_TRY(check_view(images[i]));
        groups[{images[i].height, images[i].width}].push_back(i);
    }
    std::vector<ImageResult> results(images.size());
    for (const auto& [size, members] : groups) {
        for (std::size_t begin = 0; begin < members.size(); begin += largest_batch) {
            const auto batch = std::span(members).subspan(begin, std::min(largest_batch, members.size() - begin));
            DETECT_TRY_ASSIGN(auto batch_results, run_group(*implementation_, images, batch));
            for (std::size_t i = 0; i < batch.size(); ++i) results[batch[i]] = std::move(batch_results[i]);
        }
    }
    return results;
}

Result<std::vector<ImageResult>> Detector::run(const TensorView& batch) const {
    if (batch.data == nullptr || batch.batch < 1 || batch.height < 1 || batch.width < 1) {
        return Error{ErrorCode::invalid_argument, "a tensor view needs data and sizes of at least 1"};
    }
    DETECT_TRY_ASSIGN(Tensor input,
                      Tensor::create_uninitialised(DataType::float32, {batch.batch, 3, batch.height, batch.width}));
    const std::span values(batch.data, static_cast<std::size_t>(input.element_count()));
    DETECT_TRY(check_unit_range(values));
    std::ranges::copy(values, input.mutable_data<float>().begin());
    if (!implementation_->one_picture_per_run) return run_batch(*implementation_, input);

    std::vector<ImageResult> results;
    const std::size_t per_image = values.size() / static_cast<std::size_t>(batch.batch);
    for (std::size_t n = 0; n < static_cast<std::size_t>(batch.batch); ++n) {
        DETECT_TRY_ASSIGN(Tensor one,
                          Tensor::create_uninitialised(DataType::float32, {1, 3, batch.height, batch.width}));
        std::ranges::copy(values.subspan(n * per_image, per_image), one.mutable_data<float>().begin());
        DETECT_TRY_ASSIGN(auto result, run_batch(*implementation_, one));
        results.push_back(std::move(result.front()));
    }
    return results;
}

const std::vector<std::string>& Detector::labels() const { return implementation_->labels; }

std::string Detector::label_name(int label) const {
    const auto index = static_cast<std::size_t>(label) - 1;
    const auto& labels = implementation_->labels;
    if (label >= 1 && index < labels.size() && !labels[index].empty()) return labels[index];
    return "class " + std::to_string(label);
}

const std::map<std::string, std::string>& Detector::metadata() const { return implementation_->metadata; }

} // namespace detect
