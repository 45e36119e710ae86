// SPDX-License-Identifier: Apache-2.0
// The exported file, run by ONNX Runtime, gives what our executor and torchvision give.

#include "export/checkpoint_graph.h"
#include "onnx/model_checker.h"
#include "onnx/reader.h"
#include "onnx/writer.h"
#include "tests/parity/onnx_runtime.h"
#include "tests/parity/references.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

namespace detect::test {
namespace {

/// Gives every test a folder and the way from a case to an ONNX file; skips where there is nothing to compare with.
class OnnxRuntimeParity : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = references_missing()) GTEST_SKIP() << *why;
        if (const auto why = onnx_runtime_missing()) GTEST_SKIP() << *why;
    }

    /// Writes a case's network as an ONNX file that ONNX's own checks accept.
    std::filesystem::path write_model(const Case& tested, int opset = 17, OutputLayout layout = OutputLayout::batched) {
        const auto network = require(graph_from_checkpoint(tested.checkpoint, tested.overrides(), layout, opset));
        const std::string bytes = require(write_onnx(network.graph));
        require(check_onnx(bytes));
        const auto path = folder_ / (tested.name + "_" + std::to_string(opset) + ".onnx");
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }

    /// Runs the file in ONNX Runtime and in the executor, and compares image by image. Returns the pairs compared.
    static std::size_t compare_runtimes(const std::filesystem::path& path, const std::vector<Tensor>& inputs) {
        const auto theirs = require(run_onnx_runtime(path, inputs));
        const auto model = compile(require(read_onnx(path)), 2);
        std::size_t pairs = 0;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            SCOPED_TRACE("input " + std::to_string(i) + " " + to_string(inputs[i].dims()));
            const auto ours = require(model->run(std::span(&inputs[i], 1)));
            expect_sound_batch(theirs[i], inputs[i].dims()[0]);
            for (std::int64_t image = 0; image < inputs[i].dims()[0]; ++image) {
                const auto expected = to_found(theirs[i], image);
                const auto found = to_found(ours[0], ours[1], ours[2], ours[3], image);
                const Match match = match_detections(expected, found);
                EXPECT_TRUE(match.matched) << "image " << image << ": " << match.report;
                pairs += match.pairs;
            }
        }
        return pairs;
    }

    /// The layout: as many rows as the fullest image has detections, sorted by score, zeros past an image's last.
    static void expect_sound_batch(const Outputs& outputs, std::int64_t batch) {
        const Tensor& scores = outputs.at("scores");
        const auto valid = outputs.at("valid_detections").data<std::int64_t>();
        ASSERT_EQ(static_cast<std::int64_t>(valid.size()), batch);
        const std::int64_t rows = *std::ranges::max_element(valid);
        ASSERT_EQ(scores.dims(), (Dims{batch, rows}));
        ASSERT_EQ(outputs.at("boxes").dims(), (Dims{batch, rows, 4}));
        ASSERT_EQ(outputs.at("labels").dims(), (Dims{batch, rows}));
        for (std::int64_t image = 0; image < batch; ++image) {
            const auto own =
                scores.data<float>().subspan(static_cast<std::size_t>(image * rows), static_cast<std::size_t>(rows));
            EXPECT_TRUE(std::ranges::is_sorted(own, std::greater<>{}));
            for (auto row = static_cast<std::size_t>(valid[static_cast<std::size_t>(image)]); row < own.size(); ++row) {
                EXPECT_EQ(own[row], 0.0F);
                EXPECT_EQ(outputs.at("labels").data<std::int64_t>()[static_cast<std::size_t>(image * rows) + row], 0);
            }
        }
    }

    const TempDir folder_;
};

/// The first `count` pictures of a case, cut to one size.
std::vector<Tensor> cut_images(const Case& tested, std::size_t count, std::int64_t height, std::int64_t width) {
    std::vector<Tensor> images;
    for (std::size_t i = 0; i < count; ++i) {
        const Picture& picture = tested.pictures.at(i);
        images.push_back(
            crop(picture.input(), (picture.height - height) / 2, (picture.width - width) / 2, height, width));
    }
    return images;
}

TEST_F(OnnxRuntimeParity, BatchesOfOneTwoAndFiveInFourSizes) {
    const Case boards = load_case("trained");
    std::vector<Tensor> inputs;
    for (const auto& [height, width] :
         {std::pair(640, 640), std::pair(480, 352), std::pair(333, 517), std::pair(200, 640)}) {
        const std::vector<Tensor> images = cut_images(boards, 5, height, width);
        for (const std::ptrdiff_t batch : {5, 1, 2}) {
            inputs.push_back(stack(std::vector<Tensor>(images.begin(), images.begin() + batch)));
        }
    }
    EXPECT_GE(compare_runtimes(write_model(boards), inputs), 100U);
}

TEST_F(OnnxRuntimeParity, SizesThatBreakOthersInOneSession) {
    const Case odd = load_case("odd_sizes");
    const Tensor board = odd.pictures.at(3).input(); // 768×768
    std::vector<Tensor> inputs = {
        stack({board, board, flat_image(768, 768, 0)}),
        board,
        flat_image(480, 640, 0.5F),
        flat_image(1, 1, 1),
        stack({flat_image(64, 64, 0), flat_image(64, 64, 1)}),
        flat_image(1, 1000, 0.25F),
    };
    for (const Picture& picture : odd.pictures) {
        if (picture.name == "1440x1080_portrait" || picture.name == "3000x4000" || picture.name == "33x57") {
            inputs.push_back(picture.input());
        }
    }
    ASSERT_EQ(inputs.size(), 9U);
    EXPECT_GE(compare_runtimes(write_model(odd), inputs), 20U);
}

class OnnxRuntimeOpset : public OnnxRuntimeParity, public testing::WithParamInterface<int> {};

TEST_P(OnnxRuntimeOpset, BatchesOfOneAndThreeWithAndWithoutDetections) {
    const Case boards = load_case("trained");
    std::vector<Tensor> inputs;
    for (const auto& [height, width] : {std::pair(640, 640), std::pair(300, 420)}) {
        const std::vector<Tensor> images = cut_images(boards, 2, height, width);
        const Tensor empty = flat_image(height, width, 0);
        inputs.push_back(stack({images[0], empty, images[1]}));
        inputs.push_back(images[1]);
        inputs.push_back(empty);
        inputs.push_back(stack({empty, empty, empty}));
    }
    EXPECT_GE(compare_runtimes(write_model(boards, GetParam()), inputs), 20U);
}

INSTANTIATE_TEST_SUITE_P(, OnnxRuntimeOpset, testing::Range(11, 18),
                         [](const auto& opset) { return std::to_string(opset.param); });

class OnnxRuntimeSettings : public OnnxRuntimeParity, public testing::WithParamInterface<const char*> {};

/// Thresholds, sizes and anchors that are asked for are what ONNX Runtime computes with: torchvision's results with the
/// same settings come out of it.
TEST_P(OnnxRuntimeSettings, GiveWhatTorchvisionGives) {
    const Case tested = load_case(GetParam());
    std::vector<Tensor> inputs;
    for (const Picture& picture : tested.pictures) inputs.push_back(picture.input());
    const auto outputs = require(run_onnx_runtime(write_model(tested), inputs));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Match match = match_detections(tested.pictures[i].detections(), to_found(outputs[i], 0));
        EXPECT_TRUE(match.matched) << tested.pictures[i].name << ": " << match.report;
    }
}

INSTANTIATE_TEST_SUITE_P(, OnnxRuntimeSettings,
                         testing::Values("strict_settings", "other_anchors", "preset_320", "crowded",
                                         "two_classes_float16", "ninety_one_classes_official"),
                         [](const auto& tested) { return std::string(tested.param); });

/// Runs ONNX Runtime on a case's first picture with one more option.
TEST_F(OnnxRuntimeParity, EachThresholdHasItsEffect) {
    Case boards = load_case("trained");
    const Tensor input = boards.pictures.at(2).input();
    const auto detections = [&](const nlohmann::json& option) {
        Case changed = boards;
        changed.settings.update(option);
        return to_found(require(run_onnx_runtime(write_model(changed), {input})).front(), 0);
    };
    const auto usual = detections(nlohmann::json::object());
    ASSERT_GT(usual.size(), 15U);

    const auto above = detections({{"score_threshold", 0.4}});
    EXPECT_LT(above.size(), usual.size());
    EXPECT_EQ(above.size(), std::ranges::count_if(usual, [](const Found& found) { return found.score > 0.4F; }));

    EXPECT_EQ(detections({{"max_detections", 7}}).size(), 7U);

    const auto overlapping = detections({{"nms_threshold", 0.9}});
    EXPECT_GT(overlapping.size(), usual.size());
    const auto apart = detections({{"nms_threshold", 0.01}});
    EXPECT_LT(apart.size(), usual.size());
    for (const Found& a : apart) {
        for (const Found& b : apart) {
            if (&a == &b || a.label != b.label) continue;
            EXPECT_LE(intersection_over_union(a.box, b.box), 0.0101);
        }
    }
}

TEST_F(OnnxRuntimeParity, TorchvisionLayoutHasTheSameDetections) {
    const Case boards = load_case("trained");
    const std::vector<Tensor> inputs = {boards.pictures.at(0).input(), flat_image(480, 640, 0),
                                        crop(boards.pictures.at(1).input(), 10, 20, 400, 300)};
    const auto plain = require(run_onnx_runtime(write_model(boards, 17, OutputLayout::torchvision), inputs));
    const auto batched = require(run_onnx_runtime(write_model(boards), inputs));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Outputs& outputs = plain[i];
        EXPECT_EQ(outputs.size(), 3U);
        EXPECT_EQ(outputs.at("boxes").dims().rank(), 2U);
        EXPECT_EQ(outputs.at("labels").dims().rank(), 1U);
        EXPECT_EQ(outputs.at("scores").dims().rank(), 1U);
        EXPECT_EQ(to_found(outputs.at("boxes"), outputs.at("labels"), outputs.at("scores")), to_found(batched[i], 0));
    }
    EXPECT_GT(plain[0].at("scores").element_count(), 0);
    EXPECT_EQ(plain[1].at("scores").element_count(), 0);
}

} // namespace
} // namespace detect::test
