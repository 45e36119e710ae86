// SPDX-License-Identifier: Apache-2.0
// Annotations, results and pictures that do not cover each other, and names from other machines.

#include "tests/cli/eval_case.h"

namespace detect::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Eval, ResultsOfUnknownCategoriesAreCountedAndLeftOut) {
    json results = json::parse(R"([{"image_id": 1, "category_id": 10, "bbox": [0, 0, 8, 8], "score": 0.9},
                                   {"image_id": 2, "category_id": 10, "bbox": [0, 0, 8, 8], "score": 0.9},
                                   {"image_id": 1, "category_id": 99, "bbox": [0, 0, 8, 8], "score": 0.9}])");
    write_text(folder_ / "dt.json", results.dump());
    const ProcessResult result = eval({"--detections", "dt.json", "--json", "figures.json"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_THAT(result.errors, HasSubstr("dt.json: 1 detection is of a category that gt.json does not have"));
    const json figures = json::parse(read_text(folder_ / "figures.json"));
    EXPECT_EQ(figures["at_score"]["false_alarms"], 0);
    EXPECT_EQ(figures["detections_left_out"], 1);
    results[0]["image_id"] = 99;
    write_text(folder_ / "dt.json", results.dump());
    const ProcessResult unknown_image = eval({"--detections", "dt.json"});
    EXPECT_TRUE(refused(unknown_image, 3));
    EXPECT_THAT(error_line(unknown_image),
                HasSubstr("1 of 3 detections are of ids that none of the annotations' images has, such as 99"));
}

TEST_F(Eval, ResultsThatCoverAPartOfThePicturesAreSaidTo) {
    json results = json::parse(R"([{"image_id": 1, "category_id": 10, "bbox": [0, 0, 8, 8], "score": 0.9}])");
    write_text(folder_ / "dt.json", results.dump());
    const ProcessResult part = eval({"--detections", "dt.json", "--json", "figures.json"});
    EXPECT_EQ(part.exit_code, 5) << describe(part);
    EXPECT_THAT(part.errors, HasSubstr("dt.json: has no detection in 1 of 2 pictures of gt.json, in 1 of which there "
                                       "are objects; these count as missed"));
    EXPECT_EQ(json::parse(read_text(folder_ / "figures.json"))["pictures_without_detections"], 1);
    // Where there is nothing to be found, nothing need be.
    truth_["annotations"].erase(2);
    write_truth();
    const ProcessResult sound = eval({"--detections", "dt.json"});
    ASSERT_TRUE(succeeded(sound));
    EXPECT_THAT(sound.errors, HasSubstr("in 0 of which there are objects"));
    write_text(folder_ / "dt.json", "[]");
    const ProcessResult none = eval({"--detections", "dt.json"});
    EXPECT_TRUE(refused(none, 3));
    EXPECT_THAT(error_line(none), HasSubstr("dt.json: holds no detection"));
}

TEST_F(Eval, AnnotationsOfOtherPicturesAreLeftOutAndToldOf) {
    truth_["annotations"].push_back({{"id", 4}, {"image_id", 9}, {"category_id", 10}, {"bbox", {0, 0, 8, 8}}});
    write_truth();
    const ProcessResult result = eval_tiny({"--json", "figures.json"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_THAT(result.errors, HasSubstr("gt.json: 1 of 4 annotations are of images or categories that the file does "
                                         "not list, such as annotations[3]"));
    const json figures = json::parse(read_text(folder_ / "figures.json"));
    EXPECT_EQ(figures["annotations_left_out"], 1);
    EXPECT_EQ(figures["metrics"]["AP"], 1.0) << "as without it";
}

TEST_F(Eval, NamesFromOtherMachinesFindTheirPictures) {
    const json plain = parse_output(eval_tiny({"--json", "-"}));
    for (const char* prefix : {"pictures\\", "C:\\data\\", "data/upload/4/", "..\\..\\media\\", "/nowhere/", ".//"}) {
        truth_["images"][0]["file_name"] = std::string(prefix) + "a.png";
        write_truth();
        const ProcessResult result = eval_tiny({"--json", "-"});
        ASSERT_TRUE(succeeded(result)) << prefix;
        EXPECT_EQ(parse_output(result)["metrics"], plain["metrics"]) << prefix;
        if (std::string(prefix) == ".//") continue; // the file's name as it is
        EXPECT_EQ(parse_output(result)["found_by_end_of_name"], 1) << prefix;
        EXPECT_THAT(result.errors, HasSubstr("note: gt.json: 1 of 2 pictures are found by the end of their file_name, "
                                             "such as " +
                                             std::string(prefix) + "a.png is a.png"));
    }
    const ProcessResult report = eval_tiny({"--report", "report.html", "--score", "0.7"});
    ASSERT_TRUE(succeeded(report));
    EXPECT_THAT(read_text(folder_ / "report.html"), Not(HasSubstr("no such file")));
}

TEST_F(Eval, APictureThatAnotherImageHasIsNotTakenForOneThatIsMissing) {
    truth_["images"][1]["file_name"] = "elsewhere/a.png";
    write_truth();
    const ProcessResult result = eval_tiny({"--json", "figures.json"});
    EXPECT_EQ(result.exit_code, 5) << describe(result);
    EXPECT_THAT(result.errors, HasSubstr("image 2: file_name elsewhere/a.png is not in pictures, and a.png is the "
                                         "picture of image 1 (a.png)"));
    EXPECT_EQ(json::parse(read_text(folder_ / "figures.json"))["picture_count"], 1);
}

TEST_F(Eval, TwoImagesOfOneFileAreRefused) {
    truth_["images"][1]["file_name"] = "a.png";
    write_truth();
    const ProcessResult result = eval_tiny({});
    EXPECT_TRUE(refused(result, 3));
    EXPECT_THAT(error_line(result),
                HasSubstr("gt.json: the images with the ids 1 and 2 both have the file_name a.png"));
}

} // namespace
} // namespace detect::test
