// SPDX-License-Identifier: Apache-2.0
#include "detect/detector.h"

#include "base/exceptions.h"
#include "base/label_name.h"
#include "base/try.h"
#include "detector/detector_from_graph.h"
#include "detector/implementation.h"
#include "onnx/reader.h"

#include <algorithm>
#include <charconv>

namespace detect {

namespace {

Error in_file(Error error, const std::filesystem::path& file) {
    if (error.message.find(file.string()) == std::string::npos) error.message = file.string() + ": " + error.message;
    return error;
}

Result<Detector> load_file(const std::filesystem::path& onnx_file, const DetectorOptions& options) {
    std::error_code unknown_size; // then reading it says why
    const auto size = std::filesystem::file_size(onnx_file, unknown_size);
    if (!unknown_size) {
        auto allowed = MemoryBudget(memory_limit(options)).check(static_cast<std::size_t>(size));
        if (!allowed) return in_file(std::move(allowed).error(), onnx_file);
    }
    auto graph = read_onnx(onnx_file, memory_limit(options));
    if (!graph) return in_file(std::move(graph).error(), onnx_file);
    auto detector = detector_from_graph(*std::move(graph), options);
    if (!detector) return in_file(std::move(detector).error(), onnx_file);
    return detector;
}

} // namespace

Detector::Detector(std::shared_ptr<const Implementation> implementation) : implementation_(std::move(implementation)) {}

Result<Detector> Detector::load(const std::filesystem::path& onnx_file, const DetectorOptions& options) {
    return without_exceptions([&] { return load_file(onnx_file, options); });
}

Result<Detector> Detector::load(std::span<const std::byte> onnx_bytes, const DetectorOptions& options) {
    return without_exceptions([&]() -> Result<Detector> {
        DETECT_TRY_ASSIGN(Graph graph,
                          read_onnx(onnx_bytes, "the model in memory", {.memory_limit = memory_limit(options)}));
        return detector_from_graph(std::move(graph), options);
    });
}

float Detector::Implementation::min_score_of(int label) const {
    const auto own = class_scores.find(label);
    return own == class_scores.end() ? min_score : own->second;
}

double Detector::Implementation::scale(int width, int height) const {
    const auto size = [&](const char* name) {
        const auto entry = metadata.find(name);
        double value = 0.0;
        if (entry != metadata.end())
            std::from_chars(entry->second.data(), entry->second.data() + entry->second.size(), value);
        return value;
    };
    const double shorter = size("min_size") / std::min(width, height);
    const double longer = size("max_size") / std::max(width, height);
    return std::max(std::min(shorter, longer), 0.0);
}

double Detector::Implementation::stride_in_pixels(int width, int height) const {
    constexpr double stride = 32.0; // of the backbone's last features, in pixels of the scaled picture
    const double scale_of_picture = scale(width, height);
    return scale_of_picture > 0.0 ? stride / scale_of_picture : 0.0;
}

MemoryUse Detector::memory_use() const {
    const MemoryBudget& budget = implementation_->model->memory();
    return {.now = budget.used(), .peak = budget.peak()};
}

const std::vector<std::string>& Detector::labels() const { return implementation_->labels; }

std::string Detector::label_name(int label) const { return detect::label_name(label, implementation_->labels); }

float Detector::min_score(int label) const { return implementation_->min_score_of(label); }

const std::map<std::string, std::string>& Detector::metadata() const { return implementation_->metadata; }

} // namespace detect
