// SPDX-License-Identifier: Apache-2.0
#include "generated_pictures.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

namespace detect::test {

namespace {

class Scratch {
public:
    Scratch() : path_(std::filesystem::temp_directory_path() / ("detect_pictures_" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace

const std::filesystem::path& scratch_folder() {
    static const Scratch scratch;
    return scratch.path();
}

std::optional<std::filesystem::path> generated_pictures() {
    static const std::optional<std::filesystem::path> folder = []() -> std::optional<std::filesystem::path> {
        const std::string python = DETECT_PYTHON;
        if (std::system((python + " -c 'import PIL, numpy' 2>/dev/null").c_str()) != 0) return std::nullopt;
        const auto target = scratch_folder() / "generated";
        std::filesystem::create_directories(target);
        const std::string command = python + " '" + DETECT_MAKE_PICTURES + "' '" + target.string() + "'";
        if (std::system(command.c_str()) != 0) std::abort(); // PIL is there, but the script is broken
        return target;
    }();
    return folder;
}

Expected read_expected(const std::filesystem::path& picture) {
    std::ifstream file(picture.string() + ".expected", std::ios::binary);
    std::string head;
    std::getline(file, head);
    Expected expected;
    std::istringstream(head) >> expected.width >> expected.height >> expected.tolerance;
    expected.planar_rgb.resize(3 * static_cast<std::size_t>(expected.width) *
                               static_cast<std::size_t>(expected.height));
    file.read(reinterpret_cast<char*>(expected.planar_rgb.data()),
              static_cast<std::streamsize>(expected.planar_rgb.size() * sizeof(float)));
    return expected;
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::byte> bytes;
    std::transform(std::istreambuf_iterator<char>(file), {}, std::back_inserter(bytes),
                   [](char letter) { return static_cast<std::byte>(letter); });
    return bytes;
}

void write_bytes(const std::filesystem::path& path, const std::vector<std::byte>& bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::filesystem::path> pictures_ending_in(const std::string& ending) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(*generated_pictures())) {
        const auto& path = entry.path();
        const bool wanted =
            ending.empty() ? std::filesystem::exists(path.string() + ".expected") : path.string().ends_with(ending);
        if (wanted) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace detect::test
