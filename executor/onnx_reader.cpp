#include "executor/onnx_reader.h"

#include "executor/onnx_graph.h"
#include "graph/try.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include <google/protobuf/io/coded_stream.h>

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

Result<onnx::ModelProto> parse(std::span<const std::byte> bytes) {
    const auto unreadable = [](std::string message) { return Error{ErrorCode::unreadable_input, std::move(message)}; };
    if (bytes.empty()) return unreadable("is empty, expected an ONNX model");
    if (bytes.size() > INT32_MAX) return unreadable("is larger than 2 GiB, which ONNX does not allow in one file");
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                  static_cast<int>(bytes.size()));
    stream.SetTotalBytesLimit(INT32_MAX);
    constexpr int nesting = 64;
    stream.SetRecursionLimit(nesting);
    onnx::ModelProto model;
    if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
        return unreadable("is cut off, damaged, or not an ONNX model");
    }
    if (!model.has_graph()) return unreadable("is not an ONNX model: it holds no graph");
    return model;
}

Result<Graph> read_model(std::span<const std::byte> bytes, const OnnxReadOptions& options) {
    DETECT_TRY_ASSIGN(const onnx::ModelProto model, parse(bytes));
    DETECT_TRY_ASSIGN(const int opset, read_opset(model));
    DETECT_TRY_ASSIGN(Graph graph, read_onnx_graph(model.graph(), opset, options.external_data_folder));
    for (const auto& entry : model.metadata_props()) graph.metadata.emplace(entry.key(), entry.value());
    return graph;
}

Result<std::vector<std::byte>> read_file(const fs::path& path) {
    const auto unreadable = [](std::string message) { return Error{ErrorCode::unreadable_input, std::move(message)}; };
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return unreadable("does not exist");
    if (!fs::is_regular_file(status)) return unreadable("is not a file");
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) return unreadable("cannot be read: " + error.message());
    if (size > INT32_MAX) return unreadable("is larger than 2 GiB, which ONNX does not allow in one file");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) return unreadable("cannot be read");
    return bytes;
}

/// One printable line: names in a damaged file may hold anything, and be of any length.
std::string one_line(std::string text) {
    constexpr std::size_t longest = 2000;
    if (text.size() > longest) text = text.substr(0, longest) + "...";
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
    return text;
}

Error named(std::string_view name, Error error) {
    error.message = one_line(std::string(name) + ": " + error.message);
    return error;
}

} // namespace

Result<Graph> read_onnx(std::span<const std::byte> bytes, std::string_view name, const OnnxReadOptions& options) {
    auto graph = read_model(bytes, options);
    if (!graph) return named(name, std::move(graph).error());
    return graph;
}

Result<Graph> read_onnx(const fs::path& path) {
    auto bytes = read_file(path);
    if (!bytes) return named(path.string(), std::move(bytes).error());
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    return read_onnx(*bytes, path.string(), {.external_data_folder = folder});
}

} // namespace detect
