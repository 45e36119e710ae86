// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "onnx/reader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

/// A model's folder: weights.bin of 256 bytes, sub/more.bin of 64, a link out of it, and a pipe.
class ModelFolder {
public:
    ModelFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "detect_fuzz_XXXXXX").string();
        detect::fuzz::require(mkdtemp(pattern.data()) != nullptr, "there is a place for a folder");
        root_ = pattern;
        folder_ = root_ / "model";
        std::filesystem::create_directories(folder_ / "sub");
        write(root_ / "secret.bin", 256);
        write(folder_ / "weights.bin", 256);
        write(folder_ / "sub/more.bin", 64);
        std::filesystem::create_symlink("../secret.bin", folder_ / "link.bin");
        std::filesystem::create_directory_symlink("..", folder_ / "up");
    }
    ModelFolder(const ModelFolder&) = delete;
    ModelFolder& operator=(const ModelFolder&) = delete;
    ~ModelFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

private:
    /// What lies outside is all ones, so that a tensor that has it is known.
    static void write(const std::filesystem::path& file, std::size_t size) {
        const bool outside = file.filename() == "secret.bin";
        std::ofstream(file, std::ios::binary) << std::string(size, outside ? '\xEE' : '\x01');
    }
    std::filesystem::path root_;
    std::filesystem::path folder_;
};

} // namespace

/// Nothing is read but what lies in the model's folder.
void detect::fuzz::onnx_external_data(Bytes input) {
    static const ModelFolder folder;
    const auto graph = read_onnx(input, "model.onnx", {.external_data_folder = folder.path()});
    if (value_of(graph) == nullptr || input.size() > 4096) return;
    const bool has_it_itself = std::ranges::find(input, std::byte{0xEE}) != input.end();
    for (const Value& value : graph->values) {
        if (has_it_itself || !value.constant.defined()) continue;
        const auto bytes = value.constant.bytes();
        require(std::ranges::find(bytes, std::byte{0xEE}) == bytes.end(), "no tensor is from outside the folder");
    }
}
