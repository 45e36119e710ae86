// SPDX-License-Identifier: Apache-2.0
// How a detector is made, and what it tells of itself.

#include "detector/detector_from_graph.h"
#include "export/checkpoint_detector.h"
#include "onnx/writer.h"
#include "tests/detector/sample_network.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string checkpoint = DETECT_SAMPLES_DIR "/model/circuit_board.safetensors";

TEST(DetectorLoad, FileMemoryAndCheckpointGiveTheSame) {
    const TempDir folder;
    const std::string bytes = require(write_onnx(sample_graph()));
    std::ofstream(folder / "model.onnx", std::ios::binary) << bytes;
    const ImageView board = sample_board().view();
    const auto expected = require(sample_detector().run(board)).detections;
    ASSERT_GT(expected.size(), 5U);
    EXPECT_EQ(require(require(Detector::load(folder / "model.onnx")).run(board)).detections, expected);
    const Detector in_memory = require(Detector::load(std::as_bytes(std::span(bytes))));
    EXPECT_EQ(require(in_memory.run(board)).detections, expected);
    const Detector copy = in_memory;
    EXPECT_EQ(require(copy.run(board)).detections, expected);
    const Detector of_checkpoint = require(detector_from_checkpoint(checkpoint, {.min_size = 320, .max_size = 320}));
    EXPECT_EQ(require(of_checkpoint.run(board)).detections, expected);
}

TEST(DetectorLoad, TellsItsClassesAndSettings) {
    const Detector detector = sample_detector();
    EXPECT_THAT(detector.labels(), ElementsAre("open", "short", "mousebite", "spur", "copper", "pin-hole"));
    EXPECT_EQ(detector.label_name(1), "open");
    EXPECT_EQ(detector.label_name(6), "pin-hole");
    EXPECT_EQ(detector.label_name(7), "class 7");
    EXPECT_EQ(detector.label_name(0), "class 0");
    EXPECT_EQ(detector.label_name(-1), "class -1");
    EXPECT_EQ(detector.metadata().at("min_size"), "320");
    EXPECT_EQ(detector.metadata().at("checkpoint_sha256").size(), 64U);
}

TEST(DetectorLoad, ClassesMayHaveNoNames) {
    for (const char* labels : {"", "no list", "[]", "{}"}) {
        Graph graph = sample_graph();
        graph.metadata["labels"] = labels;
        const Detector detector = require(detector_from_graph(std::move(graph), {}));
        EXPECT_THAT(detector.labels(), IsEmpty()) << labels;
        EXPECT_EQ(detector.label_name(3), "class 3");
    }
}

TEST(DetectorLoad, MinScoreLeavesOutTheFainterOnes) {
    const ImageView board = sample_board().view();
    const auto all = require(sample_detector().run(board)).detections;
    const auto some = require(sample_detector({.min_score = 0.3F}).run(board)).detections;
    ASSERT_GT(some.size(), 0U);
    ASSERT_LT(some.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i < some.size()) {
            EXPECT_EQ(some[i], all[i]);
        } else {
            EXPECT_LT(all[i].score, 0.3F);
        }
    }
    // A detection of exactly this score stays.
    const auto exact = require(sample_detector({.min_score = some.back().score}).run(board)).detections;
    EXPECT_EQ(exact, some);
}

TEST(DetectorLoad, FilesThatAreNoModelsAreNamed) {
    const TempDir folder;
    const auto refusal = [&](const std::string& name) {
        const auto detector = Detector::load(folder / name);
        EXPECT_FALSE(detector.ok());
        if (detector.ok()) return Error{};
        EXPECT_THAT(detector.error().message,
                    AllOf(StartsWith((folder / name).string() + ": "), testing::Not(HasSubstr("\n"))));
        return detector.error();
    };
    EXPECT_EQ(refusal("missing.onnx").code, ErrorCode::unreadable_input);
    std::ofstream(folder / "text.onnx") << "not a model\n";
    EXPECT_EQ(refusal("text.onnx").code, ErrorCode::unreadable_input);
    const std::string bytes = require(write_onnx(sample_graph()));
    std::ofstream(folder / "cut.onnx", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    EXPECT_EQ(refusal("cut.onnx").code, ErrorCode::unreadable_input);
    const auto nothing = Detector::load(std::span<const std::byte>());
    ASSERT_FALSE(nothing.ok());
    EXPECT_EQ(nothing.error().code, ErrorCode::unreadable_input);
}

TEST(DetectorLoad, ModelsThatAreNoDetectorsAreRefused) {
    const auto refusal = [](const auto& change) {
        Graph graph = sample_graph();
        change(graph);
        const auto detector = detector_from_graph(std::move(graph), {});
        EXPECT_FALSE(detector.ok());
        if (detector.ok()) return std::string();
        EXPECT_EQ(detector.error().code, ErrorCode::bad_model);
        return detector.error().message;
    };
    EXPECT_THAT(refusal([](Graph& graph) { graph[graph.outputs[0]].name = "masks"; }),
                HasSubstr("no outputs boxes, labels and scores"));
    EXPECT_THAT(refusal([](Graph& graph) { std::swap(graph[graph.outputs[0]].name, graph[graph.outputs[1]].name); }),
                HasSubstr("no outputs"));
    EXPECT_THAT(refusal([](Graph& graph) { graph.outputs.clear(); }), HasSubstr("no outputs"));
    EXPECT_THAT(refusal([](Graph& graph) { graph.add_input("second", DataType::float32, Shape{1}); }),
                HasSubstr("one float32 input"));
    EXPECT_THAT(refusal([](Graph& graph) {
                    graph[graph.inputs[0]].shape = Shape{"batch", 1, "height", "width"};
                }),
                HasSubstr("one float32 input"));
    EXPECT_THAT(refusal([](Graph& graph) { graph[graph.inputs[0]].type = DataType::uint8; }),
                HasSubstr("one float32 input"));
}

TEST(DetectorLoad, OptionsThatMakeNoSenseAreRefused) {
    for (const DetectorOptions& options :
         {DetectorOptions{.threads = -1}, DetectorOptions{.min_score = std::nanf("")}}) {
        const auto detector = detector_from_graph(sample_graph(), options);
        ASSERT_FALSE(detector.ok());
        EXPECT_EQ(detector.error().code, ErrorCode::invalid_argument);
    }
}

TEST(DetectorLoad, AnErrorIsOneLineWhateverTheNamesInIt) {
    const std::string bytes = require(write_onnx(sample_graph()));
    const DetectorOptions options{.classes = {"a\n\u009B\u202Eb"}};
    const TempDir folder;
    std::ofstream(folder / "model.onnx", std::ios::binary) << bytes;
    for (const auto& detector :
         {Detector::load(std::as_bytes(std::span(bytes)), options), Detector::load(folder / "model.onnx", options)}) {
        ASSERT_FALSE(detector.ok());
        EXPECT_THAT(detector.error().message, HasSubstr("no class 'a???b'"));
    }
}

TEST(DetectorLoad, AnInstructionSetThatIsNotThereIsAnError) {
    ::setenv("DETECT_ISA", "mmx", 1);
    const auto detector = detector_from_graph(sample_graph(), {});
    ::unsetenv("DETECT_ISA");
    ASSERT_FALSE(detector.ok());
    EXPECT_EQ(detector.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(detector.error().message, HasSubstr("DETECT_ISA=mmx"));
}

} // namespace
} // namespace detect::test
