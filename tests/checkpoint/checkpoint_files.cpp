// SPDX-License-Identifier: Apache-2.0
#include "tests/checkpoint/checkpoint_files.h"

#include "tests/support/process.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>

namespace detect::test {

namespace {

struct Files {
    std::filesystem::path folder;
    std::string why_not;
};

/// Tests run in several processes at once: the first one makes the files while the others wait.
class FolderLock {
public:
    explicit FolderLock(const std::filesystem::path& folder)
        : descriptor_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
        ::flock(descriptor_, LOCK_EX);
    }
    ~FolderLock() { ::close(descriptor_); }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

private:
    int descriptor_;
};

Files make_files() {
    constexpr int not_installed = 77;
    const std::filesystem::path folder = DETECT_CHECKPOINT_FILES;
    const std::filesystem::path script = DETECT_MAKE_CHECKPOINTS;
    const std::filesystem::path stamp = folder / "complete";
    std::filesystem::create_directories(folder);
    const FolderLock lock(folder);
    if (std::filesystem::exists(stamp) && read_file(stamp) == read_file(script)) return {folder, ""};
    const ProcessResult result = run_process({DETECT_TEST_PYTHON, script.string(), folder.string()});
    if (result.exit_code == not_installed || !std::filesystem::exists(DETECT_TEST_PYTHON)) {
        return {{}, std::string(DETECT_TEST_PYTHON) + " has no torch and torchvision; install python3-torchvision"};
    }
    if (result.exit_code != 0) {
        ADD_FAILURE() << "make_checkpoints.py failed: " << describe(result);
        return {{}, "make_checkpoints.py failed"};
    }
    write_file(stamp, read_file(script));
    return {folder, ""};
}

const Files& files() {
    static const Files made = make_files();
    return made;
}

} // namespace

const std::filesystem::path& checkpoint_files() { return files().folder; }
const std::string& why_no_checkpoint_files() { return files().why_not; }

std::vector<ExpectedTensor> read_expected(const std::string& name) {
    std::ifstream lines(checkpoint_files() / (name + ".expected"));
    std::ifstream values(checkpoint_files() / (name + ".values"), std::ios::binary);
    EXPECT_TRUE(lines && values) << name;
    std::vector<ExpectedTensor> tensors;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        ExpectedTensor tensor;
        std::size_t rank = 0;
        std::size_t count = 0;
        words >> tensor.key >> tensor.type >> rank;
        tensor.sizes.resize(rank);
        for (std::int64_t& size : tensor.sizes) words >> size;
        words >> count;
        if (tensor.type.find("float") != std::string::npos) {
            tensor.values.resize(count);
            values.read(reinterpret_cast<char*>(tensor.values.data()),
                        static_cast<std::streamsize>(count * sizeof(float)));
        }
        EXPECT_TRUE(words && values) << name << ": " << line;
        tensors.push_back(std::move(tensor));
    }
    return tensors;
}

std::filesystem::path shared_dir() {
    const char* given = std::getenv("DETECT_SHARED_DIR");
    return given != nullptr ? given : DETECT_DEFAULT_SHARED_DIR;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.flush()) << path;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void expect_proper_message(const Error& error, const std::filesystem::path& path) {
    EXPECT_TRUE(error.message.starts_with(path.string() + ": ")) << error.message;
    for (const char character : error.message) {
        EXPECT_TRUE(static_cast<unsigned char>(character) >= 0x20) << "control character in: " << error.message;
    }
    EXPECT_NE(error.code, ErrorCode::internal) << error.message;
}

} // namespace detect::test
