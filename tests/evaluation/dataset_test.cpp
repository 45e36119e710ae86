// SPDX-License-Identifier: Apache-2.0
#include "evaluation/dataset.h"
#include "evaluation/label_matching.h"
#include "tests/evaluation/made_up.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect::evaluation {
namespace {

using nlohmann::json;
using test::require;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DatasetFile : public testing::Test {
protected:
    /// Images out of order, two categories, two objects.
    json truth = json::parse(R"({
        "images": [{"id": 7, "file_name": "seven.png"}, {"id": 3, "file_name": "three.png"}],
        "categories": [{"id": 2, "name": "spur"}, {"id": 1, "name": "open"}],
        "annotations": [
            {"id": 10, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]},
            {"id": 11, "image_id": 3, "category_id": 2, "bbox": [5, 6, 7.5, 8], "area": 50, "iscrowd": 1,
             "segmentation": [[1, 2, 3, 4, 5, 6]]}
        ]})");
    json results = json::parse(R"([{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}])");

    std::filesystem::path write(const std::string& text) {
        const auto path = folder_ / "file.json";
        std::ofstream(path) << text;
        return path;
    }

    /// Why this is refused as ground truth, always as one line that begins with the file's name.
    std::string error_of(const std::string& text) { return message(read_ground_truth(write(text))); }
    std::string truth_error() { return error_of(truth.dump()); }
    std::string results_error() {
        const Dataset dataset = require(read_ground_truth(write(truth.dump())));
        return message(read_detections(write(results.dump()), dataset));
    }

    test::TempDir folder_;

private:
    template <class T>
    std::string message(const Result<T>& result) {
        if (result) return "no error";
        EXPECT_EQ(result.error().code, ErrorCode::unreadable_input);
        const std::string prefix = (folder_ / "file.json").string() + ": ";
        EXPECT_THAT(result.error().message, testing::StartsWith(prefix));
        EXPECT_THAT(result.error().message, Not(HasSubstr("\n")));
        return result.error().message.substr(std::min(prefix.size(), result.error().message.size()));
    }
};

TEST_F(DatasetFile, IsReadInTheOrderOfIds) {
    const Dataset dataset = require(read_ground_truth(write(truth.dump())));
    ASSERT_EQ(dataset.images.size(), 2U);
    EXPECT_EQ(dataset.images[0].file_name, "three.png");
    EXPECT_EQ(dataset.categories[0].name, "open");
    ASSERT_EQ(dataset.annotations.size(), 2U);
    EXPECT_EQ(dataset.annotations[0].image, 1U);
    EXPECT_EQ(dataset.annotations[0].category, 0U);
    EXPECT_EQ(dataset.annotations[0].box, (CocoBox{1, 2, 3, 4}));
    EXPECT_EQ(dataset.annotations[0].area, 12.0) << "that of the box, if there is none";
    EXPECT_FALSE(dataset.annotations[0].crowd);
    EXPECT_EQ(dataset.annotations[1].area, 50.0);
    EXPECT_TRUE(dataset.annotations[1].crowd);
}

TEST_F(DatasetFile, MissingListsAndFieldsAreNamed) {
    for (const char* list : {"images", "categories", "annotations"}) {
        const json whole = truth;
        truth.erase(list);
        EXPECT_EQ(truth_error(), std::string("top level: has no \"") + list + "\"; add that list");
        truth = whole;
    }
    for (const char* field : {"image_id", "category_id", "bbox"}) {
        const json whole = truth;
        truth["annotations"][0].erase(field);
        EXPECT_EQ(truth_error(), std::string("annotations[0]: has no \"") + field + "\"; add it");
        truth = whole;
    }
    truth["categories"][0].erase("name");
    EXPECT_EQ(truth_error(), "categories[0]: has no \"name\"; add it");
}

TEST_F(DatasetFile, WrongTypesAreNamed) {
    truth["annotations"][0]["image_id"] = "7";
    EXPECT_THAT(truth_error(), HasSubstr("annotations[0].image_id: is the text \"7\", expected a whole number"));
    truth["annotations"][0]["image_id"] = 7.5;
    EXPECT_EQ(truth_error(), "annotations[0].image_id: is 7.5, expected a whole number");
    truth["annotations"][0] = 5;
    EXPECT_EQ(truth_error(), "annotations[0]: is a number, expected an object in braces");
    truth["annotations"] = "none";
    EXPECT_EQ(truth_error(), "annotations: expected a list in brackets");
    EXPECT_THAT(error_of("[]"), HasSubstr("is a list, as results are"));
    EXPECT_THAT(error_of("3"), HasSubstr("expected an object with images, categories and annotations"));
}

TEST_F(DatasetFile, AWholeNumberMayBeWrittenAsOneWithAPoint) {
    truth["annotations"][0]["image_id"] = 7.0;
    EXPECT_EQ(truth_error(), "no error");
}

TEST_F(DatasetFile, BoxesMustBeBoxes) {
    json& box = truth["annotations"][0]["bbox"];
    const std::string place = "annotations[0].bbox: ";
    box = json::array();
    EXPECT_EQ(truth_error(), place + "is empty, expected [x, y, width, height] in pixels");
    box = {1, 2, 3};
    EXPECT_EQ(truth_error(), place + "has 3 numbers, expected [x, y, width, height] in pixels");
    box = {1, 2, 3, "4"};
    EXPECT_EQ(truth_error(), place + "holds string, expected [x, y, width, height] in pixels");
    box = {1, 2, -3, 4};
    EXPECT_EQ(truth_error(),
              place + "has a negative width or height, expected [x, y, width, height] in pixels (not two corners)");
    box = {1, 2, 1e300, 4};
    EXPECT_EQ(truth_error(), place + "lies outside of any picture, expected [x, y, width, height] in pixels");
    box = nullptr;
    EXPECT_EQ(truth_error(), place + "is null, expected [x, y, width, height] in pixels");
    box = {1, 2, 0, 0};
    EXPECT_EQ(truth_error(), "no error");
}

TEST_F(DatasetFile, IdsAndNamesMayOccurOnce) {
    truth["annotations"][1]["id"] = 10;
    EXPECT_EQ(truth_error(), "annotations[1].id: 10 is also the id of entry 0; give each its own");
    truth["annotations"][1]["id"] = 11;
    truth["images"][1]["id"] = 7;
    EXPECT_EQ(truth_error(), "images[1].id: 7 is also the id of entry 0; give each its own");
    truth["images"][1]["id"] = 3;
    truth["categories"][1]["name"] = "spur";
    EXPECT_EQ(truth_error(), "categories[1].name: \"spur\" is also the name of category 2; rename one");
}

TEST_F(DatasetFile, AnnotationsNeedNoIds) {
    for (json& annotation : truth["annotations"]) annotation.erase("id");
    EXPECT_EQ(require(read_ground_truth(write(truth.dump()))).annotations.size(), 2U);
}

TEST_F(DatasetFile, AnnotationsOfUnknownImagesAndCategoriesAreLeftOutAndCounted) {
    truth["annotations"][0]["image_id"] = 99;
    Dataset dataset = require(read_ground_truth(write(truth.dump())));
    EXPECT_EQ(dataset.annotations.size(), 1U);
    EXPECT_EQ(dataset.annotations_left_out, 1U);
    EXPECT_THAT(dataset.remarks, ElementsAre(HasSubstr("1 of 2 annotations are of images or categories that the file "
                                                       "does not list, such as annotations[0]")));
    truth["annotations"][0]["image_id"] = 7;
    truth["annotations"][1]["category_id"] = 0;
    dataset = require(read_ground_truth(write(truth.dump())));
    EXPECT_THAT(dataset.remarks, ElementsAre(HasSubstr("such as annotations[1]")));
    EXPECT_EQ(without_images(dataset, {}, {}).dataset.annotations_left_out, 1U);
    truth["annotations"][0]["category_id"] = 0;
    EXPECT_THAT(truth_error(),
                HasSubstr("annotations: none of the 2 is of an image and a category that the file lists"));
}

TEST_F(DatasetFile, IgnoreWithoutACrowdIsSaidToHaveNoEffect) {
    truth["annotations"][0]["ignore"] = 1;
    truth["annotations"][1]["ignore"] = 1;
    Dataset dataset = require(read_ground_truth(write(truth.dump())));
    EXPECT_FALSE(dataset.annotations[0].crowd);
    EXPECT_THAT(dataset.remarks, ElementsAre(HasSubstr("\"ignore\" is set without \"iscrowd\" in 1 annotation:")));
    truth["annotations"][0]["ignore"] = 0;
    EXPECT_THAT(require(read_ground_truth(write(truth.dump()))).remarks, testing::IsEmpty());
}

TEST_F(DatasetFile, OutlinesDoNotStandForBoxes) {
    for (const char* outline : {"[[1, 2, 3, 4, 5, 6]]", R"({"size": [10, 10], "counts": "abc"})", "[]"}) {
        json& annotation = truth["annotations"][1];
        annotation.erase("bbox");
        annotation["segmentation"] = json::parse(outline);
        EXPECT_THAT(truth_error(), HasSubstr("annotations[1]: has a segmentation and no \"bbox\"")) << outline;
    }
}

TEST_F(DatasetFile, AByteOrderMarkIsSkipped) { EXPECT_EQ(error_of("\xEF\xBB\xBF" + truth.dump()), "no error"); }

TEST_F(DatasetFile, EmptyListsLeaveNothingToEvaluate) {
    truth["images"] = json::array();
    EXPECT_THAT(truth_error(), HasSubstr("images: is empty"));
}

TEST_F(DatasetFile, WhatIsNoJsonIsShownByLineAndColumn) {
    EXPECT_EQ(error_of(""), "is empty, not a JSON file");
    EXPECT_EQ(error_of("\x1F\x8B\x08"), "is compressed (gzip), not JSON; unpack it first, with gunzip");
    EXPECT_EQ(error_of("\xFF\xFE{"), "is text in UTF-16; save it as UTF-8");
    EXPECT_EQ(error_of(std::string("{\0\"\0", 4)), "is text in UTF-16; save it as UTF-8") << "without a mark";
    EXPECT_EQ(error_of("{\"images\": [\n{\"file_name\": \"caf\xE9.png\"}]}"),
              "line 2, column 19: is not UTF-8 from here on, but text in another encoding; save the file as UTF-8");
    EXPECT_EQ(error_of("{\"images\": [\n  {\"id\": 1}\n  {\"id\": 2}"), "line 3, column 3: is not JSON from here on");
    EXPECT_THAT(error_of("{\"images\": [{\"id\": 1"), HasSubstr("ends too early; the file is cut off"));
    EXPECT_THAT(error_of("{\"images\": [],\n \"annotations\": [{\"bbox\": [1, 2, NaN, 4]}]}"),
                testing::AllOf(HasSubstr("line 2, column "), HasSubstr("NaN is not a number; remove that entry")));
    EXPECT_THAT(error_of("{\"area\": -Infinity}"), HasSubstr("-Infinity is not a number"));
    EXPECT_THAT(error_of("{\"area\": 1e999}"), HasSubstr("holds a number that is too large"));
}

TEST_F(DatasetFile, ThatIsMissingOrAFolderIsSaidToBe) {
    EXPECT_THAT(read_ground_truth(folder_ / "none.json").error().message,
                HasSubstr("none.json: cannot be read: no such file"));
    EXPECT_THAT(read_ground_truth(folder_.path()).error().message, HasSubstr("is not a regular file"));
}

TEST_F(DatasetFile, ResultsAreCheckedTheSameWay) {
    EXPECT_EQ(results_error(), "no error");
    results[0].erase("score");
    EXPECT_EQ(results_error(), "detections[0]: has no \"score\"; add it");
    results[0]["score"] = "high";
    EXPECT_EQ(results_error(), "detections[0].score: is string, expected a number");
    results[0]["score"] = 0.5;
    results[0]["bbox"] = {1, 2, 3};
    EXPECT_THAT(results_error(), HasSubstr("detections[0].bbox: has 3 numbers"));
    results[0]["bbox"] = {1, 2, 3, 4};
    results[0]["image_id"] = 99;
    EXPECT_THAT(results_error(),
                HasSubstr("image_id: 1 of 1 detections are of ids that none of the annotations' images has, such as 99 "
                          "in detections[0]"));
    results = json::object();
    EXPECT_THAT(results_error(), HasSubstr("expected a list of COCO results"));
}

TEST_F(DatasetFile, ResultsOfUnknownCategoriesAreCountedAndLeftOut) {
    const Dataset dataset = require(read_ground_truth(write(truth.dump())));
    results.push_back(results[0]);
    results[0]["category_id"] = 99;
    const ReadDetections read = require(read_detections(write(results.dump()), dataset));
    EXPECT_EQ(read.of_unknown_categories, 1U);
    ASSERT_EQ(read.detections.size(), 1U);
    EXPECT_EQ(read.detections[0].image, 1U);
    EXPECT_EQ(read.detections[0].category, 0U);
}

TEST_F(DatasetFile, ResultsOfOtherCategoriesAloneAreRefused) {
    results[0]["category_id"] = 99;
    EXPECT_THAT(results_error(), HasSubstr("none of the 1 detections is of a category that the annotations have"));
}

TEST_F(DatasetFile, PicturesWithoutResultsAreCounted) {
    // Image 3 has a crowd alone, which need not be found.
    const Dataset before = require(read_ground_truth(write(truth.dump()))); // the next one is the same file
    ReadDetections read = require(read_detections(write(results.dump()), before));
    EXPECT_EQ(read.images_without, 1U);
    EXPECT_EQ(read.images_without_but_objects, 0U);
    truth["annotations"][1]["iscrowd"] = 0;
    const Dataset dataset = require(read_ground_truth(write(truth.dump())));
    read = require(read_detections(write(results.dump()), dataset));
    EXPECT_EQ(read.images_without_but_objects, 1U);
}

TEST_F(DatasetFile, WrittenResultsReadBackToTheSameBits) {
    const Dataset dataset = require(read_ground_truth(write(truth.dump())));
    const DetectedBox before = found({1.0 / 3.0, 2.0F / 7.0F, 1e-7, 640.125}, 0.1F, 1, 1);
    const std::string text = to_coco_results(std::vector{before}, dataset);
    const DetectedBox after = require(read_detections(write(text), dataset)).detections.at(0);
    EXPECT_EQ(after.box, before.box);
    EXPECT_EQ(after.score, before.score);
    EXPECT_EQ(after.image, before.image);
    EXPECT_EQ(after.category, before.category);
}

TEST(WithoutImages, NumbersWhatRemainsAnew) {
    const Dataset dataset =
        images(3, 1, {object({0, 0, 1, 1}, 0, 0), object({0, 0, 2, 2}, 0, 1), object({0, 0, 3, 3}, 0, 2)});
    const std::vector<DetectedBox> detections{found({0, 0, 1, 1}, 0.5, 0, 1), found({0, 0, 1, 1}, 0.6, 0, 2)};
    const std::vector<std::size_t> left_out{1};
    const Selection selection = without_images(dataset, detections, left_out);
    ASSERT_EQ(selection.dataset.images.size(), 2U);
    EXPECT_EQ(selection.dataset.images[1].id, 3);
    ASSERT_EQ(selection.dataset.annotations.size(), 2U);
    EXPECT_EQ(selection.dataset.annotations[1].image, 1U);
    EXPECT_EQ(selection.dataset.annotations[1].box.width, 3.0);
    ASSERT_EQ(selection.detections.size(), 1U);
    EXPECT_EQ(selection.detections[0].image, 1U);
    EXPECT_EQ(selection.detections[0].score, 0.6);
}

/// Categories with ids 5 and 9.
Dataset open_and_spur() {
    Dataset dataset = one_image(2, {});
    dataset.categories = {{5, "open"}, {9, "spur"}};
    return dataset;
}

TEST(Labels, AreMatchedByNameWhateverTheIds) {
    const LabelMatching matching = require(match_labels(std::vector<std::string>{"Spur", "open"}, open_and_spur()));
    EXPECT_EQ(matching.category_of, (std::map<int, std::size_t>{{1, 1}, {2, 0}}));
    EXPECT_THAT(matching.warnings, testing::IsEmpty());
}

TEST(Labels, ThatFitInPartAreWarnedAbout) {
    const LabelMatching matching = require(match_labels(std::vector<std::string>{"open", "short"}, open_and_spur()));
    EXPECT_EQ(matching.category_of, (std::map<int, std::size_t>{{1, 0}}));
    EXPECT_THAT(matching.warnings,
                ElementsAre(HasSubstr("no label for spur: these count as missed"), HasSubstr("no category short")));
}

TEST(Labels, ThatDoNotFitAtAllAreRefusedWithBothSides) {
    const auto refused = match_labels(std::vector<std::string>{"cat", "dog"}, open_and_spur());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message,
                testing::AllOf(HasSubstr("(cat, dog)"), HasSubstr("(open, spur)"), HasSubstr("the setting labels")));
}

TEST(Labels, WithoutNamesAreMatchedById) {
    const LabelMatching matching = require(match_labels({}, open_and_spur()));
    EXPECT_EQ(matching.category_of, (std::map<int, std::size_t>{{5, 0}, {9, 1}}));
    EXPECT_THAT(matching.warnings, ElementsAre(HasSubstr("does not name its labels")));
}

} // namespace
} // namespace detect::evaluation
