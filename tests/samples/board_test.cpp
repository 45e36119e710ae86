// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

// samples/board.png and samples/board.json are what samples/draw_board.cpp draws.
namespace detect {
namespace {

const std::filesystem::path samples = DETECT_SAMPLES_DIR;

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Exit code of the program with these arguments.
int run_draw_board(const std::vector<std::filesystem::path>& arguments) {
    std::string command = DETECT_DRAW_BOARD;
    for (const auto& argument : arguments) command.append(" '").append(argument.string()).append("'");
    const int status = std::system(command.append(" 2>/dev/null").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class DrawBoard : public testing::Test {
protected:
    DrawBoard() : folder_(std::filesystem::temp_directory_path() / ("detect_board_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~DrawBoard() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_;
};

TEST_F(DrawBoard, GivesTheFilesInTheTree) {
    const auto png = folder_ / "board.png";
    const auto json = folder_ / "board.json";
    ASSERT_EQ(run_draw_board({png, json}), 0);
    EXPECT_EQ(read_text(json), read_text(samples / "board.json"));

    const auto drawn = read_picture(png);
    const auto kept = read_picture(samples / "board.png");
    ASSERT_TRUE(drawn.ok() && kept.ok());
    EXPECT_EQ(drawn->width, 640);
    EXPECT_EQ(drawn->height, 640);
    EXPECT_EQ(drawn->format, kept->format);
    EXPECT_EQ(drawn->pixels, kept->pixels);
}

TEST_F(DrawBoard, SaysWhatIsWrong) {
    EXPECT_EQ(run_draw_board({}), 2);
    EXPECT_EQ(run_draw_board({folder_ / "missing" / "board.png", "/dev/null"}), 1);
    EXPECT_EQ(run_draw_board({folder_ / "board.png", folder_ / "missing" / "board.json"}), 1);
}

TEST(Board, IsBinarisedAndSmall) {
    const auto picture = read_picture(samples / "board.png");
    ASSERT_TRUE(picture.ok()) << picture.error().message;
    EXPECT_TRUE(std::all_of(picture->pixels.begin(), picture->pixels.end(),
                            [](std::byte value) { return value == std::byte{0} || value == std::byte{255}; }));
    EXPECT_LT(std::filesystem::file_size(samples / "board.png"), 100'000U);
}

TEST(Board, TruthCoversAllClassesWithSeparateBoxesOfTheUsualSize) {
    const auto truth = nlohmann::json::parse(read_text(samples / "board.json"));
    ASSERT_EQ(truth["images"].size(), 1U);
    EXPECT_EQ(truth["images"][0]["file_name"], "board.png");
    ASSERT_EQ(truth["categories"].size(), 6U);
    EXPECT_EQ(truth["categories"][1], (nlohmann::json{{"id", 2}, {"name", "short"}}));

    const auto& annotations = truth["annotations"];
    EXPECT_GE(annotations.size(), 12U);
    std::map<int, int> per_class;
    for (std::size_t i = 0; i < annotations.size(); ++i) {
        ++per_class[annotations[i]["category_id"].get<int>()];
        const auto a = annotations[i]["bbox"].get<std::vector<int>>();
        EXPECT_GE(std::min(a[2], a[3]), 25);
        EXPECT_LE(std::max(a[2], a[3]), 70);
        EXPECT_GE(std::min(a[0], a[1]), 0);
        EXPECT_LE(std::max(a[0] + a[2], a[1] + a[3]), 640);
        for (std::size_t j = 0; j < i; ++j) {
            const auto b = annotations[j]["bbox"].get<std::vector<int>>();
            const bool apart = a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1];
            EXPECT_TRUE(apart) << i << " and " << j;
        }
    }
    for (int label = 1; label <= 6; ++label) EXPECT_GE(per_class[label], 2) << label;
}

} // namespace
} // namespace detect
