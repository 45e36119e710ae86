// SPDX-License-Identifier: Apache-2.0
// What holds for every format in the list, whichever it is: a new one is tested here without a line being added.

#include "results/formats.h"
#include "tests/support/temp_dir.h"

#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace fs = std::filesystem;

const std::vector<std::string> labels{"first", "second"};

std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// A result of a picture that is really there: only then can it be told whether it has changed.
PictureResult result_of(const fs::path& picture) {
    std::ofstream(picture) << "a picture";
    return {picture.string(), 20, 10, {{{1, 2, 3, 4}, 1, 0.9F}, {{0, 0, 8, 8}, 2, 0.6F}}};
}

void change(const fs::path& picture, const fs::path& written) {
    fs::last_write_time(picture, fs::last_write_time(written) + std::chrono::seconds(10));
}

TEST(Formats, HaveFlagsOfTheirOwnAndSayWhatTheyAre) {
    std::set<std::string_view> flags;
    const auto check = [&](const FormatOption& option) {
        EXPECT_THAT(std::string(option.flag), StartsWith("--"));
        EXPECT_TRUE(flags.insert(option.flag).second) << option.flag;
        EXPECT_FALSE(option.help.empty() || option.help.ends_with('.')) << option.flag;
    };
    for (const CollectedFormat* format : collected_formats()) {
        check(format->option);
        EXPECT_EQ(format->option.value, "FILE");
        if (!format->companion.flag.empty()) check(format->companion);
    }
    for (const PictureFormat* format : picture_formats()) {
        check(format->option);
        EXPECT_EQ(format->option.value, "DIR");
    }
}

class Collected : public testing::TestWithParam<const CollectedFormat*> {
protected:
    std::unique_ptr<CollectedWriter> open() { return *GetParam()->open({.file = file_, .labels = labels}); }
    void write(const std::vector<PictureResult>& results) {
        const auto writer = open();
        for (const PictureResult& result : results) ASSERT_TRUE(writer->add(result).ok());
        ASSERT_TRUE(writer->close().ok());
    }

    TempDir folder_;
    fs::path file_ = folder_ / "found";
};

TEST_P(Collected, WithoutAResultThereIsNoFile) {
    write({});
    EXPECT_FALSE(fs::exists(file_));
}

TEST_P(Collected, AStreamGetsWhatAFileGets) {
    const PictureResult result = result_of(folder_ / "a.png");
    write({result});
    std::ostringstream stream;
    const auto writer = *GetParam()->open({.stream = &stream, .labels = labels});
    ASSERT_TRUE(writer->add(result).ok());
    ASSERT_TRUE(writer->close().ok());
    EXPECT_EQ(stream.str(), text_of(file_));
}

TEST_P(Collected, WhatWasWrittenIsThereTheNextTime) {
    const PictureResult result = result_of(folder_ / "a.png");
    write({result});
    const std::string once = text_of(file_);
    const auto writer = open();
    EXPECT_FALSE(writer->has(result.file, false)) << "nothing has been read yet";
    ASSERT_TRUE(writer->resume().ok());
    EXPECT_TRUE(writer->has(result.file, false));
    EXPECT_FALSE(writer->says_nothing_was_found(result.file));
    EXPECT_FALSE(writer->has((folder_ / "b.png").string(), false));
    // Nothing came: the file is left alone. The same again takes the place of what was there.
    ASSERT_TRUE(writer->close().ok());
    EXPECT_EQ(text_of(file_), once);
    const auto again = open();
    ASSERT_TRUE(again->resume().ok() && again->add(result).ok() && again->close().ok());
    const auto third = open();
    ASSERT_TRUE(third->resume().ok());
    EXPECT_TRUE(third->has(result.file, false));
    EXPECT_LE(text_of(file_).size(), once.size() + 1) << "twice the same picture";
}

TEST_P(Collected, AddsToWhatIsThere) {
    const PictureResult a = result_of(folder_ / "a.png");
    const PictureResult b = result_of(folder_ / "b.png");
    write({a});
    const auto writer = open();
    ASSERT_TRUE(writer->resume().ok() && writer->add(b).ok() && writer->close().ok());
    const std::string in_two_runs = text_of(file_);
    write({a, b});
    EXPECT_EQ(in_two_runs, text_of(file_));
}

TEST_P(Collected, AResultFromBeforeThePictureChangedIsNone) {
    const PictureResult result = result_of(folder_ / "a.png");
    write({result});
    change(result.file, file_);
    const auto writer = open();
    ASSERT_TRUE(writer->resume().ok());
    EXPECT_FALSE(writer->has(result.file, false));
}

TEST_P(Collected, APictureWithoutDetectionsIsKnownOrNeedNotBe) {
    PictureResult result = result_of(folder_ / "a.png");
    result.detections.clear();
    write({result});
    const auto writer = open();
    ASSERT_TRUE(writer->resume().ok());
    EXPECT_TRUE(writer->has(result.file, true));
    EXPECT_EQ(writer->has(result.file, false), writer->says_nothing_was_found(result.file));
}

TEST_P(Collected, SomethingElseIsRefusedInWordsOfItsOwn) {
    std::ofstream(file_) << "something else\n";
    const auto read = open()->resume();
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, ErrorCode::unreadable_input);
    EXPECT_THAT(read.error().message, StartsWith(file_.string() + ": is not "));
    EXPECT_THAT(read.error().message.substr(file_.string().size()), Not(HasSubstr("--"))) << "whose command is it?";
    EXPECT_EQ(text_of(file_), "something else\n");
}

TEST_P(Collected, TextInAnotherEncodingIsRefused) {
    write({result_of(folder_ / "a.png")});
    std::string text = text_of(file_);
    const std::size_t at = text.find("a.png");
    if (GetParam()->option.flag == "--coco") GTEST_SKIP() << "JSON's parser says so";
    ASSERT_NE(at, std::string::npos);
    text[at] = '\xE9';
    std::ofstream(file_, std::ios::binary) << text;
    const auto read = open()->resume();
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, ErrorCode::unreadable_input);
    EXPECT_THAT(read.error().message, HasSubstr("is not UTF-8 (byte " + std::to_string(at + 1)));
}

TEST_P(Collected, AFolderThatIsMissingIsSaid) {
    file_ = folder_ / "missing" / "found";
    const auto writer = GetParam()->open({.file = file_, .labels = labels});
    ASSERT_FALSE(writer.ok());
    EXPECT_EQ(writer.error().code, ErrorCode::unwritable_output);
    EXPECT_THAT(writer.error().message, StartsWith(file_.string()));
}

TEST_P(Collected, OfTwoWritersTheSecondIsRefusedUntilTheFirstIsDone) {
    const auto first = open();
    const auto second = GetParam()->open({.file = file_, .labels = labels});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::unwritable_output);
    EXPECT_THAT(second.error().message, HasSubstr("another program is writing it"));
    ASSERT_TRUE(first->add(result_of(folder_ / "a.png")).ok() && first->close().ok());
    const auto third = open();
    ASSERT_TRUE(third->resume().ok());
    EXPECT_TRUE(third->has((folder_ / "a.png").string(), false)) << "what the first wrote";
}

/// Under the temporary name it is whole, too: of formats that are written at the end, nothing is lost either.
TEST_P(Collected, WhatAKilledProgramLeftUnderTheTemporaryNameIsTakenOver) {
    write({result_of(folder_ / "a.png"), result_of(folder_ / "b.png")});
    const std::string whole = text_of(file_);
    const fs::path part = file_.string() + ".part";
    fs::rename(file_, part);
    std::ofstream(file_.string() + ".partial-0123456789abcdef") << "half";
    {
        const auto writer = open();
        ASSERT_TRUE(writer->file()->has_left());
        ASSERT_TRUE(writer->resume().ok());
        EXPECT_TRUE(writer->has((folder_ / "a.png").string(), false));
        EXPECT_TRUE(writer->has((folder_ / "b.png").string(), false));
        ASSERT_TRUE(writer->close().ok());
    }
    EXPECT_EQ(text_of(file_), whole);
    EXPECT_FALSE(fs::exists(part));
    EXPECT_FALSE(fs::exists(file_.string() + ".partial-0123456789abcdef"));
}

TEST_P(Collected, NothingIsWrittenThroughWhatStandsUnderTheTemporaryName) {
    const fs::path part = file_.string() + ".part";
    std::ofstream(folder_ / "victim") << "as it was";
    for (const char* target : {"victim", "missing"}) {
        fs::create_symlink(target, part);
        const auto writer = GetParam()->open({.file = file_, .labels = labels});
        ASSERT_FALSE(writer.ok());
        EXPECT_EQ(writer.error().code, ErrorCode::unwritable_output);
        EXPECT_THAT(writer.error().message, StartsWith(part.string() + ": is no file that 'detect' left"));
        EXPECT_TRUE(fs::is_symlink(part)) << "it is not ours to remove";
        fs::remove(part);
    }
    EXPECT_FALSE(fs::exists(folder_ / "missing"));
    // Another name of somebody's file: neither added to nor overwritten.
    fs::create_hard_link(folder_ / "victim", part);
    write({result_of(folder_ / "a.png")});
    EXPECT_EQ(text_of(folder_ / "victim"), "as it was");
    EXPECT_FALSE(fs::exists(part));
}

TEST_P(Collected, APictureThatWasNotJudgedIsNotDone) {
    PictureResult result = result_of(folder_ / "a.png");
    result.detections.clear();
    result.error = Remark{"unreadable_input", "a.png: cut off"};
    if (!GetParam()->holds_errors) GTEST_SKIP() << "the format has no place for it";
    write({result});
    const auto writer = open();
    ASSERT_TRUE(writer->resume().ok());
    EXPECT_FALSE(writer->has(result.file, false));
    EXPECT_FALSE(writer->says_nothing_was_found(result.file));
}

INSTANTIATE_TEST_SUITE_P(Formats, Collected, testing::ValuesIn(collected_formats().begin(), collected_formats().end()),
                         [](const auto& format) { return std::string(format.param->option.flag.substr(2)); });

class PerPicture : public testing::TestWithParam<const PictureFormat*> {
protected:
    std::unique_ptr<PictureWriter> open() {
        return GetParam()->open({.folder = folder_ / "results", .labels = labels});
    }
    void write(const fs::path& stem, const PictureResult& result) {
        const auto writer = open();
        ASSERT_TRUE(writer->make_folder_of(stem).ok());
        ASSERT_TRUE(writer->begin().ok());
        ASSERT_TRUE(writer->write(stem, result, picture_).ok());
    }

    TempDir folder_;
    Picture picture_{.width = 20, .height = 10, .pixels = std::vector<std::byte>(600, std::byte{90})};
};

TEST_P(PerPicture, WhatWasWrittenIsThereTheNextTime) {
    const PictureResult result = result_of(folder_ / "a.png");
    write("below/a", result);
    const auto writer = open();
    writer->resume();
    EXPECT_TRUE(writer->has("below/a", result.file, false));
    EXPECT_FALSE(writer->has("below/b", result.file, false));
    if (const fs::path file = writer->file("below/a"); !file.empty()) {
        EXPECT_TRUE(fs::is_regular_file(file));
        change(result.file, file);
        EXPECT_FALSE(writer->has("below/a", result.file, false)) << "the picture has changed";
    }
}

TEST_P(PerPicture, APictureWithoutDetectionsIsKnownOrNeedNotBe) {
    PictureResult result = result_of(folder_ / "a.png");
    result.detections.clear();
    write("a", result);
    const auto writer = open();
    writer->resume();
    EXPECT_TRUE(writer->has("a", result.file, true));
}

TEST_P(PerPicture, TheFoldersOwnFileIsNoPictures) {
    write("a", result_of(folder_ / "a.png"));
    const std::string reserved(GetParam()->reserved_stem);
    for (const auto& entry : fs::directory_iterator(folder_ / "results")) {
        if (!entry.is_regular_file() || entry.path().stem() == "a") continue;
        EXPECT_EQ(entry.path().stem(), reserved);
    }
}

TEST_P(PerPicture, AFileWhereTheFolderIsToBeIsSaid) {
    std::ofstream(folder_ / "results") << "as it was";
    const auto writer = open();
    auto written = writer->make_folder_of("a");
    if (written) written = writer->write("a", result_of(folder_ / "a.png"), picture_);
    ASSERT_FALSE(written.ok());
    EXPECT_EQ(written.error().code, ErrorCode::unwritable_output);
    EXPECT_EQ(text_of(folder_ / "results"), "as it was");
}

INSTANTIATE_TEST_SUITE_P(Formats, PerPicture, testing::ValuesIn(picture_formats().begin(), picture_formats().end()),
                         [](const auto& format) { return std::string(format.param->option.flag.substr(2)); });

} // namespace
} // namespace detect::test
