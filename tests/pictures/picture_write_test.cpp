// SPDX-License-Identifier: Apache-2.0
#include "generated_pictures.h"
#include "pictures/own_pictures.h"
#include "pictures/picture.h"

#include <csignal>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

namespace detect {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Picture gradient(PixelFormat format, int width, int height) {
    Picture picture{width, height, format, {}};
    picture.pixels.resize(static_cast<std::size_t>(width * height) * bytes_per_pixel(format));
    std::uint32_t value = 7;
    for (std::byte& byte : picture.pixels) byte = static_cast<std::byte>((value = value * 1103515245U + 12345U) >> 20U);
    return picture;
}

std::size_t files_in(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

std::filesystem::path fresh_folder(const std::string& name) {
    const auto folder = test::scratch_folder() / name;
    std::filesystem::create_directories(folder);
    return folder;
}

TEST(WritePicture, PngReadsBackExactly) {
    const auto folder = fresh_folder("png");
    for (const PixelFormat format : {PixelFormat::grey8, PixelFormat::grey16, PixelFormat::rgb8, PixelFormat::rgb16}) {
        const Picture picture = gradient(format, 37, 21);
        const auto written = write_picture(folder / "picture.png", picture.view());
        ASSERT_TRUE(written.ok()) << written.error().message;
        const auto read = read_picture(folder / "picture.png");
        ASSERT_TRUE(read.ok()) << read.error().message;
        EXPECT_EQ(read->format, format);
        EXPECT_EQ(read->pixels, picture.pixels);
    }
    EXPECT_EQ(files_in(folder), 1U);
}

TEST(WritePicture, TextsStandBehindTheMarkHoweverLongTheyAre) {
    const auto folder = fresh_folder("texts");
    const Picture picture = gradient(PixelFormat::rgb8, 200, 100); // of more bytes than are looked at
    std::string longest = "begin ";
    while (longest.size() < 200'000) longest += "短路";
    const std::vector<PictureText> texts{{"detect:first", longest}, {"detect:second", "{}"}};
    for (const char* name : {"picture.png", "picture.jpg"}) {
        ASSERT_TRUE(write_picture(folder / name, picture.view(), PictureOrigin::ours, texts).ok());
        EXPECT_TRUE(is_ours(folder / name)) << name;
        EXPECT_TRUE(read_picture(folder / name).ok()) << name;
        const auto bytes = read_picture_file(folder / name);
        const std::string_view file(reinterpret_cast<const char*>(bytes->data()), bytes->size());
        EXPECT_NE(file.find("begin 短路"), std::string_view::npos) << name;
        EXPECT_NE(file.find("detect:second"), std::string_view::npos) << name;
    }
    ASSERT_TRUE(write_picture(folder / "picture.png", picture.view(), PictureOrigin::unsaid, texts).ok());
    EXPECT_FALSE(is_ours(folder / "picture.png"));
}

TEST(WritePicture, ChannelOrderAndPaddedRows) {
    const auto path = fresh_folder("order") / "picture.PNG";
    // Two pixels, blue first, four bytes each; rows padded to 12 bytes.
    const std::vector<std::uint8_t> pixels{1, 2, 3, 255, 4, 5, 6, 255, 99, 99, 99, 99, 7, 8, 9, 255, 10, 11, 12, 255};
    ASSERT_TRUE(write_picture(path, {pixels.data(), 2, 2, 12, PixelFormat::bgra8}).ok());
    const auto read = read_picture(path);
    ASSERT_TRUE(read.ok());
    const std::vector<std::uint8_t> rgb{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10};
    ASSERT_EQ(read->pixels.size(), rgb.size());
    EXPECT_EQ(std::memcmp(read->pixels.data(), rgb.data(), rgb.size()), 0);
}

TEST(WritePicture, JpegIsClose) {
    const auto path = fresh_folder("jpeg") / "picture.jpg";
    Picture picture{64, 64, PixelFormat::bgr8, std::vector<std::byte>(64 * 64 * 3)};
    for (std::size_t i = 0; i < picture.pixels.size(); i += 3) picture.pixels[i] = std::byte{200};
    ASSERT_TRUE(write_picture(path, picture.view()).ok());
    const auto read = read_picture(path);
    ASSERT_TRUE(read.ok());
    EXPECT_LE(std::to_integer<int>(read->pixels[0]), 3);
    EXPECT_NEAR(std::to_integer<int>(read->pixels[2]), 200, 3);
}

TEST(WritePicture, RefusesAndLeavesNothingBehind) {
    const auto folder = fresh_folder("refused");
    const Picture picture = gradient(PixelFormat::rgb8, 8, 8);
    const auto refusal = [&](const std::filesystem::path& path, const ImageView& view) {
        const auto written = write_picture(path, view);
        EXPECT_FALSE(written.ok()) << path;
        if (written.ok()) return std::string();
        EXPECT_THAT(written.error().message, StartsWith(path.string() + ": "));
        return written.error().message;
    };
    EXPECT_THAT(refusal(folder / "picture.gif", picture.view()), HasSubstr(".png, .jpg or .jpeg"));
    EXPECT_THAT(refusal(folder / "picture", picture.view()), HasSubstr(".png, .jpg or .jpeg"));
    EXPECT_THAT(refusal(folder / "missing" / "picture.png", picture.view()), HasSubstr("No such file"));
    EXPECT_THAT(refusal(folder / "wide.jpg", gradient(PixelFormat::rgb16, 8, 8).view()), HasSubstr("as .png"));
    EXPECT_THAT(refusal(folder / "float.png", {picture.pixels.data(), 1, 1, 12, PixelFormat::rgb_float}),
                HasSubstr("to_rgb8"));
    EXPECT_THAT(refusal(folder / "null.png", {nullptr, 1, 1, 3, PixelFormat::rgb8}), HasSubstr("null"));
    EXPECT_EQ(files_in(folder), 0U);

    std::filesystem::create_directory(folder / "folder.png");
    EXPECT_THAT(refusal(folder / "folder.png", picture.view()), HasSubstr("directory"));
    EXPECT_EQ(files_in(folder), 1U);
    if (::geteuid() != 0) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
        EXPECT_THAT(refusal(folder / "picture.png", picture.view()), HasSubstr("ermission"));
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
    }
}

/// Files larger than this cannot be written while it lives, as on a full disk.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_limit_);
        const rlimit limit{bytes, old_limit_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_limit_);
        std::signal(SIGXFSZ, old_handler_);
    }

private:
    void (*old_handler_)(int);
    rlimit old_limit_{};
};

TEST(WritePicture, AFullDiskLeavesTheOldFileAndNothingElse) {
    const auto folder = fresh_folder("full");
    ASSERT_TRUE(write_picture(folder / "picture.png", gradient(PixelFormat::rgb8, 4, 4).view()).ok());
    {
        const FileSizeLimit limit(1000);
        const auto written = write_picture(folder / "picture.png", gradient(PixelFormat::rgb8, 200, 200).view());
        ASSERT_FALSE(written.ok());
        EXPECT_THAT(written.error().message, HasSubstr("picture.png: cannot be written: File too large"));
    }
    EXPECT_EQ(read_picture(folder / "picture.png")->width, 4);
    EXPECT_EQ(files_in(folder), 1U);
}

TEST(WritePicture, ADeviceIsNotReplaced) {
    const auto folder = fresh_folder("device");
    std::filesystem::create_symlink("/dev/null", folder / "null.png");
    EXPECT_FALSE(write_picture(folder / "null.png", gradient(PixelFormat::rgb8, 8, 8).view()).ok());
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(WritePicture, ALinkStaysALink) {
    const auto folder = fresh_folder("link");
    ASSERT_TRUE(write_picture(folder / "real.png", gradient(PixelFormat::rgb8, 4, 4).view()).ok());
    std::filesystem::create_symlink(folder / "real.png", folder / "link.png");
    ASSERT_TRUE(write_picture(folder / "link.png", gradient(PixelFormat::rgb8, 9, 9).view()).ok());
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.png"));
    EXPECT_EQ(read_picture(folder / "real.png")->width, 9);
}

} // namespace
} // namespace detect
