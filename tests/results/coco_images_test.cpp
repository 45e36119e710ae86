// SPDX-License-Identifier: Apache-2.0
#include "results/coco_images.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::HasSubstr;

class AnnotationFile : public testing::Test {
protected:
    Result<CocoIds> read(const std::string& text) {
        std::ofstream(path_) << text;
        return CocoIds::read(path_);
    }
    std::string error_of(const std::string& text) {
        const auto ids = read(text);
        return ids ? "no error" : ids.error().message.substr(path_.string().size() + 2);
    }
    CocoImages images(const std::string& list) {
        return CocoImages(test::require(read(R"({"images":[)" + list + R"(],"categories":[]})")));
    }

    test::TempDir folder_;
    std::filesystem::path path_ = folder_ / "truth.json";
};

TEST_F(AnnotationFile, NamesWithAndWithoutFolders) {
    const CocoIds ids = test::require(
        read(R"({"images":[{"id":1,"file_name":"x/a.png"},{"id":2,"file_name":"y/a.png"},)"
             R"({"id":3,"file_name":"b.png"}],"categories":[{"id":40,"name":"short"},{"id":2,"name":"dog"}]})"));
    const std::vector<std::string> names{"open", "short"};
    EXPECT_EQ(ids.image("y/a.png")->id, 2);
    EXPECT_TRUE(ids.image("elsewhere/y/a.png")->as_written);
    EXPECT_EQ(ids.image("elsewhere/b.png")->id, 3);
    EXPECT_EQ(ids.image("elsewhere/a.png")->other, "y/a.png") << "which one?";
    EXPECT_FALSE(ids.image("c.png"));
    EXPECT_FALSE(ids.image("xa.png")) << "whole parts are compared, not letters";
    EXPECT_EQ(ids.category(2, names), 40);
    EXPECT_EQ(ids.category(1, names), std::nullopt);
    EXPECT_EQ(ids.category(2, {}), 2) << "without names, numbers";
}

TEST_F(AnnotationFile, ErrorsSayWhereTheyAre) {
    EXPECT_EQ(CocoIds::read(folder_ / "none.json").error().code, ErrorCode::unreadable_input);
    EXPECT_EQ(error_of(R"({"categories":[]})"), "top level: has no \"images\"; add that list");
    EXPECT_EQ(error_of(R"({"images":[{"id":1}],"categories":[]})"), "images[0]: has no \"file_name\"; add it");
    EXPECT_THAT(error_of(R"({"images":[{"id":"1","file_name":"a"}],"categories":[]})"),
                HasSubstr("images[0].id: is the text \"1\", expected a whole number"));
    EXPECT_EQ(error_of(R"({"images":[{"id":1,"file_name":"a"},{"id":2,"file_name":"a"}],"categories":[]})"),
              "images[1].file_name: a is also the name of image 1; give each picture one entry");
    EXPECT_THAT(error_of(R"({"images":[{"id":1,"file_name":"a"},{"id":1,"file_name":"b"}],"categories":[]})"),
                HasSubstr("1 is also the id of entry 0"));
    EXPECT_THAT(error_of(R"({"images":[],"categories":[{"id":1,"name":"a"},{"id":2,"name":"a"}]})"),
                HasSubstr("also the name of category 1"));
}

TEST_F(AnnotationFile, TheNameThatFitsBestWinsWhoeverComesFirst) {
    CocoImages run = images(R"({"id":7,"file_name":"line1\\a.png"})");
    EXPECT_EQ(run.add("/data/line2/a.png"), 7) << "nothing better is known yet";
    EXPECT_EQ(run.add("/data/line1/a.png"), 7);
    run.settle();
    EXPECT_FALSE(run.keeps("/data/line2/a.png"));
    EXPECT_TRUE(run.keeps("/data/line1/a.png"));
    EXPECT_EQ(run.left_out(), 1U);
    EXPECT_EQ(run.remark("t.json"),
              "leaves out 1 of 2 pictures, which are not found in t.json, such as /data/line2/a.png: "
              "/data/line1/a.png may be line1\\a.png as well; it goes by the end of the name for 1 picture of t.json, "
              "such as "
              "/data/line1/a.png for line1\\a.png");
}

TEST_F(AnnotationFile, TwoThatFitAlikeAreBothLeftOut) {
    CocoImages run = images(R"({"id":7,"file_name":"a.png"})");
    EXPECT_EQ(run.add("line1/a.png"), 7);
    EXPECT_EQ(run.add("line2/a.png"), 7);
    run.settle();
    EXPECT_FALSE(run.keeps("line1/a.png"));
    EXPECT_FALSE(run.keeps("line2/a.png"));
    EXPECT_EQ(run.left_out(), 2U);
    EXPECT_THAT(run.remark("t.json"), HasSubstr("has no results: none of the 2 pictures is found in t.json, such as "
                                                "line1/a.png: line2/a.png may be a.png as well"));
}

TEST_F(AnnotationFile, OnePictureByTwoNamesIsNoRival) {
    CocoImages run = images(R"({"id":7,"file_name":"a.png"})");
    EXPECT_EQ(run.add("line1/a.png"), 7);
    EXPECT_EQ(run.add("./line1//a.png"), 7);
    run.settle();
    EXPECT_EQ(run.left_out(), 0U);
    EXPECT_EQ(run.remark("t.json"), "");
}

TEST_F(AnnotationFile, AnEarlierRunsPictureIsARival) {
    CocoImages run = images(R"({"id":7,"file_name":"a.png"})");
    run.add_earlier("line1/a.png");
    EXPECT_EQ(run.add("line2/a.png"), 7);
    run.settle();
    EXPECT_FALSE(run.keeps("line2/a.png"));
    EXPECT_EQ(run.left_out(), 1U);
}

} // namespace
} // namespace detect
