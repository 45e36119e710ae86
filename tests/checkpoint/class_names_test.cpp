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
    EXPECT_THAT(read_labels(folder_.path().string()).error().message, HasSubstr("not a file"));
}

} // namespace
} // namespace detect::test
