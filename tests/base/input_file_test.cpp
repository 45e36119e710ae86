// SPDX-License-Identifier: Apache-2.0
#include "base/input_file.h"

#include "base/sha256.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace detect {
namespace {

using testing::HasSubstr;

class InputFileTest : public testing::Test {
protected:
    std::filesystem::path written(const std::string& text) {
        const auto path = folder_.path() / "file";
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    test::TempDir folder_;
};

TEST_F(InputFileTest, ReadsAll) {
    const auto file = InputFile::open(written("some bytes"));
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->size(), 10U);
    const auto bytes = file->read_all(10);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(bytes->text(), "some bytes");
    std::array<std::byte, 5> part{};
    ASSERT_TRUE(file->read(5, part).ok());
    EXPECT_EQ(part[0], std::byte{'b'});
}

TEST_F(InputFileTest, AnEmptyFileHasNoBytes) {
    const auto bytes = InputFile::open(written(""))->read_all(0);
    ASSERT_TRUE(bytes.ok());
    EXPECT_TRUE(bytes->text().empty());
}

TEST_F(InputFileTest, WhatIsCutShortBeforeItIsReadIsAnError) {
    const auto path = written(std::string(100'000, 'x'));
    const auto file = InputFile::open(path);
    ASSERT_TRUE(file.ok());
    for (const std::uintmax_t left : {99'999U, 4096U, 1U, 0U}) {
        std::filesystem::resize_file(path, left);
        const auto bytes = file->read_all(1 << 20);
        ASSERT_FALSE(bytes.ok()) << left;
        EXPECT_EQ(bytes.error().code, ErrorCode::unreadable_input);
        EXPECT_THAT(bytes.error().message, HasSubstr(path.string() + ": was cut short while it was read"));
    }
}

/// While it was mapped, this ended the program with SIGBUS.
TEST_F(InputFileTest, WhatWasReadStaysWhenTheFileIsCutShort) {
    const auto path = written(std::string(100'000, 'x'));
    const auto bytes = InputFile::open(path)->read_all(1 << 20);
    ASSERT_TRUE(bytes.ok());
    std::filesystem::resize_file(path, 0);
    EXPECT_EQ(std::ranges::count(bytes->text(), 'x'), 100'000);
}

TEST_F(InputFileTest, RefusesMoreThanTheLimit) {
    const auto bytes = InputFile::open(written("some bytes"))->read_all(9);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(bytes.error().message, HasSubstr("has 10 bytes; the limit for a file of this kind is 9"));
}

TEST_F(InputFileTest, HolesTakeNoMemory) {
    const auto path = written("front");
    constexpr std::uintmax_t size = std::uintmax_t{3} << 30U;
    std::filesystem::resize_file(path, size);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    if (status.st_blocks > 1024) GTEST_SKIP() << "this file system knows no holes";
    const auto bytes = InputFile::open(path)->read_all(size);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(bytes->text().substr(0, 5), "front");
    EXPECT_EQ(bytes->bytes().back(), std::byte{0});
    rusage usage{};
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
    EXPECT_LT(usage.ru_maxrss, 1 << 20); // kilobytes
}

TEST_F(InputFileTest, TakesRegularFilesAlone) {
    const auto pipe = folder_.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(InputFile::open(pipe).error().message, HasSubstr("is a pipe, not a file"));
    EXPECT_THAT(InputFile::open(folder_.path()).error().message, HasSubstr("is a folder"));
    EXPECT_THAT(InputFile::open(folder_.path() / "none").error().message, HasSubstr("none: no such file"));
}

TEST_F(InputFileTest, AHashIsThatOfAllBytes) {
    const std::string text(3'000'001, 'y');
    const auto hash = sha256_of_file(written(text));
    ASSERT_TRUE(hash.ok());
    EXPECT_EQ(*hash, sha256(std::as_bytes(std::span(text))));
}

} // namespace
} // namespace detect
