// SPDX-License-Identifier: Apache-2.0
#include "onnx/reader.h"

#include "base/text.h"
#include "base/try.h"
#include "onnx/graph_reader.h"
#include "onnx/model_file.h"

#include <algorithm>
#include <optional>

namespace detect {

namespace {

namespace fs = std::filesystem;

Result<int> read_opset(const onnx::ModelProto& model) {
    const std::string range =
        "opsets " + std::to_string(min_opset) + " to " + std::to_string(max_opset) + " are supported";
    std::optional<std::int64_t> opset;
    for (const auto& import : model.opset_import()) {
        if (!is_default_onnx_domain(import.domain())) continue;
        if (opset && *opset != import.version())
            return Error{ErrorCode::bad_model, "imports ONNX's operators in two versions"};
        opset = import.version();
    }
    if (!opset) return Error{ErrorCode::unsupported, "does not say which opset it follows; " + range};
    if (*opset < min_opset || *opset > max_opset) {
        return Error{ErrorCode::unsupported, "follows opset " + std::to_string(*opset) + "; " + range};
    }
    return static_cast<int>(*opset);
}

Result<Graph> read_model(const OnnxFile& file, const TensorSource& source) {
    const onnx::ModelProto& model = file.model();
    DETECT_TRY_ASSIGN(const int opset, read_opset(model));
    DETECT_TRY_ASSIGN(Graph graph, read_onnx_graph(file, opset, source));
    for (const auto& entry : model.metadata_props()) graph.metadata.emplace(entry.key(), entry.value());
    return graph;
}

/// One printable line: names in a damaged file may hold anything, and be of any length.
std::string one_line(const std::string& text) {
    constexpr std::size_t longest = 2000;
    return without_controls(first_bytes(text, longest), '?') + (text.size() > longest ? "..." : "");
}

Error named(std::string_view name, Error error) {
    error.message = one_line(std::string(name) + ": " + error.message);
    return error;
}

} // namespace

Result<Graph> read_onnx(std::span<const std::byte> bytes, std::string_view name, const OnnxReadOptions& options) {
    ReadingBudget budget(options.memory_limit);
    const auto file = OnnxFile::parse(bytes, budget);
    if (!file) return named(name, file.error());
    auto graph = read_model(*file, {options.external_data_folder, &budget});
    if (!graph) return named(name, std::move(graph).error());
    return graph;
}

Result<Graph> read_onnx(const fs::path& path, std::size_t memory_limit) {
    ReadingBudget budget(memory_limit);
    const auto file = OnnxFile::open(path, budget);
    if (!file) return named(path.string(), file.error());
    auto graph = read_model(*file, {path.has_parent_path() ? path.parent_path() : fs::path("."), &budget});
    if (!graph) return named(path.string(), std::move(graph).error());
    return graph;
}

} // namespace detect
