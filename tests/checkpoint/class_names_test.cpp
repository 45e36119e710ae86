// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/class_names.h"

#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Labels, OfCoco) {
    const auto labels = coco_labels();
    ASSERT_EQ(labels.size(), 90U);
    EXPECT_EQ(std::ranges::count(labels, "N/A"), 10);
    // Ids count from 1: 1 person, 12 is a gap, 13 stop sign, 90 toothbrush.
    EXPECT_EQ(labels[0], "person");
    EXPECT_EQ(labels[11], "N/A");
    EXPECT_EQ(labels[12], "stop sign");
    EXPECT_EQ(labels[89], "toothbrush");
}

class LabelFile : public testing::Test {
protected:
    Result<std::vector<std::string>> read(const std::string& text) {
        std::ofstream(folder_ / "names.txt", std::ios::binary) << text;
        return read_labels((folder_ / "names.txt").string());
    }
    TempDir folder_;
};

TEST_F(LabelFile, HasOneNameALine) {
    EXPECT_THAT(require(read("open\nshort circuit\n")), ElementsAre("open", "short circuit"));
    EXPECT_THAT(require(read("open\nshort")), ElementsAre("open", "short"));
    EXPECT_THAT(require(read("\xEF\xBB\xBFopen\r\n\r\nspur\r\n\r\n\n")), ElementsAre("open", "", "spur"));
}

TEST_F(LabelFile, WithoutNamesIsNamed) {
    for (const std::string& text : {std::string(), std::string("\n\n"), std::string("a\0b", 3)}) {
        const auto labels = read(text);
        ASSERT_FALSE(labels.ok());
        EXPECT_EQ(labels.error().code, ErrorCode::unreadable_input);
        EXPECT_THAT(labels.error().message, StartsWith((folder_ / "names.txt").string() + ": "));
    }
    EXPECT_THAT(read_labels((folder_ / "missing.txt").string()).error().message, HasSubstr("no such file"));
    EXPECT_THAT(read_labels(folder_.path().string()).error().message, HasSubstr("is a folder"));
}

TEST_F(LabelFile, InAnotherEncodingIsRefused) {
    using namespace std::string_literals;
    const std::string name = (folder_ / "names.txt").string();
    for (const std::string& text : {"\xFF\xFEo\0p\0\n\0"s, "\xFE\xFF\0o\0p\0\n"s, "o\0p\0\n\0"s, "\0o\0p\0\n"s})
        EXPECT_EQ(read(text).error().message, name + ": is UTF-16; save it as UTF-8");
    // Latin-1, and a letter of UTF-8 that is cut off.
    EXPECT_EQ(read("open\nK\xFCrze\n").error().message,
              name + ": line 2, byte 2: is not UTF-8; save the file as UTF-8");
    EXPECT_EQ(read("\xEF\xBB\xBF\xE2\x82\r\n").error().message,
              name + ": line 1, byte 1: is not UTF-8; save the file as UTF-8");
    EXPECT_THAT(require(read("K\xC3\xBCrze\r\n\xE7\x9F\xAD\n")), ElementsAre("K\xC3\xBCrze", "\xE7\x9F\xAD"));
}

} // namespace
} // namespace detect::test
