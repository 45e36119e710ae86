// SPDX-License-Identifier: Apache-2.0
#include "export/exporter.h"

#include "checkpoint/safetensors_writer.h"
#include "export/verified_picture.h"
#include "onnx/reader.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Exporter : public testing::Test {
protected:
    ExportOptions options(const std::filesystem::path& output) const {
        return {.checkpoint = bundled_checkpoint(),
                .output = output,
                .settings = {.min_size = 192, .max_size = 192},
                .progress = {}};
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
            names.push_back(entry.path().filename().string());
        std::ranges::sort(names);
        return names;
    }
    /// The export fails with this code, and leaves the folder as it was.
    std::string failure(const ExportOptions& options, ErrorCode code,
                        const Tensor& image = drawn_image(200, 160)) const {
        const auto before = files();
        const auto report = export_model(options, image);
        EXPECT_FALSE(report.ok());
        EXPECT_EQ(files(), before);
        if (report.ok()) return "";
        EXPECT_EQ(report.error().code, code) << report.error().message;
        return report.error().message;
    }

    TempDir folder_;
};

TEST_F(Exporter, WritesTheModelAndItsReport) {
    std::vector<std::string> progress;
    std::vector<std::string> files_before_the_end;
    ExportOptions with_progress = options(folder_ / "board.v2.onnx");
    with_progress.opset = 13;
    with_progress.progress = [&](const std::string& line) {
        progress.push_back(line);
        files_before_the_end = files();
    };
    const ExportReport report = require(export_model(with_progress, drawn_image(200, 160)));
    EXPECT_EQ(report.output, folder_ / "board.v2.onnx");
    EXPECT_EQ(report.report, folder_ / "board.v2.report.json");
    EXPECT_THAT(files(), ElementsAre("board.v2.onnx", "board.v2.report.json"));
    EXPECT_EQ(report.file_bytes, std::filesystem::file_size(report.output));
    EXPECT_TRUE(report.verification.passed());
    // What was verified was read back from a file that did not have its name yet.
    EXPECT_THAT(files_before_the_end, Each(StartsWith("board.v2.onnx.partial-")));
    EXPECT_GE(progress.size(), 4U);
    EXPECT_THAT(progress.front(), HasSubstr("reading"));

    const Graph written = require(read_onnx(report.output));
    EXPECT_EQ(written.opset, 13);
    EXPECT_EQ(written.metadata, report.network.graph.metadata);

    const auto json = nlohmann::json::parse(std::ifstream(report.report));
    EXPECT_EQ(json["model"], report.output.string());
    EXPECT_EQ(json["checkpoint"], bundled_checkpoint().string());
    EXPECT_EQ(json["checkpoint_format"], "safetensors");
    EXPECT_EQ(json["opset"], 13);
    EXPECT_EQ(json["file_bytes"], report.file_bytes);
    EXPECT_EQ(json["simplification"]["nodes_before"], report.network.nodes_before);
    EXPECT_EQ(json["simplification"]["nodes_after"], report.network.nodes_after);
    EXPECT_EQ(json["simplification"]["bytes_after"], report.network.bytes_after);
    EXPECT_EQ(json["metadata"]["min_size"], "192");
    EXPECT_EQ(json["image"]["width"], 160);
    EXPECT_EQ(json["image"]["height"], 200);
    EXPECT_EQ(json["image"]["detections"], report.verification.example_detections);
    EXPECT_EQ(json["passed"], true);
    ASSERT_EQ(json["verification"].size(), report.verification.rows.size());
    for (std::size_t i = 0; i < report.verification.rows.size(); ++i) {
        const VerificationRow& row = report.verification.rows[i];
        EXPECT_EQ(json["verification"][i]["input"], row.input);
        EXPECT_EQ(json["verification"][i]["size"], row.size);
        EXPECT_EQ(json["verification"][i]["detections"], row.detections);
        EXPECT_EQ(json["verification"][i]["worst_score_difference"], row.worst_score_difference);
        EXPECT_EQ(json["verification"][i]["worst_iou"], row.worst_iou);
        EXPECT_EQ(json["verification"][i]["passed"], true);
    }
}

/// Three pixels beside each other: red, half grey, black.
TEST(VerifiedPicture, IsDescribedInTheMetadata) {
    const Tensor image =
        Tensor::of<float>({3, 1, 3}, {1.0F, 0.5F, 0.0F, /* green */ 0.0F, 0.5F, 0.0F, /* blue */ 0.0F, 0.5F, 0.0F});
    const std::map<std::string, std::string> expected{
        {"verified_picture_width", "3"},        {"verified_picture_height", "1"},
        {"verified_picture_mean", "0.2777778"}, {"verified_picture_deviation", "0.34246746"},
        {"verified_picture_min", "0"},          {"verified_picture_max", "1"}};
    EXPECT_EQ(verified_picture_metadata(image), expected);
}

TEST_F(Exporter, SaysInTheFileWhatItWasVerifiedOn) {
    const Tensor image = drawn_image(200, 160);
    const auto described = verified_picture_metadata(image);
    ExportOptions half = options(folder_ / "half.onnx");
    half.precision.precision = Precision::fp16;
    const auto report = require(export_model(half, image));
    const Graph written = require(read_onnx(report.output));
    EXPECT_EQ(described.size(), 6U);
    for (const auto& [key, text] : described) {
        ASSERT_TRUE(written.metadata.contains(key)) << key;
        EXPECT_EQ(written.metadata.at(key), text) << key;
    }
    EXPECT_EQ(written.metadata.at("verified_picture_width"), "160");
    EXPECT_EQ(written.metadata.at("verified_picture_height"), "200");
}

TEST_F(Exporter, LeavesNothingWhereItCannotWrite) {
    EXPECT_THAT(failure(options(folder_ / "missing/model.onnx"), ErrorCode::unwritable_output),
                HasSubstr("missing/model.onnx"));
    std::filesystem::create_directory(folder_ / "folder.onnx");
    EXPECT_THAT(failure(options(folder_ / "folder.onnx"), ErrorCode::unwritable_output), HasSubstr("folder.onnx"));
    // The report cannot be written: then there is no model either.
    std::filesystem::create_directory(folder_ / "model.report.json");
    EXPECT_THAT(failure(options(folder_ / "model.onnx"), ErrorCode::unwritable_output), HasSubstr("model.report.json"));
}

TEST_F(Exporter, LeavesNothingForACheckpointThatItCannotRead) {
    ExportOptions missing = options(folder_ / "model.onnx");
    missing.checkpoint = folder_ / "missing.pth";
    EXPECT_THAT(failure(missing, ErrorCode::unreadable_input), HasSubstr("missing.pth"));
    ExportOptions old = options(folder_ / "model.onnx");
    old.opset = 10;
    EXPECT_THAT(failure(old, ErrorCode::invalid_argument), HasSubstr("opset must be 11 to 17"));
}

/// The bundled network with a pair of hidden units that are the same, and weights on them that cancel out but for the
/// rounding of numbers around 10⁸: every order of summation gives other scores.
Tensors ill_conditioned() {
    Tensors tensors = bundled_tensors();
    constexpr std::size_t hidden = 1024;
    constexpr std::size_t one = 100;
    constexpr std::size_t other = 700;
    const auto own_copy = [&](const std::string& name) {
        Tensor& tensor = tensors.find("roi_heads." + name)->second;
        tensor = Tensor::of<float>(tensor.dims(), tensor.data<float>());
        return tensor.mutable_data<float>();
    };
    const auto rows = own_copy("box_head.fc7.weight");
    std::ranges::copy(rows.subspan(one * hidden, hidden), rows.subspan(other * hidden, hidden).begin());
    const auto biases = own_copy("box_head.fc7.bias");
    biases[one] = biases[other] = 1000.0F; // always active
    const auto scores = own_copy("box_predictor.cls_score.weight");
    for (std::size_t label = 1; label < 7; ++label) {
        scores[label * hidden + one] = 1e5F;
        scores[label * hidden + other] = -1e5F;
    }
    return tensors;
}

TEST_F(Exporter, LeavesNothingIfTheEnginesDisagree) {
    ExportOptions of_rounding = options(folder_ / "model.onnx");
    of_rounding.checkpoint = folder_ / "weights.safetensors";
    require(write_safetensors(of_rounding.checkpoint, ill_conditioned(), {}));
    EXPECT_THAT(failure(of_rounding, ErrorCode::verification_failed),
                AllOf(HasSubstr("the reference interpreter and the executor disagree on the example picture"),
                      HasSubstr("no file was written")));
}

TEST_F(Exporter, AnOlderFileStaysIfTheNewOneFails) {
    std::ofstream(folder_ / "model.onnx") << "older";
    std::filesystem::create_directory(folder_ / "model.report.json");
    failure(options(folder_ / "model.onnx"), ErrorCode::unwritable_output);
    std::string text;
    std::ifstream(folder_ / "model.onnx") >> text;
    EXPECT_EQ(text, "older");
}

} // namespace
} // namespace detect::test
