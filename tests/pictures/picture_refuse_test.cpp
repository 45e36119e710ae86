// SPDX-License-Identifier: Apache-2.0
#include "generated_pictures.h"
#include "pictures/picture.h"

#include <cstdint>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

// What must not be read: an error of one line that names file and cause, and nothing on stderr.
namespace detect {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

void expect_one_line(const Error& error, const std::string& name) {
    EXPECT_THAT(error.message, StartsWith(name + ": "));
    EXPECT_THAT(error.message, Not(HasSubstr("\n")));
}

/// The error of reading this file, checked for form.
Error refusal(const std::filesystem::path& path) {
    const auto picture = read_picture(path);
    EXPECT_FALSE(picture.ok()) << path;
    if (picture.ok()) return {};
    expect_one_line(picture.error(), path.string());
    return picture.error();
}

class QuietTest : public testing::Test {
protected:
    void SetUp() override { testing::internal::CaptureStderr(); }
    void TearDown() override { EXPECT_EQ(testing::internal::GetCapturedStderr(), ""); }
};

using RefusePicture = QuietTest;

TEST_F(RefusePicture, FilesThatAreNoPictures) {
    const auto folder = test::scratch_folder() / "refuse";
    std::filesystem::create_directories(folder);
    EXPECT_THAT(refusal(folder / "missing.png").message, HasSubstr("no such file"));
    EXPECT_THAT(refusal(folder / "missing" / "picture.png").message, HasSubstr("no such file"));
    EXPECT_THAT(refusal(folder).message, HasSubstr("is a folder"));
    EXPECT_THAT(refusal("/dev/null").message, HasSubstr("is a device"));

    test::write_bytes(folder / "empty.png", {});
    EXPECT_THAT(refusal(folder / "empty.png").message, HasSubstr("is empty"));
    std::ofstream(folder / "notes.png") << "not a picture\nat all\n";
    EXPECT_THAT(refusal(folder / "notes.png").message, HasSubstr("it is a text file"));
    std::ofstream(folder / "board.pth") << "PK\x03\x04" << std::string(100, '\x01');
    EXPECT_THAT(refusal(folder / "board.pth").message, HasSubstr("ZIP archive"));
    if (::geteuid() != 0) {
        std::ofstream(folder / "secret.png") << "x";
        std::filesystem::permissions(folder / "secret.png", std::filesystem::perms::none);
        EXPECT_THAT(refusal(folder / "secret.png").message, HasSubstr("ermission"));
    }
}

TEST_F(RefusePicture, AFileNameCannotBreakTheLine) {
    const auto picture = read_picture("two\nlines.png");
    ASSERT_FALSE(picture.ok());
    expect_one_line(picture.error(), "two?lines.png");
}

/// Before anything is decoded, of every kind.
TEST_F(RefusePicture, MorePixelsThanIsAskedFor) {
    DETECT_NEED_PICTURES();
    for (const auto& path : test::pictures_ending_in("")) {
        const auto whole = read_picture(path);
        ASSERT_TRUE(whole.ok()) << path;
        const std::int64_t pixels = std::int64_t{whole->width} * whole->height;
        EXPECT_TRUE(read_picture(path, 1, {.pixels = pixels}).ok()) << path;
        const auto refused = read_picture(path, 1, {.pixels = pixels - 1});
        ASSERT_FALSE(refused.ok()) << path;
        EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
        EXPECT_THAT(refused.error().message, HasSubstr("the limit is " + std::to_string(pixels - 1) + " pixels"));
    }
}

TEST_F(RefusePicture, RareAndBrokenVariants) {
    DETECT_NEED_PICTURES();
    const auto folder = *test::generated_pictures();
    EXPECT_THAT(refusal(folder / "float_nan.tif.bad").message, HasSubstr("NaN or infinity (first at x 9, y 7)"));
    EXPECT_THAT(refusal(folder / "float_infinite.tif.bad").message, HasSubstr("NaN or infinity"));
    EXPECT_EQ(refusal(folder / "signed.tif.bad").code, ErrorCode::unsupported);
    EXPECT_THAT(refusal(folder / "wide.tif.bad").message, HasSubstr("32-bit unsigned"));
    EXPECT_THAT(refusal(folder / "palette_too_short.bmp.bad").message, HasSubstr("outside the palette"));
    EXPECT_EQ(refusal(folder / "run_lengths.bmp.bad").code, ErrorCode::unsupported);
    EXPECT_THAT(refusal(folder / "lying.png.bad").message, HasSubstr("too short for the size it states"));
}

TEST_F(RefusePicture, SizesBeyondTheLimitBeforeAnyAllocation) {
    DETECT_NEED_PICTURES();
    const auto bombs = test::pictures_ending_in(".bomb");
    ASSERT_EQ(bombs.size(), 5U);
    for (const auto& bomb : bombs) {
        const Error error = refusal(bomb);
        EXPECT_EQ(error.code, ErrorCode::resource_limit) << error.message;
        EXPECT_THAT(error.message, HasSubstr("the limit is 268435456 pixels"));
    }
}

/// One of each codec and way of packing, small enough to be cut everywhere.
const std::vector<std::string> cut_files{"rgb.jpg",        "subsampled.jpg", "progressive.jpg", "grey.jpg",
                                         "cmyk.jpg",       "rgb8.png",       "grey16.png",      "palette.png",
                                         "interlaced.png", "rgb.tif",        "lzw.tif",         "group4.tif",
                                         "palette.tif",    "rgb8_tiles.tif", "deflate.tif",     "jpeg.tif",
                                         "lossy.webp",     "turned6.webp",   "rgb.bmp",         "palette_4bit.bmp"};

TEST_F(RefusePicture, EveryCutPoint) {
    DETECT_NEED_PICTURES();
    for (const std::string& name : cut_files) {
        const auto file = test::read_bytes(*test::generated_pictures() / name);
        const auto whole = decode_picture(file, name);
        ASSERT_TRUE(whole.ok());
        for (std::size_t size = 0; size < file.size(); ++size) {
            const auto picture = decode_picture(std::span(file).first(size), name);
            // A TIFF may end in a directory's link to a next page that there is not: no pixel is lost with it.
            if (picture.ok() && name == "group4.tif" && size + 4 >= file.size()) {
                ASSERT_EQ(picture->pixels, whole->pixels);
                continue;
            }
            ASSERT_FALSE(picture.ok()) << name << " cut to " << size << " of " << file.size() << " bytes";
            expect_one_line(picture.error(), name);
        }
    }
}

TEST_F(RefusePicture, FlippedBitsNeverCrash) {
    DETECT_NEED_PICTURES();
    std::uint64_t state = 1;
    std::size_t refused = 0;
    for (const std::string& name : cut_files) {
        const auto file = test::read_bytes(*test::generated_pictures() / name);
        for (int flip = 0; flip < 300; ++flip) {
            auto damaged = file;
            state = state * 6364136223846793005U + 1442695040888963407U;
            const std::size_t bit = (state >> 20U) % (8 * file.size());
            damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            const auto picture = decode_picture(damaged, name);
            if (picture.ok()) {
                EXPECT_EQ(picture->pixels.size(),
                          picture->view().stride_bytes * static_cast<std::size_t>(picture->height));
                continue;
            }
            ++refused;
            expect_one_line(picture.error(), name);
        }
    }
    EXPECT_GT(refused, 500U);
}

TEST_F(RefusePicture, EveryFlippedBitOfAPngIsNoticedByItsChecksums) {
    DETECT_NEED_PICTURES();
    const auto file = test::read_bytes(*test::generated_pictures() / "palette.png");
    for (std::size_t byte = 8; byte < file.size(); byte += 3) {
        auto damaged = file;
        damaged[byte] ^= std::byte{0x10};
        EXPECT_FALSE(decode_picture(damaged, "palette.png").ok()) << "byte " << byte;
    }
}

} // namespace
} // namespace detect
