// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/report.h"

#include "evaluation/report/charts.h"
#include "evaluation/report/crop.h"
#include "evaluation/report/html.h"
#include "tests/evaluation/made_up.h"
#include "tests/support/require.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::evaluation {
namespace {

using test::require;
using testing::HasSubstr;
using testing::Not;

std::vector<std::byte> bytes(const std::string& text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

std::size_t occurrences(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(Html, EscapesWhatHasAMeaning) {
    EXPECT_EQ(html::escape("<b a=\"1\" c='2'>&amp;"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
    EXPECT_EQ(html::escape("Lötstelle 漏"), "Lötstelle 漏");
    EXPECT_EQ(html::escape("a\nb\x7F"), "a b ");
}

TEST(Html, WhatIsNotUtf8BecomesTheReplacementCharacter) {
    EXPECT_EQ(html::escape("a\xFFz"), "a\uFFFDz");
    EXPECT_EQ(html::escape("\xC3"), "\uFFFD") << "cut off";
    EXPECT_EQ(html::escape("\xC3("), "\uFFFD(");
}

TEST(Html, Base64IsThatOfTheRfc) {
    // RFC 4648, section 10.
    EXPECT_EQ(html::base64(bytes("")), "");
    EXPECT_EQ(html::base64(bytes("f")), "Zg==");
    EXPECT_EQ(html::base64(bytes("fo")), "Zm8=");
    EXPECT_EQ(html::base64(bytes("foo")), "Zm9v");
    EXPECT_EQ(html::base64(bytes("foob")), "Zm9vYg==");
    EXPECT_EQ(html::base64(bytes("fooba")), "Zm9vYmE=");
    EXPECT_EQ(html::base64(bytes("foobar")), "Zm9vYmFy");
    EXPECT_EQ(html::base64(bytes("\xFF\xFE\xFD")), "//79");
}

TEST(Html, NumbersAreReadable) {
    EXPECT_EQ(html::count(0), "0");
    EXPECT_EQ(html::count(2409), "2409");
    EXPECT_EQ(html::count(12345), "12\u202F345");
    EXPECT_EQ(html::count(123456), "123\u202F456");
    EXPECT_EQ(html::count(1234567), "1\u202F234\u202F567");
    EXPECT_EQ(html::percent(0.871), "87\u202F%");
    EXPECT_EQ(html::percent(0.9999), "99\u202F%") << "100 % is all";
    EXPECT_EQ(html::percent(0.0001), "1\u202F%") << "0 % is none";
    EXPECT_EQ(html::percent(1.0), "100\u202F%");
    EXPECT_EQ(html::percent(0.0), "0\u202F%");
    EXPECT_EQ(html::percent({}), "\u2013");
    EXPECT_EQ(html::figure(0.58449), "0.584");
}

/// 300 × 200, each pixel telling where it is.
Picture chart() {
    Picture picture{.width = 300, .height = 200, .format = PixelFormat::rgb8, .pixels = {}};
    for (int y = 0; y < picture.height; ++y) {
        for (int x = 0; x < picture.width; ++x) {
            for (const int value : {x * 255 / 299, y * 255 / 199, 128})
                picture.pixels.push_back(static_cast<std::byte>(value));
        }
    }
    return picture;
}

const PictureReader read_chart = [](const std::string&) -> Result<Picture> { return chart(); };

/// Red and green of a pixel of a decoded crop.
std::pair<int, int> colour(const Picture& picture, int x, int y) {
    const auto at =
        3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) + static_cast<std::size_t>(x));
    return {std::to_integer<int>(picture.pixels[at]), std::to_integer<int>(picture.pixels[at + 1])};
}

TEST(Crop, ShowsTheBoxInTheMiddleOfItsSurroundings) {
    const html::Crop crop = require(html::cut_out(read_chart, "", CocoBox{140, 90, 40, 20}));
    EXPECT_EQ(crop.width, 120); // three times the longer side
    EXPECT_EQ(crop.height, 120);
    EXPECT_EQ(crop.x, 100);
    EXPECT_EQ(crop.y, 40);
    const Picture piece = require(decode_picture(crop.jpeg, "crop"));
    EXPECT_EQ(piece.width, 120);
    const auto [red, green] = colour(piece, 0, 0);
    EXPECT_NEAR(red, 100 * 255 / 299, 6);
    EXPECT_NEAR(green, 40 * 255 / 199, 6);
}

TEST(Crop, StaysInThePicture) {
    for (const CocoBox& box :
         {CocoBox{0, 0, 10, 10}, CocoBox{290, 190, 10, 10}, CocoBox{-50, 500, 10, 10}, CocoBox{0, 0, 1000, 1000}}) {
        const html::Crop crop = require(html::cut_out(read_chart, "", box));
        EXPECT_GE(crop.x, 0);
        EXPECT_GE(crop.y, 0);
        EXPECT_LE(crop.x + crop.width, 300);
        EXPECT_LE(crop.y + crop.height, 200);
        EXPECT_GE(crop.width, 96);
        EXPECT_GE(crop.height, 96);
    }
}

TEST(Crop, OfALargeObjectIsASmallFile) {
    const PictureReader large = [](const std::string&) -> Result<Picture> {
        return Picture{
            .width = 2000, .height = 1000, .format = PixelFormat::grey8, .pixels = std::vector<std::byte>(2000000)};
    };
    const html::Crop crop = require(html::cut_out(large, "", CocoBox{100, 100, 900, 300}));
    EXPECT_EQ(crop.width, 2000);
    EXPECT_EQ(crop.height, 1000);
    const Picture piece = require(decode_picture(crop.jpeg, "crop"));
    EXPECT_EQ(piece.width, 320);
    EXPECT_EQ(piece.height, 160);
}

Summary summary_of(Dataset dataset, std::vector<DetectedBox> detections) {
    Summary summary{.annotations = "gt.json", .dataset = std::move(dataset), .models = {}};
    summary.models.push_back({.name = "folder/model.onnx", .detections = std::move(detections)});
    EXPECT_TRUE(evaluate_models(summary, {}).ok());
    return summary;
}

TEST(Report, ShowsMissesAndFalseAlarms) {
    const Summary summary = summary_of(one_image(1, {object({10, 10, 20, 20}), object({100, 100, 20, 20})}),
                                       {found({10, 10, 20, 20}, 0.9), found({200, 100, 20, 20}, 0.8)});
    const std::string report = to_html(summary, read_chart);
    EXPECT_THAT(report, HasSubstr("<h1>model.onnx</h1>"));
    EXPECT_EQ(occurrences(report, "<figure class=\"shot\">"), 2U);
    EXPECT_THAT(report, HasSubstr("nothing reported here"));
    EXPECT_THAT(report, HasSubstr("nothing annotated here"));
    EXPECT_EQ(occurrences(report, "src=\"data:image/jpeg;base64,/9j/"), 3U) << "and the picture as a whole";
    // Of the miss: the box at (100, 100) in the crop that begins at (62, 62).
    EXPECT_THAT(report,
                HasSubstr("<rect class=\"truth subject\" x=\"38.0\" y=\"38.0\" width=\"20.0\" height=\"20.0\"/>"));
}

TEST(Report, AFaintScoreIsNotRoundedToTheChosenOne) {
    const Summary summary = summary_of(one_image(1, {object({10, 10, 20, 20}), object({100, 100, 20, 20})}),
                                       {found({10, 10, 20, 20}, 0.4977), found({100, 100, 20, 20}, 0.12)});
    const std::string report = to_html(summary, read_chart);
    EXPECT_THAT(report, HasSubstr("found, but only with score 0.498<"));
    EXPECT_THAT(report, HasSubstr("found, but only with score 0.12<"));
}

/// `count` pictures with an object each, of which a model finds the first `found_count`.
ModelSummary finds(const std::string& name, std::size_t found_count) {
    ModelSummary model{.name = name};
    for (std::size_t image = 0; image < found_count; ++image)
        model.detections.push_back(found({0, 0, 20, 20}, 0.9, 0, image));
    return model;
}

Summary comparison(std::size_t count, std::vector<ModelSummary> models) {
    Summary summary{.annotations = "gt.json", .dataset = images(count, 1, {}), .models = std::move(models)};
    for (std::size_t image = 0; image < count; ++image)
        summary.dataset.annotations.push_back(object({0, 0, 20, 20}, 0, image));
    EXPECT_TRUE(evaluate_models(summary, {}).ok());
    return summary;
}

TEST(Report, NamesTheBestOnlyBeyondChance) {
    const std::string clear = to_html(comparison(40, {finds("a.onnx", 20), finds("b.onnx", 38)}), {});
    EXPECT_THAT(clear, HasSubstr("<b>b.onnx</b> finds best, beyond chance: AP <b class=\"found\">"));
    EXPECT_THAT(clear, HasSubstr("<b class=\"found\">+0."));
    const std::string noise = to_html(comparison(40, {finds("a.onnx", 30), finds("b.onnx", 31)}), {});
    EXPECT_THAT(noise, HasSubstr("No difference in AP beyond chance (0.000 to +0."));
    EXPECT_THAT(noise, Not(HasSubstr("finds best")));
    EXPECT_THAT(noise, HasSubstr("<b class=\"same\">+0."));
    EXPECT_THAT(to_html(comparison(5, {finds("a.onnx", 0), finds("b.onnx", 5)}), {}),
                HasSubstr("too few pictures to tell"));
    EXPECT_THAT(to_html(comparison(40, {finds("a.onnx", 38), finds("b.onnx", 20), finds("c.onnx", 38)}), {}),
                HasSubstr("No model finds better than all others beyond chance."));
    EXPECT_THAT(to_html(comparison(1, {finds("a.onnx", 1), finds("b.onnx", 0)}), {}),
                HasSubstr("there are no intervals"));
}

TEST(Report, SaysWhoHasNothingOfItsOwn) {
    const Summary summary = comparison(2, {finds("a.onnx", 2), finds("b.onnx", 2)});
    EXPECT_THAT(to_html(summary, read_chart), HasSubstr("of <b>a.onnx</b> and <b>b.onnx</b> is another model’s too"));
}

TEST(Report, ListsTheWorstPictures) {
    // 13 of 60 pictures are all right; the others are a row each as far as there is room, ten of them open.
    const std::string report = to_html(comparison(60, {finds("a.onnx", 13)}), read_chart);
    EXPECT_THAT(report, HasSubstr("All 47 pictures with errors: most misses first"));
    EXPECT_EQ(occurrences(report, "<td data-label=\"alarms\">"), 47U);
    EXPECT_THAT(report, HasSubstr("<summary>37 more</summary>"));
    EXPECT_EQ(occurrences(report, "<figure class=\"shot whole\">"), 12U);
    EXPECT_THAT(report, HasSubstr("47 of 60 with objects have a miss"));
    const std::string many = to_html(comparison(80, {finds("a.onnx", 0)}), {});
    EXPECT_THAT(many, HasSubstr("50 of 80 pictures with errors"));
    EXPECT_EQ(occurrences(many, "<td data-label=\"alarms\">"), 50U);
    EXPECT_THAT(to_html(comparison(12, {finds("a.onnx", 12)}), {}),
                HasSubstr("No picture has a miss or a false alarm."));
}

TEST(Report, SaysWhatItWasMeasuredUnder) {
    Summary summary = comparison(20, {finds("<a>.onnx", 10)});
    summary.conditions = {.date = "2026-12-01T08:30:00Z",
                          .version = "0.2.0",
                          .annotations_sha256 = "aa11",
                          .regions = {{1, 2, 30, 40}},
                          .run = RunConditions{.instruction_set = "avx2", .threads = 3, .tiling = TilingOptions()}};
    summary.region_cut = {.objects_outside = 5, .objects_across = 2};
    summary.models[0].sha256 = "bb22";
    summary.models[0].settings = {{"min_size", "800"}, {"image_mean", "0.5,0.5,0.5", true}};
    const std::string report = to_html(summary, {});
    for (const char* words :
         {"2026-12-01T08:30:00Z", "detect 0.2.0", "<code>aa11</code>", "<code>bb22</code>", "avx2", "<dd>3</dd>",
          "640 pixels, overlap 0.15, joined by ios", "1,2,30,40: 5 objects with the centre outside left out; 2 across",
          "<dt>its settings</dt><dd>min_size 800</dd>", "<dt>assumed</dt><dd>image_mean 0.5,0.5,0.5</dd>",
          "1000 resamples of 20 pictures", "&lt;a&gt;.onnx"})
        EXPECT_THAT(report, HasSubstr(words));
}

TEST(Report, WithoutPicturesHasFiguresOnly) {
    const Summary summary = summary_of(one_image(1, {object({10, 10, 20, 20})}), {});
    const std::string report = to_html(summary, {});
    EXPECT_THAT(report, Not(HasSubstr("class=\"shot\"")));
    EXPECT_THAT(report, HasSubstr("COCO"));
}

TEST(Report, SaysWhichPictureCannotBeRead) {
    const PictureReader broken = [](const std::string&) -> Result<Picture> {
        return Error{ErrorCode::unreadable_input, "gone"};
    };
    const std::string report = to_html(summary_of(one_image(1, {object({10, 10, 20, 20})}), {}), broken);
    EXPECT_THAT(report, HasSubstr("picture cannot be read"));
    EXPECT_THAT(report, HasSubstr("1.png"));
}

TEST(Report, StandsADatasetWithNothingInIt) {
    const std::string report = to_html(summary_of(one_image(2, {}), {}), read_chart);
    EXPECT_THAT(report, HasSubstr("Nothing was missed."));
    EXPECT_THAT(report, Not(HasSubstr("nan")));
}

TEST(Report, OfVeryManyClassesDrawsTheWorst) {
    Dataset dataset = one_image(80, {});
    for (std::size_t i = 0; i < 80; ++i)
        dataset.annotations.push_back(object({static_cast<double>(i) * 30, 0, 20, 20}, i));
    std::vector<DetectedBox> detections;
    for (std::size_t i = 0; i < 80; ++i) {
        if (i != 77) detections.push_back(found(dataset.annotations[i].box, 0.9, i));
    }
    const Summary summary = summary_of(std::move(dataset), std::move(detections));
    const auto drawn = html::drawn_classes(summary.models[0].evaluation);
    EXPECT_EQ(drawn.size(), html::most_drawn_classes);
    EXPECT_THAT(drawn, testing::Contains(77U));
    EXPECT_TRUE(std::ranges::is_sorted(drawn));
    EXPECT_EQ(occurrences(to_html(summary, {}), "<tr><th scope=\"row\">c"), 80U) << "the table has all";
}

TEST(Compare, FindsWhatOnlyOneDoes) {
    Summary summary{.annotations = "gt.json",
                    .dataset =
                        one_image(1, {object({0, 0, 20, 20}), object({50, 0, 20, 20}), object({100, 0, 20, 20})}),
                    .models = {}};
    // Both find the first object and raise an alarm at 200; only the first model finds the second, only the second one
    // the third. An alarm at 250 is the second's alone.
    summary.models.push_back(
        {.name = "a/model.onnx",
         .detections = {found({0, 0, 20, 20}, 0.9), found({50, 0, 20, 20}, 0.8), found({200, 0, 20, 20}, 0.7)}});
    summary.models.push_back(
        {.name = "b/model.onnx",
         .detections = {found({0, 0, 20, 20}, 0.9), found({100, 0, 20, 20}, 0.8), found({203, 0, 20, 20}, 0.7),
                        found({250, 0, 20, 20}, 0.6), found({50, 0, 20, 20}, 0.4)}});
    EXPECT_TRUE(evaluate_models(summary, {}).ok());
    ASSERT_EQ(summary.models[0].alone.hits.size(), 1U);
    EXPECT_EQ(summary.models[0].alone.hits[0].object, 1U);
    EXPECT_THAT(summary.models[0].alone.false_alarms, testing::IsEmpty());
    ASSERT_EQ(summary.models[1].alone.hits.size(), 1U);
    EXPECT_EQ(summary.models[1].alone.hits[0].object, 2U);
    EXPECT_THAT(summary.models[1].alone.false_alarms, testing::ElementsAre(3U));

    const std::string report = to_html(summary, read_chart);
    EXPECT_THAT(report, HasSubstr("Only a/model.onnx finds")) << "two of the same file name are told apart";
    EXPECT_EQ(occurrences(report, "<figure class=\"shot\">"), 3U);
}

} // namespace
} // namespace detect::evaluation
