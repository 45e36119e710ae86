// SPDX-License-Identifier: Apache-2.0
#include "cli/model_source.h"

#include "base/regular_file.h"

#include <string>

namespace detect::cli {

namespace fs = std::filesystem;

fs::path bundled_checkpoint() {
    constexpr const char* name = "circuit_board.safetensors";
    std::error_code code;
    const fs::path program = fs::read_symlink("/proc/self/exe", code);
    // bin/detect beside share/detect, where it is installed and where it is built.
    fs::path candidate = program.parent_path().parent_path() / "share/detect" / name;
    return fs::is_regular_file(candidate, code) ? candidate : fs::path();
}

bool looks_like_checkpoint(const fs::path& path) {
    const std::string head = beginning_of_file(path, 9);
    const std::size_t length = head.size();
    const bool zip = length >= 2 && head[0] == 'P' && head[1] == 'K';
    const bool pickle = length >= 2 && head[0] == '\x80';
    const bool safetensors = length == 9 && head[8] == '{' && head[6] == 0 && head[7] == 0;
    return zip || pickle || safetensors;
}

bool looks_like_model(const fs::path& path) {
    std::error_code code;
    return looks_like_checkpoint(path) || (path.extension() == ".onnx" && fs::is_regular_file(path, code));
}

Result<fs::path> resolve_model_path(const std::string& path) {
    if (!path.empty()) return fs::path(path);
    std::error_code code;
    if (fs::is_regular_file("model.onnx", code)) return fs::path("model.onnx");
    fs::path bundled = bundled_checkpoint();
    if (bundled.empty()) {
        return Error{
            ErrorCode::unreadable_input,
            "no model given, no model.onnx here, and the bundled model is not installed; give one with --model"};
    }
    return bundled;
}

} // namespace detect::cli
