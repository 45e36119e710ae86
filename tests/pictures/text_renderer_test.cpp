// SPDX-License-Identifier: Apache-2.0
#include "pictures/text_renderer.h"
#include "pictures/text_runs.h"

#include <algorithm>
#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// In no font: a plane for private use, and a character that will never be one.
const std::string in_no_font = "\U000F1234";

class Text : public testing::Test {
protected:
    void SetUp() override {
        if (!renderer_.has_fonts()) GTEST_SKIP() << "no font is installed: install fonts-dejavu-core";
    }
    TextRenderer renderer_;
};

std::size_t ink(const TextBitmap& text) {
    return static_cast<std::size_t>(std::ranges::count_if(text.coverage, [](auto value) { return value > 127; }));
}

TEST_F(Text, HasTheSizeThatIsAskedFor) {
    for (const int size : {9, 14, 40, 200}) {
        const TextBitmap text = renderer_.render("Hg", size);
        EXPECT_NEAR(text.height(), size, 0.15 * size + 1);
        EXPECT_NEAR(text.width, 1.4 * size, 0.5 * size + 2);
        EXPECT_EQ(text.coverage.size(), static_cast<std::size_t>(text.width * text.height()));
        EXPECT_GT(ink(text), static_cast<std::size_t>(size));
    }
}

TEST_F(Text, EmptyTextsAndBlanksHaveNoInk) {
    EXPECT_THAT(renderer_.render("", 20).coverage, IsEmpty());
    EXPECT_EQ(ink(renderer_.render("  ", 20)), 0U);
    EXPECT_GT(renderer_.render("  ", 20).width, 4);
}

TEST_F(Text, AccentsStandOnTheirLetters) {
    const TextBitmap composed = renderer_.render("é", 30);
    const TextBitmap combined = renderer_.render("e\u0301", 30);
    EXPECT_EQ(combined.width, composed.width);
    EXPECT_EQ(combined.coverage, composed.coverage);
    EXPECT_GT(ink(composed), ink(renderer_.render("e", 30)));
}

TEST_F(Text, ACharacterThatNoFontHasIsABox) {
    const TextBitmap box = renderer_.render(in_no_font, 40);
    EXPECT_GT(ink(box), 100U);
    EXPECT_EQ(renderer_.render(in_no_font + in_no_font, 40).width, 2 * box.width);
    EXPECT_EQ(renderer_.missing(std::vector<std::string>{"a" + in_no_font, "b" + in_no_font}),
              std::vector<char32_t>{0xF1234});
    EXPECT_THAT(renderer_.missing(std::vector<std::string>{"short", "öffnung", "дефект", "tab\there"}), IsEmpty());
}

TEST_F(Text, BytesThatAreNoTextAreReplaced) {
    EXPECT_GT(ink(renderer_.render("\xFF\xFE", 30)), 0U);
    EXPECT_GT(ink(renderer_.render("cut \xE7\x9F", 30)), 0U);
}

TEST_F(Text, IsCutBeforeItTakesAllMemory) {
    const TextBitmap text = renderer_.render(std::string(20'000, 'W'), 400);
    EXPECT_EQ(text.width, 32767);
}

TEST_F(Text, ThreadsGetTheSamePixels) {
    const auto expected = renderer_.render("Größe 0.98", 17);
    std::vector<std::future<TextBitmap>> others;
    for (int i = 0; i < 4; ++i) {
        others.push_back(std::async(std::launch::async, [&, i] {
            for (int size = 10; size < 60; ++size) (void)renderer_.render("abc" + std::to_string(i), size);
            return renderer_.render("Größe 0.98", 17);
        }));
    }
    for (auto& other : others) EXPECT_EQ(other.get().coverage, expected.coverage);
}

/// Words in brackets run from the right.
std::string directions(const std::string& text) {
    InstalledFonts fonts;
    std::string marked;
    bool from_the_right = false;
    for (const TextRun& run : text_runs(text, fonts)) {
        if (run.from_the_right != from_the_right) marked += run.from_the_right ? "[" : "]";
        from_the_right = run.from_the_right;
        marked += text.substr(run.offset, run.length);
    }
    return marked + (from_the_right ? "]" : "");
}

TEST_F(Text, HebrewAndArabicRunFromTheRight) {
    EXPECT_EQ(directions("short 0.98"), "short 0.98");
    EXPECT_EQ(directions("שבר 0.98"), "[שבר] 0.98") << "the blank belongs to the number";
    EXPECT_EQ(directions("שבר בנתיב 0.98"), "[שבר בנתיב] 0.98");
    EXPECT_EQ(directions("خطأ في اللحام"), "[خطأ في اللحام]");
    EXPECT_EQ(directions("שבר 12 בנתיב"), "[שבר] 12 [בנתיב]") << "numbers divide words";
    EXPECT_EQ(directions("a שבר"), "a [שבר]");
}

TEST_F(Text, TheFirstHebrewLetterStandsAtTheRight) {
    const std::string aleph = "א";
    const std::string yod = "י"; // much narrower, and high up
    if (!renderer_.missing(std::vector<std::string>{aleph, yod}).empty()) GTEST_SKIP() << "no font has Hebrew letters";
    const TextBitmap both = renderer_.render(aleph + yod, 40);
    const TextBitmap last = renderer_.render(yod, 40);
    // The left columns are the second letter's.
    for (int y = 0; y < last.height(); ++y) {
        for (int x = 0; x < last.width - 2; ++x) {
            const auto pixel = [&](const TextBitmap& text) {
                const int row = y + text.ascent - last.ascent;
                return static_cast<int>(text.coverage[static_cast<std::size_t>(row * text.width + x)]);
            };
            ASSERT_NEAR(pixel(both), pixel(last), 80) << x << ", " << y;
        }
    }
    EXPECT_GT(both.width, last.width);
}

TEST(TextRuns, AreAllOfTheText) {
    InstalledFonts fonts;
    for (const std::string& text : {std::string("öffnung 短路 שבר"), std::string("\xFF\xE7"), std::string("\u0301a"),
                                    std::string("\0x", 2), in_no_font + "a"}) {
        std::size_t at = 0;
        for (const TextRun& run : text_runs(text, fonts)) {
            EXPECT_EQ(run.offset, at);
            EXPECT_GT(run.length, 0U);
            at += run.length;
        }
        EXPECT_EQ(at, text.size());
    }
}

} // namespace
} // namespace detect
