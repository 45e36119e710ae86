// SPDX-License-Identifier: Apache-2.0
#include "evaluation/picture_files.h"
#include "tests/support/temp_dir.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Files : public testing::Test {
protected:
    void touch(const std::string& name) {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << "picture";
    }
    /// Where each name is, relative to the folder, or why not.
    std::vector<std::string> find(const std::vector<std::string>& names) {
        std::vector<DatasetImage> images;
        for (const std::string& name : names) images.push_back({static_cast<std::int64_t>(images.size()) + 1, name});
        found_ = find_picture_files(images, folder_.path());
        std::vector<std::string> places;
        for (const auto& file : found_.files)
            places.push_back(file ? file->lexically_relative(folder_.path()).string() : file.error().message);
        return places;
    }

    test::TempDir folder_;
    PictureFiles found_;
};

TEST_F(Files, OfTheWholeNameAreTakenFirst) {
    touch("a.png");
    touch("x/a.png");
    EXPECT_THAT(find({"a.png", "x/a.png"}), testing::ElementsAre("a.png", "x/a.png"));
    EXPECT_EQ(found_.by_end_of_name, 0U);
}

TEST_F(Files, AreFoundByTheEndOfTheName) {
    touch("a.png");
    touch("x/b.png");
    touch("x/e\u0301.png");
    EXPECT_THAT(find({"C:\\data\\a.png", "../x\\b.png", "upload/4/\u00E9.png"}),
                testing::ElementsAre("a.png", "x/b.png", "x/e\u0301.png"));
    EXPECT_EQ(found_.by_end_of_name, 3U);
    EXPECT_EQ(found_.example, "C:\\data\\a.png is a.png");
}

TEST_F(Files, ThatMayBeTwoAreBothNamed) {
    touch("x/a.png");
    touch("y/a.png");
    EXPECT_THAT(find({"z/a.png"})[0],
                testing::AllOf(HasSubstr("image 1: file_name z/a.png may be x/a.png or y/a.png in "),
                               HasSubstr("; name the folder in file_name")));
}

TEST_F(Files, ThatAnotherImageHasAreNotTakenForThoseThatAreMissing) {
    touch("line2/a.png");
    const auto exact = find({"line1/a.png", "line2/a.png"});
    EXPECT_THAT(exact[0], HasSubstr("line2/a.png is the picture of image 2 (line2/a.png); give file_name"));
    EXPECT_EQ(exact[1], "line2/a.png");
    const auto by_end = find({"C:\\line1\\a.png", "C:\\line2\\a.png"});
    EXPECT_THAT(by_end[0], HasSubstr("line2/a.png is the picture of image 2"));
    EXPECT_EQ(by_end[1], "line2/a.png");
    const auto alike = find({"1\\a.png", "2\\a.png"});
    EXPECT_THAT(alike[0], HasSubstr("line2/a.png may also be that of image 2 (2\\a.png)"));
    EXPECT_THAT(alike[1], HasSubstr("line2/a.png may also be that of image 1 (1\\a.png)"));
    EXPECT_EQ(found_.by_end_of_name, 0U);
}

TEST_F(Files, ThatAreNowhereAreToldByTheirWholeName) {
    EXPECT_THAT(find({"x/a.png"}), testing::ElementsAre("x/a.png")) << "reading it says that it is missing";
    EXPECT_TRUE(find_picture_files({{1, "a.png"}}, folder_ / "none").files[0].ok());
}

} // namespace
} // namespace detect::evaluation
