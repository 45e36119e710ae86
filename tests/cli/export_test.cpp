// SPDX-License-Identifier: Apache-2.0
// `detect export` of checkpoints and pictures that can be read.

#include "tests/cli/command.h"
#include "tests/cli/files.h"
#include "tests/support/compare.h"

#include <algorithm>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

nlohmann::json read_json(const std::filesystem::path& path) { return nlohmann::json::parse(read_text(path)); }

/// How many drawn defects have a detection of the right class with an IoU of at least 0.5, each detection used once.
std::size_t found_defects(const nlohmann::json& truth, const nlohmann::json& detections) {
    std::vector<bool> used(detections.size(), false);
    std::size_t found = 0;
    for (const auto& annotation : truth["annotations"]) {
        const std::array<float, 4> xywh = annotation["bbox"];
        const std::array<float, 4> box{xywh[0], xywh[1], xywh[0] + xywh[2], xywh[1] + xywh[3]};
        for (std::size_t i = 0; i < detections.size(); ++i) {
            const std::array<float, 4> candidate = detections[i]["box"];
            if (used[i] || detections[i]["label_id"] != annotation["category_id"] ||
                intersection_over_union(box, candidate) < 0.5)
                continue;
            used[i] = true;
            ++found;
            break;
        }
    }
    return found;
}

TEST(Export, TheBundledModelThenFindsTheDefectsOfTheBoard) {
    const TempDir folder;
    const ProcessResult exported = run_detect({"export", "--image", board().string()}, folder.path());
    ASSERT_TRUE(succeeded(exported));
    ASSERT_THAT(files_in(folder.path()), ElementsAre("model.onnx", "model.report.json"));
    EXPECT_THAT(exported.output, ContainsRegex("checkpoint +safetensors, 6 classes besides the background\n"));
    EXPECT_THAT(exported.output, ContainsRegex("simplified +[0-9]+ -> [0-9]+ nodes, [0-9.]+ MB -> [0-9.]+ MB\n"));
    EXPECT_THAT(exported.output, ContainsRegex("file +model.onnx, 7[0-9.]+ MB, opset 17\n"));
    EXPECT_THAT(exported.output, ContainsRegex("example picture, in a batch +640x640 +[0-9]+ .*yes\n"));
    EXPECT_THAT(exported.output, ContainsRegex("its mirror image, in the batch +640x640 +[0-9]+ .*yes\n"));
    EXPECT_THAT(exported.output, ContainsRegex("example picture, other size +426x480 +[0-9]+ .*yes\n"));
    EXPECT_THAT(exported.output, ContainsRegex("blank picture +640x640 +0 .*yes\n"));
    EXPECT_THAT(exported.output, Not(HasSubstr(" NO\n")));
    EXPECT_THAT(exported.errors, HasSubstr("wrote model.onnx and model.report.json\n"));

    const auto report = read_json(folder / "model.report.json");
    EXPECT_EQ(report["passed"], true);
    EXPECT_EQ(report["opset"], 17);
    EXPECT_EQ(report["file_bytes"], std::filesystem::file_size(folder / "model.onnx"));
    EXPECT_EQ(report["metadata"]["min_size"], "1024");
    EXPECT_EQ(report["unexpected_tensors"], nlohmann::json::array());
    EXPECT_LT(report["simplification"]["nodes_after"], report["simplification"]["nodes_before"]);
    ASSERT_EQ(report["verification"].size(), 4U);
    for (const auto& row : report["verification"]) {
        EXPECT_EQ(row["passed"], true) << row;
        EXPECT_LT(row["worst_score_difference"], 1e-3) << row;
    }

    const ProcessResult run = run_detect({"run", board().string(), "--score", "0.5", "--json", "-"}, folder.path());
    ASSERT_TRUE(succeeded(run));
    EXPECT_THAT(run.errors, HasSubstr("detect: note: using model.onnx\n"));
    const auto truth = read_json(board_truth());
    const auto detections = parse_output(run)["images"][0]["detections"];
    EXPECT_GE(10 * found_defects(truth, detections), 9 * truth["annotations"].size()) << detections;
    EXPECT_LE(detections.size(), truth["annotations"].size() + 1) << detections;
}

TEST(Export, TorchvisionsLayoutInAnOldOpsetFindsTheSame) {
    const TempDir folder;
    std::vector<std::string> arguments{"export", "--image", board().string(), "--layout", "torchvision", "--opset",
                                       "11",     "-o",      "old.onnx"};
    for (const std::string& option : small_model_options()) arguments.push_back(option);
    const ProcessResult exported = run_detect(arguments, folder.path());
    ASSERT_TRUE(succeeded(exported));
    EXPECT_THAT(files_in(folder.path()), ElementsAre("old.onnx", "old.report.json"));
    EXPECT_THAT(exported.output, HasSubstr("opset 11\n"));
    // Batch 1 only: there is no batch to verify.
    EXPECT_EQ(read_json(folder / "old.report.json")["verification"].size(), 3U);

    const ProcessResult info = run_detect({"info", "old.onnx"}, folder.path());
    ASSERT_TRUE(succeeded(info));
    EXPECT_THAT(info.output, ContainsRegex("input +float32 +\\[1, 3, height, width\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("boxes +float32 +\\[num_detections, 4\\]\n"));
    EXPECT_THAT(info.output, ContainsRegex("scores +float32 +\\[num_detections\\]\n"));
    EXPECT_THAT(info.output, AllOf(HasSubstr("opset 11"), Not(HasSubstr("valid_detections"))));

    const auto found = [&](const std::string& model) {
        const ProcessResult run = run_detect(
            {"run", board().string(), "--no-draw", "--json", "-", "--score", "0", "--model", model}, folder.path());
        EXPECT_TRUE(succeeded(run));
        return parse_output(run)["images"][0]["detections"];
    };
    const auto old = found("old.onnx");
    const auto batched = found(small_model().string());
    ASSERT_EQ(old.size(), batched.size());
    for (std::size_t i = 0; i < old.size(); ++i) {
        EXPECT_EQ(old[i]["label_id"], batched[i]["label_id"]);
        EXPECT_NEAR(old[i]["score"].get<double>(), batched[i]["score"].get<double>(), 1e-5);
    }
}

TEST(Export, SettingsGoIntoTheFile) {
    const TempDir folder;
    write_text(folder / "names.txt", "a\nb\nc\nd\ne\nf\n");
    write_flat_picture(folder / "grey.png", 40, 30, {127, 127, 127});
    const ProcessResult exported =
        run_detect({"export", "--image", "grey.png", "--preset", "320", "--score-threshold", "0.3", "--nms-threshold",
                    "0.25", "--max-detections", "7", "--labels", "names.txt", "-o", "set.onnx"},
                   folder.path());
    ASSERT_TRUE(succeeded(exported));
    const auto report = read_json(folder / "set.report.json");
    const nlohmann::json& metadata = report["metadata"];
    for (const auto& [key, value] : std::map<std::string, std::string>{{"min_size", "320"},
                                                                       {"max_size", "640"},
                                                                       {"rpn_pre_nms_top_n", "150"},
                                                                       {"rpn_post_nms_top_n", "150"},
                                                                       {"score_threshold", "0.3"},
                                                                       {"nms_threshold", "0.25"},
                                                                       {"max_detections", "7"},
                                                                       {"labels", R"(["a","b","c","d","e","f"])"}}) {
        EXPECT_EQ(metadata[key], value) << key;
    }
    // A picture like this proves little, and the user is told so.
    EXPECT_THAT(
        exported.errors,
        ContainsRegex("detect: warning: grey.png: the picture is flat \\(values 0.4980 to 0.4980, mean 0.4980\\)"));
    EXPECT_THAT(exported.errors,
                HasSubstr("detect: warning: nothing was detected on grey.png; give a picture that shows an object"));
    EXPECT_EQ(report["image"]["detections"], 0);

    const ProcessResult info = run_detect({"info", "set.onnx"}, folder.path());
    ASSERT_TRUE(succeeded(info));
    EXPECT_THAT(info.output, ContainsRegex("score_threshold +0.3\n"));
}

TEST(Export, AnExistingFileIsReplacedWhole) {
    const TempDir folder;
    write_text(folder / "model.onnx", "what was here before");
    write_flat_picture(folder / "grey.png", 16, 16, {10, 200, 30});
    const ProcessResult exported =
        run_detect({"export", "--image", "grey.png", "--min-size", "32", "--max-size", "32"}, folder.path());
    ASSERT_TRUE(succeeded(exported));
    EXPECT_TRUE(succeeded(run_detect({"info", "model.onnx"}, folder.path())));
    EXPECT_THAT(files_in(folder.path()), ElementsAre("grey.png", "model.onnx", "model.report.json"));
}

} // namespace
} // namespace detect::test
