// SPDX-License-Identifier: Apache-2.0
// Reduced precision against torchvision, against single precision, and in ONNX Runtime.

#include "export/checkpoint_graph.h"
#include "export/precision/half_weights.h"
#include "export/precision/int8_network.h"
#include "onnx/model_checker.h"
#include "onnx/reader.h"
#include "onnx/writer.h"
#include "tests/parity/onnx_runtime.h"
#include "tests/parity/references.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <fstream>

namespace detect::test {
namespace {

CheckpointGraph network_of(const Case& tested, const SettingsOverrides& overrides) {
    return require(graph_from_checkpoint(tested.checkpoint, overrides, OutputLayout::batched, 17));
}

std::vector<Found> detect_with(const Model& model, const Tensor& input) {
    const auto outputs = require(model.run(std::span(&input, 1)));
    return to_found(outputs[0], outputs[1], outputs[2], outputs[3], 0);
}

/// How many of `wanted`, of score ≥ 0.3, have a partner in `found`: same label, IoU ≥ 0.5.
struct Objects {
    std::size_t wanted = 0;
    std::size_t found = 0;
    double score_difference = 0.0;

    void add(const std::vector<Found>& those_wanted, const std::vector<Found>& those_found) {
        for (const Found& one : those_wanted) {
            if (one.score < 0.3F) continue;
            ++wanted;
            const auto partner = std::ranges::find_if(those_found, [&](const Found& other) {
                return other.label == one.label && intersection_over_union(one.box, other.box) >= 0.5;
            });
            if (partner == those_found.end()) continue;
            ++found;
            score_difference += std::abs(static_cast<double>(one.score) - static_cast<double>(partner->score));
        }
    }
    [[nodiscard]] double mean_score_difference() const { return score_difference / static_cast<double>(found); }
};

TEST(HalfWeightsParity, IsTorchvisionWithTheSameRoundedWeights) {
    if (const auto why = references_missing()) GTEST_SKIP() << *why;
    const Case tested = load_case("half_weights");
    const Graph full = network_of(tested, tested.overrides()).graph;
    const std::string bytes = require(write_onnx(require(with_half_weights(full))));
    const auto half_model = compile(require(read_onnx(std::as_bytes(std::span(bytes)), "half.onnx")), 2);
    const auto full_model = compile(full, 2);
    std::size_t pairs = 0;
    for (const Picture& picture : tested.pictures) {
        SCOPED_TRACE(picture.name);
        const auto found = detect_with(*half_model, picture.input());
        // Far closer than the rounding of the weights moves anything.
        const Match match =
            match_detections(picture.detections(), found, {.min_iou = 0.9999, .max_score_difference = 2e-5F});
        EXPECT_TRUE(match.matched) << match.report;
        pairs += match.pairs;
        const auto in_single_precision = detect_with(*full_model, picture.input());
        const Match against_single =
            match_detections(in_single_precision, found, {.min_iou = 0.99, .max_score_difference = 0.01F});
        EXPECT_TRUE(against_single.matched) << against_single.report;
        std::cout << picture.name << ": against torchvision " << match.worst_score_difference << ", against fp32 "
                  << against_single.worst_score_difference << ", IoU " << against_single.worst_iou << "\n";
    }
    EXPECT_GE(pairs, 30U);
}

TEST(HalfWeightsParity, RunsInOnnxRuntime) {
    if (const auto why = references_missing()) GTEST_SKIP() << *why;
    if (const auto why = onnx_runtime_missing()) GTEST_SKIP() << *why;
    const Case tested = load_case("half_weights");
    const TempDir folder;
    for (const int opset : {11, 17}) {
        const auto network =
            require(graph_from_checkpoint(tested.checkpoint, tested.overrides(), OutputLayout::batched, opset));
        const std::string bytes = require(write_onnx(require(with_half_weights(network.graph))));
        require(check_onnx(bytes));
        std::ofstream(folder / "half.onnx", std::ios::binary) << bytes;
        const auto outputs = require(run_onnx_runtime(folder / "half.onnx", {tested.pictures[0].input()}));
        const Match match = match_detections(tested.pictures[0].detections(), to_found(outputs[0], 0));
        EXPECT_TRUE(match.matched) << "opset " << opset << ": " << match.report;
    }
}

class Int8Parity : public testing::TestWithParam<std::tuple<ActivationType, int>> {};

/// Calibrated on some boards, run on others. Smaller than they should be, so that it does not take minutes.
TEST_P(Int8Parity, OnnxRuntimeAndTheExecutorFindTheObjectsThatFp32Finds) {
    if (const auto why = references_missing()) GTEST_SKIP() << *why;
    if (const auto why = onnx_runtime_missing()) GTEST_SKIP() << *why;
    const Case boards = load_case("trained");
    const auto [activations, opset] = GetParam();
    const CheckpointGraph network = require(
        graph_from_checkpoint(boards.checkpoint, {.min_size = 640, .max_size = 640}, OutputLayout::batched, opset));
    const CalibrationPictures pictures{
        .count = 6, .read = [&](std::size_t i) -> Result<Tensor> { return boards.pictures.at(i).input(); }};
    const Int8Network int8 =
        require(to_int8(network.graph, {.activations = activations,
                                        .pictures = pictures,
                                        .training = network.training,
                                        .progress = [](const std::string&, std::size_t, std::size_t) {}}));
    const std::string bytes = require(write_onnx(int8.graph));
    require(check_onnx(bytes));
    // Symmetric ranges give what is positive half the steps, so another layer stays in float16.
    EXPECT_LE(bytes.size(), activations == ActivationType::asymmetric_uint8 ? 22'000'000U : 23'000'000U);
    const TempDir folder;
    std::ofstream(folder / "int8.onnx", std::ios::binary) << bytes;

    std::vector<Tensor> inputs;
    for (std::size_t i = 10; i < 15; ++i) inputs.push_back(boards.pictures.at(i).input());
    const auto theirs = require(run_onnx_runtime(folder / "int8.onnx", inputs));
    const auto int8_model = compile(require(read_onnx(folder / "int8.onnx")), 2);
    const auto full_model = compile(network.graph, 2);
    Objects between_engines;
    Objects back_between_engines;
    Objects against_full;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto ours = detect_with(*int8_model, inputs[i]);
        const auto of_runtime = to_found(theirs[i], 0);
        between_engines.add(of_runtime, ours);
        back_between_engines.add(ours, of_runtime);
        against_full.add(detect_with(*full_model, inputs[i]), ours);
    }
    std::cout << "ONNX Runtime's that the executor finds: " << between_engines.found << " of " << between_engines.wanted
              << ", mean score difference " << between_engines.mean_score_difference()
              << "; fp32's that int8 finds: " << against_full.found << " of " << against_full.wanted
              << ", mean score difference " << against_full.mean_score_difference() << "\n";
    ASSERT_GE(between_engines.wanted, 20U);
    EXPECT_GE(20 * between_engines.found, 19 * between_engines.wanted);
    EXPECT_GE(20 * back_between_engines.found, 19 * back_between_engines.wanted);
    EXPECT_LT(between_engines.mean_score_difference(), 0.03);
    EXPECT_GE(20 * against_full.found, 18 * against_full.wanted);
    EXPECT_LT(against_full.mean_score_difference(), 0.06);
}

INSTANTIATE_TEST_SUITE_P(, Int8Parity,
                         testing::Values(std::tuple(ActivationType::asymmetric_uint8, 17),
                                         std::tuple(ActivationType::symmetric_int8, 13)),
                         [](const auto& tested) {
                             const bool portable = std::get<0>(tested.param) == ActivationType::symmetric_int8;
                             return std::string(portable ? "portable" : "asymmetric") + "_opset_" +
                                    std::to_string(std::get<1>(tested.param));
                         });

} // namespace
} // namespace detect::test
