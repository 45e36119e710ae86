// SPDX-License-Identifier: Apache-2.0
#include "base/atomic_file.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

void write(AtomicFile& file, const std::string& text) {
    const auto written = file.write(std::as_bytes(std::span(text)));
    ASSERT_TRUE(written.ok()) << written.error().message;
}

AtomicFile create(const fs::path& path) {
    auto file = AtomicFile::create(path);
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
    return *std::move(file);
}

std::string refusal(const fs::path& path) {
    const auto file = AtomicFile::create(path);
    if (file.ok()) return "accepted";
    EXPECT_EQ(file.error().code, ErrorCode::unwritable_output);
    return file.error().message;
}

TEST(AtomicFile, AppearsWhenItIsComplete) {
    const TempDir folder;
    std::ofstream(folder / "model") << "before";
    AtomicFile file = create(folder / "model");
    write(file, "one ");
    write(file, "two");
    EXPECT_EQ(text_of(file.temporary_path()), "one two");
    EXPECT_EQ(text_of(folder / "model"), "before");
    ASSERT_TRUE(file.commit().ok());
    EXPECT_EQ(text_of(folder / "model"), "one two");
    EXPECT_THAT(names_in(folder.path()), ElementsAre("model"));
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
    const TempDir folder;
    std::ofstream(folder / "model") << "before";
    {
        AtomicFile file = create(folder / "model");
        write(file, "half");
        const AtomicFile moved = std::move(file);
    }
    EXPECT_EQ(text_of(folder / "model"), "before");
    EXPECT_THAT(names_in(folder.path()), ElementsAre("model"));
}

TEST(AtomicFile, LeavesNothingIfTheProgramIsKilled) {
    const TempDir folder;
    if (!create(folder / "probe").temporary_path().string().starts_with("/proc/")) {
        GTEST_SKIP() << "this file system has no files without names";
    }
    EXPECT_EXIT(
        {
            AtomicFile file = create(folder / "model");
            write(file, "half");
            ::raise(SIGKILL);
        },
        testing::KilledBySignal(SIGKILL), "");
    EXPECT_THAT(names_in(folder.path()), IsEmpty());
}

TEST(AtomicFile, FollowsALink) {
    const TempDir folder;
    fs::create_directory(folder / "models");
    std::ofstream(folder / "models/newest") << "before";
    fs::create_symlink("models/newest", folder / "model");
    fs::create_symlink("models/missing", folder / "dangling");
    for (const char* name : {"model", "dangling"}) {
        AtomicFile file = create(folder / name);
        write(file, "after");
        ASSERT_TRUE(file.commit().ok());
        EXPECT_TRUE(fs::is_symlink(folder / name));
        EXPECT_EQ(text_of(folder / name), "after");
    }
    EXPECT_THAT(names_in(folder / "models"), ElementsAre("missing", "newest"));
}

TEST(AtomicFile, RefusesWhatIsNoFile) {
    const TempDir folder;
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    fs::create_symlink("pipe", folder / "link to pipe");
    EXPECT_THAT(refusal(folder / "pipe"), HasSubstr("pipe: cannot be written: is not a regular file"));
    EXPECT_THAT(refusal(folder / "link to pipe"), HasSubstr("is not a regular file"));
    fs::create_symlink("circle", folder / "circle");
    EXPECT_THAT(refusal(folder / "circle"), HasSubstr("Too many levels of symbolic links"));
    EXPECT_THAT(refusal("/dev/null"), HasSubstr("is not a regular file"));
    EXPECT_THAT(refusal(folder.path()), HasSubstr("Is a directory"));
    EXPECT_THAT(refusal(folder / "missing/model"), HasSubstr("missing/model: cannot be written: No such file"));
}

TEST(AtomicFile, HasThePermissionsOfANewFile) {
    const TempDir folder;
    const mode_t before = ::umask(027);
    AtomicFile file = create(folder / "model");
    ::umask(before);
    ASSERT_TRUE(file.commit().ok());
    EXPECT_EQ(fs::status(folder / "model").permissions(), static_cast<fs::perms>(0640));
}

} // namespace
} // namespace detect::test
