// SPDX-License-Identifier: Apache-2.0
// External data comes from the model's folder alone, by either way of opening it, and what was opened is what is read.
#include "onnx/external_file.h"

#include <array>
#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Open = Result<ExternalFile> (*)(const fs::path&, const std::string&);

class ExternalFiles : public testing::TestWithParam<Open> {
protected:
    ExternalFiles() : outside_(fs::temp_directory_path() / ("external_file_test_" + std::to_string(::getpid()))) {
        fs::create_directories(folder() / "deeper");
        write(outside_ / "secret.bin", "secret");
        write(folder() / "weights.bin", "weights");
        write(folder() / "deeper" / "weights.bin", "deeper!");
        fs::create_symlink(outside_ / "secret.bin", folder() / "link.bin");
        fs::create_symlink("../secret.bin", folder() / "relative_link.bin");
        fs::create_directory_symlink(outside_, folder() / "up");
        fs::create_symlink("weights.bin", folder() / "inner_link.bin");
        EXPECT_EQ(::mkfifo((folder() / "pipe.bin").c_str(), 0600), 0);
    }
    ~ExternalFiles() override { fs::remove_all(outside_); }

    [[nodiscard]] fs::path folder() const { return outside_ / "model"; }
    static void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }
    [[nodiscard]] Result<ExternalFile> open(const std::string& location) const {
        return GetParam()(folder(), location);
    }
    static std::string text_of(const ExternalFile& file) {
        std::string text(file.size(), '?');
        const auto read = file.read(0, std::as_writable_bytes(std::span(text)));
        return read ? text : read.error().message;
    }

    fs::path outside_;
};

TEST_P(ExternalFiles, AreReadFromTheFolderAndBelow) {
    for (const auto& [location, text] : {std::pair<std::string, std::string>{"weights.bin", "weights"},
                                         {"./weights.bin", "weights"},
                                         {"deeper/weights.bin", "deeper!"}}) {
        const auto file = open(location);
        ASSERT_TRUE(file.ok()) << location << ": " << file.error().message;
        EXPECT_EQ(text_of(*file), text);
    }
}

TEST_P(ExternalFiles, LieInNoOtherPlace) {
    for (const std::string& location :
         {std::string("../secret.bin"), (outside_ / "secret.bin").string(), std::string("link.bin"),
          std::string("relative_link.bin"), std::string("up/secret.bin"), std::string("deeper/../../secret.bin"),
          std::string("/dev/zero"), std::string("/proc/self/fd/0")}) {
        const auto file = open(location);
        ASSERT_FALSE(file.ok()) << location;
        EXPECT_EQ(to_string(file.error().code), "bad_model") << location << ": " << file.error().message;
        EXPECT_THAT(file.error().message, HasSubstr("lies outside the model's folder")) << location;
    }
}

TEST_P(ExternalFiles, AreRegularFiles) {
    for (const std::string& location :
         {std::string("pipe.bin"), std::string("."), std::string("deeper"), std::string("absent.bin"), std::string(),
          std::string("weights.bin/x"), std::string("weights.bin\0x", 13)}) {
        const auto file = open(location);
        ASSERT_FALSE(file.ok()) << location;
        EXPECT_EQ(to_string(file.error().code), "unreadable_input") << location << ": " << file.error().message;
    }
}

TEST_P(ExternalFiles, StayWhatTheyWereWhenOpened) {
    const auto file = open("weights.bin");
    ASSERT_TRUE(file.ok());
    fs::remove(folder() / "weights.bin");
    fs::create_symlink(outside_ / "secret.bin", folder() / "weights.bin");
    EXPECT_EQ(text_of(*file), "weights");
}

TEST_P(ExternalFiles, ThatBecomeShorterAreAnError) {
    const auto file = open("weights.bin");
    ASSERT_TRUE(file.ok());
    fs::resize_file(folder() / "weights.bin", 3);
    EXPECT_THAT(text_of(*file), HasSubstr("the file has changed meanwhile"));
}

INSTANTIATE_TEST_SUITE_P(EitherWay, ExternalFiles,
                         testing::Values(&ExternalFile::open, &ExternalFile::open_step_by_step));

} // namespace

} // namespace detect::test
