// SPDX-License-Identifier: Apache-2.0
#include "base/regular_file.h"

#include "tests/support/temp_dir.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

std::string refusal(const std::filesystem::path& path) {
    const auto file = RegularFile::open(path);
    if (file) return "accepted";
    EXPECT_EQ(file.error().code, ErrorCode::unreadable_input);
    EXPECT_EQ(beginning_of_file(path, 10), "");
    return file.error().message;
}

TEST(RegularFile, IsReadFromAnyPlace) {
    const TempDir folder;
    std::ofstream(folder / "a") << "one two";
    std::filesystem::create_symlink("a", folder / "link");
    for (const char* name : {"a", "link"}) {
        const auto file = RegularFile::open(folder / name);
        ASSERT_TRUE(file.ok()) << file.error().message;
        EXPECT_EQ(file->size(), 7U);
        std::array<std::byte, 16> bytes{};
        EXPECT_EQ(*file->read_at(4, bytes), 3U);
        EXPECT_EQ(bytes[0], std::byte{'t'});
        EXPECT_EQ(*file->read_at(7, bytes), 0U);
        EXPECT_EQ(*file->text(), "one two");
        EXPECT_EQ(*file->text(3), "one");
    }
    EXPECT_EQ(beginning_of_file(folder / "a", 3), "one");
    EXPECT_EQ(beginning_of_file(folder / "a", 100), "one two");
}

TEST(RegularFile, GrowsWhileItIsRead) {
    const TempDir folder;
    std::ofstream(folder / "a") << "one";
    const auto file = RegularFile::open(folder / "a");
    ASSERT_TRUE(file.ok());
    std::ofstream(folder / "a", std::ios::app) << " two";
    EXPECT_EQ(*file->text(), "one two");
    std::ofstream(folder / "a", std::ios::trunc) << "";
    EXPECT_EQ(*file->text(), "");
    // The kernel's own files say that they have no size.
    EXPECT_FALSE(beginning_of_file("/proc/self/status", 1 << 16).empty());
}

TEST(RegularFile, NothingElseIsOpenedOrWaitedFor) {
    const TempDir folder;
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    std::filesystem::create_symlink("pipe", folder / "link");
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    (folder / "socket").string().copy(name.sun_path, sizeof name.sun_path - 1);
    ASSERT_EQ(::bind(made, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    EXPECT_THAT(refusal(folder / "pipe"), HasSubstr("is a pipe, not a file"));
    EXPECT_THAT(refusal(folder / "link"), HasSubstr("is a pipe, not a file"));
    EXPECT_THAT(refusal(folder / "socket"), HasSubstr("is a socket"));
    EXPECT_THAT(refusal(folder.path()), HasSubstr("is a folder"));
    EXPECT_THAT(refusal("/dev/zero"), HasSubstr("is a device"));
    EXPECT_THAT(refusal(folder / "missing"), HasSubstr("no such file"));
    EXPECT_THAT(refusal(folder / "missing/a"), HasSubstr("no such file"));
    ::close(made);
}

} // namespace
} // namespace detect::test
