// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_pages.h"

#include "generated_pictures.h"
#include "pictures/picture.h"
#include "pictures/picture_kinds.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::filesystem::path write(const std::string& name, const std::string& content) {
    const auto path = test::scratch_folder() / name;
    const auto bytes = std::as_bytes(std::span(content));
    test::write_bytes(path, {bytes.begin(), bytes.end()});
    return path;
}

/// A number as a TIFF holds it.
std::string number(bool big_endian, std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        const std::size_t place = big_endian ? bytes - 1 - i : i;
        text += static_cast<char>((value >> (8 * place)) & 0xFFU);
    }
    return text;
}

struct TiffForm {
    bool big_endian = false;
    /// BigTIFF.
    bool wide = false;
};

/// A TIFF of pages of one grey pixel each: a page's number is its pixel's value. `types` says NewSubfileType of each
/// directory; `loop_to`: the directory behind the last one.
std::string tiff_of(const std::vector<std::uint32_t>& types, TiffForm form = {}, int loop_to = -1,
                    std::uint32_t first_tag = 0) {
    const auto word = [&](std::uint64_t value, std::size_t bytes) { return number(form.big_endian, value, bytes); };
    const std::size_t wide = form.wide ? 8 : 4;
    std::string file = form.big_endian ? "MM" : "II";
    file += word(form.wide ? 43 : 42, 2);
    if (form.wide) file += word(8, 2) + word(0, 2);
    const std::size_t header = file.size() + wide;
    file += word(header, wide);
    const std::size_t entries = first_tag != 0 ? 9 : 8;
    const std::size_t directory = (form.wide ? 8 : 2) + entries * (form.wide ? 20 : 12) + wide;
    const auto place = [&](std::size_t page) { return header + page * (directory + 8); };
    for (std::size_t page = 0; page < types.size(); ++page) {
        file += word(entries, form.wide ? 8 : 2);
        const auto entry = [&](std::uint64_t tag, std::uint64_t kind, std::uint64_t value) {
            const std::size_t bytes = kind == 3 ? 2 : 4;
            file += word(tag, 2) + word(kind, 2) + word(1, wide) + word(value, bytes) + std::string(wide - bytes, '\0');
        };
        entry(254, 4, types[page]);
        entry(256, 4, 1);
        entry(257, 4, 1);
        entry(258, 3, 8);
        entry(262, 3, 1);
        entry(273, 4, place(page) + directory);
        entry(278, 4, 1);
        entry(279, 4, 1);
        if (first_tag != 0) entry(first_tag, 4, 1);
        const bool last = page + 1 == types.size();
        const std::uint64_t behind = loop_to < 0 ? 0 : place(static_cast<std::size_t>(loop_to));
        file += word(last ? behind : place(page + 1), wide);
        file += static_cast<char>(page + 1) + std::string(7, '\0');
    }
    return file;
}

int pixel(const std::filesystem::path& path, std::int64_t page) {
    const auto picture = read_picture(path, page);
    EXPECT_TRUE(picture.ok()) << picture.error().message;
    return picture.ok() ? std::to_integer<int>(picture->pixels.at(0)) : -1;
}

TEST(TiffPages, EveryPageIsRead) {
    for (const TiffForm form : {TiffForm{false, false}, {true, false}, {false, true}, {true, true}}) {
        const auto path = write("pages.tif", tiff_of({0, 2, 0}, form));
        const auto found = find_pages(path);
        ASSERT_TRUE(found.ok());
        EXPECT_EQ(found->pages, 3);
        EXPECT_EQ(found->left_out, "");
        for (int page = 1; page <= 3; ++page) EXPECT_EQ(pixel(path, page), page);
        const auto beyond = read_picture(path, 4);
        ASSERT_FALSE(beyond.ok());
        EXPECT_EQ(beyond.error().message, path.string() + ": page 4: there is no such page; the last one is 3");
    }
}

TEST(TiffPages, ThumbnailsAndMasksAreNoPages) {
    const auto path = write("thumbnails.tif", tiff_of({1, 0, 1, 4, 5, 2}));
    EXPECT_EQ(find_pages(path)->pages, 2);
    EXPECT_EQ(pixel(path, 1), 2);
    EXPECT_EQ(pixel(path, 2), 6);
    const auto alone = write("thumbnail.tif", tiff_of({1}));
    EXPECT_EQ(find_pages(alone)->pages, 1);
    EXPECT_EQ(pixel(alone, 1), 1);
}

TEST(TiffPages, ALoopIsSaidAfterThePagesBeforeIt) {
    const auto found = find_pages(write("loop.tif", tiff_of({0, 0, 0}, {}, 1)));
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->pages, 3);
    EXPECT_THAT(found->left_out, HasSubstr("leads back to an earlier one"));
    std::string cut = tiff_of({0, 0});
    cut.resize(cut.size() - 30);
    EXPECT_THAT(find_pages(write("cut.tif", cut))->left_out, HasSubstr("leads out of the file"));
}

TEST(TiffPages, AMillionAreRefusedAtOnce) {
    const auto path = write("many.tif", tiff_of(std::vector<std::uint32_t>(1'000'000)));
    const auto start = std::chrono::steady_clock::now();
    const auto found = find_pages(path);
    const auto read = read_picture(path);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(found.error().message, HasSubstr("many.tif: has more than 4096 pages"));
    EXPECT_FALSE(read.ok());
}

TEST(TiffPages, ARawFileIsNotReadAsItsThumbnail) {
    for (const char* name : {"photo.nef", "photo.DNG"}) {
        const auto named = read_picture(write(name, tiff_of({1, 0})));
        ASSERT_FALSE(named.ok());
        EXPECT_THAT(named.error().message, HasSubstr("a camera's raw file is not read"));
    }
    const auto dng = read_picture(write("photo.tif", tiff_of({1, 0}, {}, -1, 50706)));
    ASSERT_FALSE(dng.ok());
    EXPECT_THAT(dng.error().message, HasSubstr("raw file (DNG)"));
}

std::string chunk(const std::string& kind, const std::string& data) {
    return number(true, data.size(), 4) + kind + data + std::string(4, '\0');
}

TEST(FurtherFrames, OfAnAnimatedPngAreCounted) {
    const std::string start = "\x89PNG\r\n\x1A\n" + chunk("IHDR", std::string(13, '\0'));
    const std::string frames = chunk("acTL", number(true, 3, 4) + number(true, 0, 4));
    const std::string frame = chunk("fcTL", std::string(26, '\0'));
    const std::string pixels = chunk("IDAT", "x");
    const auto left_out = [&](const std::string& file) { return find_pages(write("a.png", file))->left_out; };
    EXPECT_EQ(left_out(start + frames + frame + pixels + frame),
              "is an animated PNG: 2 further frames are not looked at; save the frames as pictures of their own");
    // The picture that others see is none of the frames.
    EXPECT_THAT(left_out(start + frames + pixels + frame), HasSubstr("3 further frames are"));
    EXPECT_EQ(left_out(start + pixels + frames), "");
    EXPECT_EQ(left_out(start + pixels), "");
}

TEST(FurtherFrames, OfAnAnimatedWebpAreCounted) {
    DETECT_NEED_PICTURES();
    const auto path = *test::generated_pictures() / "animated.webp";
    EXPECT_THAT(find_pages(path)->left_out, HasSubstr("an animated WebP: 2 further frames are not looked at"));
    EXPECT_FALSE(read_single_picture(path).ok());
    EXPECT_EQ(find_pages(*test::generated_pictures() / "lossy.webp")->left_out, "");
}

/// A JPEG's start with a Multi-Picture Format block that lists pictures of these types.
std::string multi_picture_jpeg(const std::vector<std::uint32_t>& types, bool big_endian, const std::string& xmp = {}) {
    const auto word = [&](std::uint64_t value, std::size_t bytes) { return number(big_endian, value, bytes); };
    std::string block = "MPF\0"s + (big_endian ? "MM\0*"s : "II*\0"s) + word(8, 4) + word(2, 2);
    block += word(0xB001, 2) + word(4, 2) + word(1, 4) + word(types.size(), 4);
    block += word(0xB002, 2) + word(7, 2) + word(16 * types.size(), 4) + word(38, 4) + word(0, 4);
    for (const std::uint32_t type : types) block += word(type, 4) + std::string(12, '\0');
    const auto segment = [](const std::string& marker, const std::string& data) {
        return marker + number(true, data.size() + 2, 2) + data;
    };
    std::string file = "\xFF\xD8" + segment("\xFF\xE0", "JFIF\0"s);
    if (!xmp.empty()) file += segment("\xFF\xE1", "http://ns.adobe.com/xap/1.0/\0"s + xmp);
    return file + segment("\xFF\xE2", block) + segment("\xFF\xDA", "pixels");
}

TEST(FurtherFrames, OfAMultiPictureJpegAreCounted) {
    for (const bool big_endian : {false, true}) {
        const auto left_out = [&](const std::vector<std::uint32_t>& types, const std::string& xmp = {}) {
            return find_pages(write("a.jpg", multi_picture_jpeg(types, big_endian, xmp)))->left_out;
        };
        EXPECT_EQ(left_out({0x20030000, 0x020002, 0x020002}), "is a multi-picture JPEG: 2 further pictures are not "
                                                              "looked at; save them as files of their own");
        EXPECT_EQ(left_out({0x20030000, 0x010001, 0x010002}), ""); // thumbnails
        EXPECT_THAT(left_out({0x20030000, 0}), HasSubstr("1 further picture is"));
        EXPECT_EQ(left_out({0x20030000, 0}, "xmlns:hdrgm=\"http://ns.adobe.com/hdr-gain-map/1.0/\""), "");
    }
}

TEST(FurtherFrames, AFileWithoutThemIsOnePage) {
    DETECT_NEED_PICTURES();
    for (const auto& path : test::pictures_ending_in("")) {
        if (path.filename() == "animated.webp") continue;
        const auto found = find_pages(path);
        ASSERT_TRUE(found.ok()) << found.error().message;
        EXPECT_EQ(found->pages, 1) << path;
        EXPECT_EQ(found->left_out, "") << path;
    }
    for (const char* path : {"/dev/null", "/", "missing.png"}) {
        EXPECT_EQ(find_pages(path)->pages, 1);
        EXPECT_EQ(find_pages(path)->left_out, "");
    }
}

TEST(PictureKinds, AreToldByTheirFirstBytes) {
    const auto name_of = [](const std::string& bytes) {
        const auto kind = picture_kind(std::as_bytes(std::span(bytes)));
        return kind ? std::string(kind->name) : "";
    };
    EXPECT_EQ(name_of("\xFF\xD8\xFF\xE0"), "a JPEG picture");
    EXPECT_EQ(name_of("GIF89a"), "a GIF");
    EXPECT_EQ(name_of("\0\0\0\x18"s + "ftypheic"), "a HEIC or AVIF picture");
    EXPECT_EQ(name_of("\0\0\0\x18"s + "ftypavif"), "a HEIC or AVIF picture");
    EXPECT_EQ(name_of("\0\0\0\x18"s + "ftypcrx "), "a camera's raw file");
    EXPECT_EQ(name_of("II*\0\x10\0\0\0CR\2"s), "a camera's raw file");
    EXPECT_EQ(name_of("P6\n20 10\n"), "a PNM picture");
    EXPECT_EQ(name_of("8BPS\0\1"s), "a Photoshop file");
    EXPECT_EQ(name_of(std::string(128, '\0') + "DICM"), "a DICOM file");
    for (const std::string& bytes :
         {""s, "P4"s, "P3 boards"s, "notes"s, "BM"s, "{\"images\": []}"s, "\0\0\0\x18"s + "ftypisom"})
        EXPECT_EQ(name_of(bytes), "");
    EXPECT_TRUE(picture_kind_of_name("a.JFIF")->is_read());
    EXPECT_FALSE(picture_kind_of_name("a.Nef")->is_read());
    EXPECT_FALSE(picture_kind_of_name("a.txt"));
}

} // namespace
} // namespace detect
