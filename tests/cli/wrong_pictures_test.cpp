// SPDX-License-Identifier: Apache-2.0
// Pictures that cannot be read, or that the model was not made for.

#include "pictures/picture.h"
#include "tests/cli/command.h"
#include "tests/cli/files.h"

#include <limits>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class WrongPicture : public testing::Test {
protected:
    WrongPicture() { write_tiny_model(elsewhere_ / "tiny.onnx"); }

    ProcessResult run(const std::string& picture) {
        return run_detect({"run", picture, "--model", (elsewhere_ / "tiny.onnx").string(), "-o", "drawn.png", "--json",
                           (elsewhere_ / "found.json").string(), "--overwrite"},
                          folder_.path());
    }
    /// Both verbs refuse this file as unreadable, name it, write nothing, and say the same.
    std::string refusal(const std::string& picture) {
        const auto before = files_in(folder_.path());
        const ProcessResult result = run(picture);
        EXPECT_TRUE(refused(result, 3)) << picture;
        EXPECT_THAT(error_line(result), StartsWith(picture + ": "));
        const ProcessResult exported = run_detect({"export", "--image", picture}, folder_.path());
        EXPECT_TRUE(refused(exported, 3)) << picture;
        EXPECT_EQ(error_line(exported), error_line(result));
        EXPECT_EQ(files_in(folder_.path()), before);
        return error_line(result);
    }

    TempDir folder_;
    TempDir elsewhere_;
};

TEST_F(WrongPicture, NoPicture) {
    write_text(folder_ / "text.png", "not a picture\n");
    write_text(folder_ / "empty.png", "");
    EXPECT_THAT(refusal("text.png"), HasSubstr("text file"));
    EXPECT_THAT(refusal("empty.png"), HasSubstr("empty"));
    EXPECT_THAT(refusal("missing.png"), HasSubstr("no such file"));
    EXPECT_THAT(refusal("missing/picture.png"), HasSubstr("no such file"));
    EXPECT_THAT(refusal("/dev/zero"), HasSubstr("device"));
}

TEST_F(WrongPicture, AFolderIsNoPictureAndMayHoldNone) {
    std::filesystem::create_directory(folder_ / "folder.png");
    const ProcessResult run_on_it = run("folder.png");
    EXPECT_TRUE(refused(run_on_it, 3));
    EXPECT_THAT(error_line(run_on_it), AllOf(StartsWith("folder.png: "), HasSubstr("no pictures in this folder")));
    const ProcessResult exported = run_detect({"export", "--image", "folder.png"}, folder_.path());
    EXPECT_TRUE(refused(exported, 3));
    EXPECT_THAT(error_line(exported), AllOf(StartsWith("folder.png: "), HasSubstr("folder")));
    EXPECT_THAT(files_in(folder_.path()), testing::ElementsAre("folder.png"));
}

TEST_F(WrongPicture, CutOff) {
    const auto board_picture = read_picture(board());
    ASSERT_TRUE(board_picture.ok());
    ASSERT_TRUE(write_picture(elsewhere_ / "whole.jpg", board_picture->view()).ok());
    for (const auto& [from, name] : {std::pair{elsewhere_ / "whole.jpg", "half.jpg"}, std::pair{board(), "half.png"}}) {
        write_cut(from, std::filesystem::file_size(from) / 2, folder_ / name);
        refusal(name);
        write_cut(from, std::filesystem::file_size(from) - 10, folder_ / name);
        refusal(name);
    }
}

TEST_F(WrongPicture, FloatsUpTo255SayWhatWasFoundAndHowToMendIt) {
    write_float_tiff(folder_ / "bright.tif", 20, 10, 0.0F, 255.0F);
    EXPECT_THAT(refusal("bright.tif"), AllOf(HasSubstr("from 0 to 255"), HasSubstr("divide by 255")));
}

TEST_F(WrongPicture, FloatsThatAreNormalisedAlready) {
    write_float_tiff(folder_ / "normalised.tif", 20, 10, -2.1179F, 2.64F);
    EXPECT_THAT(refusal("normalised.tif"), AllOf(HasSubstr("from -2.1179 to 2.64"), HasSubstr("normalised already")));
}

TEST_F(WrongPicture, FloatsThatAreNoNumbers) {
    write_float_tiff(folder_ / "nan.tif", 20, 10, std::numeric_limits<float>::quiet_NaN(), 1.0F);
    EXPECT_THAT(refusal("nan.tif"), HasSubstr("NaN"));
    write_float_tiff(folder_ / "infinite.tif", 20, 10, 0.0F, std::numeric_limits<float>::infinity());
    EXPECT_THAT(refusal("infinite.tif"), HasSubstr("infinity"));
}

TEST_F(WrongPicture, FloatsInRangeAreFine) {
    write_float_tiff(folder_ / "fine.tif", 20, 10, 0.0F, 1.0F);
    EXPECT_TRUE(succeeded(run("fine.tif")));
}

TEST_F(WrongPicture, PicturesOfASinglePixelAreFine) {
    write_flat_picture(folder_ / "dot.png", 1, 1, {255, 255, 255});
    EXPECT_TRUE(succeeded(run("dot.png")));
    EXPECT_GT(read_picture(folder_ / "drawn.png")->width, 1) << "labels have room beside it alone";
    const ProcessResult real =
        run_detect({"run", "dot.png", "--no-draw", "--model", small_model().string()}, folder_.path());
    EXPECT_TRUE(succeeded(real));
}

} // namespace
} // namespace detect::test
