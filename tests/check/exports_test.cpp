// SPDX-License-Identifier: Apache-2.0
// Files as people make them with torch.onnx.export: each detector fires on its own file and on no other.

#include "tests/check/support.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using checking::CheckOptions;
using checking::CheckReport;
using checking::Finding;
using checking::Runtime;
using checking::Severity;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// The report on a made file, with the sample board as its picture.
#define REPORT_ON_BOARD(report, name)                                                                                  \
    if (!std::filesystem::exists(made_export(name)))                                                                   \
        GTEST_SKIP() << "no " << name << ": torchvision 0.14.1 is not here";                                           \
    const CheckReport report = report_on(made_export(name), {.image = board_picture()})

struct Flaw {
    const char* file;
    const char* check;
    Severity severity;
    const char* where;
    const char* what;
};

std::string name_of(const testing::TestParamInfo<Flaw>& info) {
    const std::string file = info.param.file;
    return file.substr(0, file.find('.'));
}

class FlawTest : public testing::TestWithParam<Flaw> {};

TEST_P(FlawTest, IsFoundAndNothingElse) {
    const Flaw& flaw = GetParam();
    REPORT_ON_BOARD(report, flaw.file);
    EXPECT_TRUE(report.has_problems());
    ASSERT_THAT(problems(report), ElementsAre(flaw.check)) << testing::PrintToString(report.findings);
    const std::vector<Finding> findings = findings_of(report, flaw.check);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings[0].severity, flaw.severity);
    EXPECT_THAT(findings[0].where, HasSubstr(flaw.where));
    EXPECT_THAT(findings[0].what, HasSubstr(flaw.what));
    EXPECT_FALSE(findings[0].advice.empty());
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(Exports, FlawTest, testing::Values(
    Flaw{"usual.onnx", "empty-results", Severity::error, "node '/roi_heads/Reshape' (Reshape)", "nothing to find"},
    Flaw{"proposal_less.onnx", "proposal-less-trace", Severity::error, "(Reshape)", "On the picture: "},
    Flaw{"batch_of_one.onnx", "baked-batch", Severity::error, "(Split)", "a batch of 1 works, one of 2 stops here"},
    Flaw{"batch_of_two.onnx", "baked-batch", Severity::error, "(Split)", "a batch of 2 works, one of 1 stops here"},
    Flaw{"first_of_batch.onnx", "baked-batch", Severity::error, "(Gather)", "of 2 pictures only the first 1 has a result: here"},
    Flaw{"baked_shapes.onnx", "baked-size", Severity::error, "node '/transform/Expand' (Expand)", "640x640 works, 1280x1280 stops here"},
    Flaw{"baked_clamp.onnx", "baked-size", Severity::error, "(Clip)", "none of them in the second"},
    Flaw{"baked_factor.onnx", "baked-size", Severity::error, "(Mul)", "when the picture is fed as 1280x1280"},
    Flaw{"range_255.onnx", "input-range", Severity::error, "input 'input'", "expects values 0 to 255"},
    Flaw{"times_255.onnx", "input-range", Severity::error, "input 'input'", "expects values 0 to 1/255"},
    Flaw{"normalised_by_channel.onnx", "input-range", Severity::error, "input 'input'", "mean and deviation are applied twice"},
    Flaw{"normalised_twice.onnx", "input-range", Severity::error, "(Div)", "normalises a second time"},
    Flaw{"not_normalised.onnx", "input-range", Severity::error, "input 'input'", "normalised by ImageNet's mean and deviation"},
    Flaw{"opset_16.onnx", "roi-align-mode", Severity::error, "(RoiAlign)", "with output_half_pixel"},
    Flaw{"threshold.onnx", "thresholds", Severity::error, "node '/roi_heads/Greater' (Greater)", "hides everything on the picture"},
    Flaw{"threshold_of_one.onnx", "thresholds", Severity::error, "(Greater)", "nothing is ever reported"},
    Flaw{"labels_from_zero.onnx", "labels", Severity::warning, "(Sub)", "takes 1 away from every label"},
    Flaw{"not_a_number.onnx", "numbers", Severity::error, "weights 'roi_heads.box_head.fc7.weight'", "1 of 1048576 weights are NaN"},
    Flaw{"training_11.onnx", "training-mode", Severity::error, "(BatchNormalization)", "exported in training mode"},
    Flaw{"training_14.onnx", "training-mode", Severity::error, "(BatchNormalization)", "exported in training mode"},
    Flaw{"half_overflow.onnx", "numbers", Severity::error, "weights", "beyond 65504"}),
    name_of);
// clang-format on

/// A file that is fed rightly is no finding, but what it wants is said all the same.
TEST(FlawTest, SaysHowPicturesAreToBeFed) {
    if (!std::filesystem::exists(made_export("range_255.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    EXPECT_THAT(report_on(made_export("sound.onnx"), {.image = board_picture()}).feeding,
                testing::ContainsRegex("^values 0 to 1.*: the picture fed so gives [1-9][0-9]* detections of score 0.5 "
                                       "and more, fed values 0 to 255 it gives [0-9]+$"));
    EXPECT_THAT(report_on(made_export("range_255.onnx"), {.image = board_picture()}).feeding,
                testing::ContainsRegex("^values 0 to 255.*: the picture fed so gives [1-9][0-9]* detections of score "
                                       "0.5 and more, fed values 0 to 1 it gives [0-9]+$"));
    EXPECT_EQ(report_on(made_export("sound.onnx"), {}).feeding, "");
}

/// With a picture in which only red shows anything: red and blue exchanged is then another picture.
TEST(FlawTest, FindsExchangedColours) {
    if (!std::filesystem::exists(made_export("bgr.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    Tensor picture = board_picture();
    const auto values = picture.mutable_data<float>();
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(values.size() / 3), values.end(), 0.4F);
    const CheckReport report = report_on(made_export("bgr.onnx"), {.image = picture});
    ASSERT_THAT(problems(report), ElementsAre("input-range")) << testing::PrintToString(report.findings);
    EXPECT_EQ(report.findings[0].severity, Severity::warning);
    EXPECT_THAT(report.findings[0].what, HasSubstr("expects BGR, very likely"));
}

TEST(FlawTest, PredictsTheReshapeWithoutAnyPicture) {
    if (!std::filesystem::exists(made_export("proposal_less.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report = report_on(made_export("proposal_less.onnx"), {});
    ASSERT_THAT(problems(report), ElementsAre("proposal-less-trace"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("[n, 27]"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("cannot be reshaped to {-1,4}"));
}

/// torchvision's export that works has costs, and no problems.
TEST(SoundExportTest, HasNoProblems) {
    REPORT_ON_BOARD(report, "sound.onnx");
    EXPECT_THAT(problems(report), IsEmpty()) << testing::PrintToString(report.findings);
    EXPECT_FALSE(report.has_problems());
    ASSERT_THAT(costs(report), ElementsAre("costs"));
    const Finding merging = findings_of(report, "costs")[0];
    EXPECT_THAT(merging.where, HasSubstr("(ScatterElements)"));
    EXPECT_THAT(merging.what, HasSubstr("all levels have the same stride"));
    EXPECT_GT(merging.milliseconds, 0.0);
}

TEST(CostTest, NamesTheOperatorThatOnlyMovesNumbers) {
    REPORT_ON_BOARD(report, "shuffled.onnx");
    EXPECT_THAT(problems(report), IsEmpty()) << testing::PrintToString(report.findings);
    ASSERT_THAT(costs(report), ElementsAre("costs"));
    const Finding moves = findings_of(report, "costs")[0];
    EXPECT_THAT(moves.where, HasSubstr("(Gather)"));
    EXPECT_THAT(moves.what, HasSubstr("only to move numbers about"));
    EXPECT_GT(moves.milliseconds, 2.0);
}

/// Class names for it, as many as they may be: six are right.
TEST(LabelsTest, HaveToFitTheClassesOfTheExport) {
    if (!std::filesystem::exists(made_export("sound.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const auto report_with = [](std::vector<std::string> names) {
        return report_on(made_export("sound.onnx"), {.labels = std::move(names)});
    };
    EXPECT_THAT(report_with({"a", "b", "c", "d", "e", "f"}).findings, SizeIs(1)); // a cost
    CheckReport report = report_with({"a", "b"});
    ASSERT_THAT(problems(report), ElementsAre("labels"));
    EXPECT_THAT(report.findings[0].what,
                HasSubstr("there are 2 names, but the model has 6 classes besides the background"));
    report = report_with({"__background__", "a", "b", "c", "d", "e", "f"});
    ASSERT_THAT(problems(report), ElementsAre("labels"));
    EXPECT_THAT(report.findings[0].what, HasSubstr("labels off by one: there are 7 names for 6 classes"));
}

TEST(SoundExportTest, OfAClassifierIsLeftInPeace) {
    REPORT_ON_BOARD(report, "classifier.onnx");
    EXPECT_THAT(report.findings, IsEmpty()) << testing::PrintToString(report.findings);
}

TEST(TargetTest, DecidesWhatMatters) {
    if (!std::filesystem::exists(made_export("sound.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const auto checks_for = [](const char* file, Runtime target) {
        return problems(report_on(made_export(file), {.target = target}));
    };
    EXPECT_THAT(checks_for("sound.onnx", Runtime::tensorrt), ElementsAre("compatibility"));
    EXPECT_THAT(checks_for("sound.onnx", Runtime::opencv), ElementsAre("compatibility"));
    EXPECT_THAT(checks_for("sound.onnx", Runtime::openvino), ElementsAre("compatibility"));
    EXPECT_THAT(checks_for("float64.onnx", Runtime::onnxruntime), IsEmpty());
    EXPECT_THAT(checks_for("float64.onnx", Runtime::tensorrt), ElementsAre("compatibility"));
    EXPECT_THAT(checks_for("classifier.onnx", Runtime::tensorrt), IsEmpty());
    EXPECT_THAT(checks_for("classifier.onnx", Runtime::opencv), IsEmpty());
}

struct Refusal {
    const char* file;
    Runtime target;
    Severity severity;
    const char* where;
    const char* what;
};

class RefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, IsForeseen) {
    const Refusal& refusal = GetParam();
    if (!std::filesystem::exists(made_export(refusal.file))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report = report_on(made_export(refusal.file), {.target = refusal.target});
    const std::vector<Finding> findings = findings_of(report, "compatibility");
    const auto it = std::ranges::find_if(
        findings, [&](const Finding& f) { return f.what.find(refusal.what) != std::string::npos; });
    ASSERT_NE(it, findings.end()) << testing::PrintToString(findings);
    EXPECT_EQ(it->severity, refusal.severity);
    EXPECT_THAT(it->where, HasSubstr(refusal.where));
    EXPECT_FALSE(it->advice.empty());
    // None of it troubles ONNX Runtime.
    EXPECT_THAT(findings_of(report_on(made_export(refusal.file), {}), "compatibility"), IsEmpty());
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(Exports, RefusalTest, testing::Values(
    Refusal{"sound.onnx", Runtime::tensorrt, Severity::error, "(If)", "its two sides have different ranks"},
    Refusal{"sound.onnx", Runtime::openvino, Severity::error, "(If)", "its two sides have different ranks"},
    Refusal{"sound.onnx", Runtime::tensorrt, Severity::warning, "node '/roi_heads/Reshape' (Reshape)", "an ambiguous reshape"},
    Refusal{"sound.onnx", Runtime::opencv, Severity::error, "node '/", "NonMaxSuppression, NonZero, Range, RoiAlign"},
    Refusal{"float64.onnx", Runtime::tensorrt, Severity::warning, "(Cast)", "in float64"},
    Refusal{"float64.onnx", Runtime::opencv, Severity::warning, "(Cast)", "in float64"},
    Refusal{"hashed.onnx", Runtime::tensorrt, Severity::error, "(Mul)", "do not fit into 32 bits"},
    Refusal{"hashed.onnx", Runtime::openvino, Severity::error, "(Mul)", "do not fit into 32 bits"},
    Refusal{"hashed.onnx", Runtime::opencv, Severity::error, "(Mul)", "do not fit into 32 bits"}));
// clang-format on

TEST(CheckpointTest, AgreesWithASoundExport) {
    if (!std::filesystem::exists(made_export("sound.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report =
        report_on(made_export("sound.onnx"), {.image = board_picture(), .weights = board_checkpoint()});
    EXPECT_THAT(problems(report), IsEmpty()) << testing::PrintToString(report.findings);
    // Read off the file.
    EXPECT_EQ(report.settings.min_size, 640);
    EXPECT_EQ(report.settings.max_size, 1333);
    EXPECT_EQ(report.settings.rpn_pre_nms_top_n, 101);
    EXPECT_EQ(report.settings.rpn_post_nms_top_n, 101);
    EXPECT_EQ(report.settings.aspect_ratios, (std::vector<float>{0.5F, 1.0F, 2.0F}));
    EXPECT_EQ(report.settings.image_mean, (std::vector<float>{0.485F, 0.456F, 0.406F}));
    EXPECT_THAT(report.left_out, IsEmpty());
    EXPECT_EQ(report.settings.rpn_score_threshold, 0.0F);
    EXPECT_EQ(report.settings.score_threshold, 0.05F);
    EXPECT_EQ(report.settings.nms_threshold, 0.5F);
    ASSERT_THAT(report.agreement, SizeIs(4));
    EXPECT_GT(report.agreement[0].matched, 5U);
    for (const checking::PictureComparison& row : report.agreement) {
        EXPECT_EQ(row.unmatched, 0U) << row.picture;
        EXPECT_EQ(row.failure, "") << row.picture;
    }
}

/// A file that is refused before it can be run is no reason to offer an export of what is no checkpoint.
TEST(CheckpointTest, IsReadWhateverTheFileIsLike) {
    if (!std::filesystem::exists(made_export("training_14.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const auto report = checking::check_model(made_export("training_14.onnx"), {.weights = made_export("sound.onnx")});
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error().code, ErrorCode::unreadable_input);
    EXPECT_THAT(report.error().message, HasSubstr("looks like an ONNX model, not a checkpoint"));
}

TEST(CheckpointTest, SaysThatThereIsNothingToCompare) {
    if (!std::filesystem::exists(made_export("classifier.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report =
        report_on(made_export("classifier.onnx"), {.image = board_picture(), .weights = board_checkpoint()});
    ASSERT_THAT(problems(report), ElementsAre("checkpoint"));
    EXPECT_EQ(report.findings[0].where, "the outputs");
    EXPECT_THAT(report.agreement, IsEmpty());
}

/// The checkpoint has a class more than this model.
TEST(CheckpointTest, SaysThatItIsAnothersByTheClasses) {
    if (!std::filesystem::exists(made_export("other_classes.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report = report_on(made_export("other_classes.onnx"), {.weights = board_checkpoint()});
    ASSERT_THAT(problems(report), ElementsAre("checkpoint"));
    EXPECT_EQ(report.findings[0].where, "the checkpoint");
    EXPECT_THAT(report.findings[0].what, HasSubstr("has 6 classes besides the background, the file 5"));
    EXPECT_THAT(report.agreement, IsEmpty());
}

TEST(CheckpointTest, ShowsWhatAWrongExportDoes) {
    if (!std::filesystem::exists(made_export("opset_16.onnx"))) GTEST_SKIP() << "torchvision 0.14.1 is not here";
    const CheckReport report =
        report_on(made_export("opset_16.onnx"), {.image = board_picture(), .weights = board_checkpoint()});
    EXPECT_THAT(problems(report), ElementsAre("checkpoint", "roi-align-mode"));
    ASSERT_THAT(report.agreement, SizeIs(4));
    EXPECT_GT(report.agreement[0].unmatched, 0U);
}

} // namespace
} // namespace detect::test
