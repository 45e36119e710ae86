// SPDX-License-Identifier: Apache-2.0
#include "export/checkpoint_graph.h"

#include "checkpoint/class_names.h"
#include "checkpoint/safetensors_writer.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CheckpointGraphTest : public testing::Test {
protected:
    std::filesystem::path write(const Tensors& tensors, const std::map<std::string, std::string>& metadata = {}) {
        auto path = folder_ / "weights.safetensors";
        require(write_safetensors(path, tensors, metadata));
        return path;
    }
    static Result<CheckpointGraph> read(const std::filesystem::path& path, const SettingsOverrides& overrides = {}) {
        return graph_from_checkpoint(path, overrides, OutputLayout::batched, 17);
    }
    static std::vector<std::string> names(std::size_t count) { return std::vector<std::string>(count, "name"); }

    TempDir folder_;
};

TEST_F(CheckpointGraphTest, TellsWhatItReadAndHowFarItWasSimplified) {
    const CheckpointGraph network = require(read(bundled_checkpoint()));
    EXPECT_EQ(network.classes, 7);
    EXPECT_EQ(network.checkpoint_format, "safetensors");
    EXPECT_EQ(network.settings.transform.min_size, 1024);
    EXPECT_THAT(network.unexpected, testing::IsEmpty());
    EXPECT_EQ(network.nodes_after, network.graph.nodes.size());
    // At least the 46 BatchNormalization nodes are folded.
    EXPECT_LE(network.nodes_after + 46, network.nodes_before);
    EXPECT_LT(network.bytes_after, network.bytes_before);
    for (const Node& node : network.graph.nodes) EXPECT_NE(node.op, "BatchNormalization");
}

TEST_F(CheckpointGraphTest, DescribesItselfInItsMetadata) {
    const auto metadata = require(read(bundled_checkpoint(), {.nms_threshold = 0.25F})).graph.metadata;
    for (const auto& [key, value] :
         std::map<std::string, std::string>{{"architecture", "fasterrcnn_mobilenet_v3_large_fpn"},
                                            {"num_classes", "7"},
                                            {"input_range", "0-1"},
                                            {"input_layout", "NCHW, RGB"},
                                            {"min_size", "1024"},
                                            {"max_size", "1024"},
                                            {"anchor_sizes", "32,64,128,256,512"},
                                            {"aspect_ratios", "0.5,1,2"},
                                            {"nms_threshold", "0.25"},
                                            {"labels", R"(["open","short","mousebite","spur","copper","pin-hole"])"}}) {
        ASSERT_TRUE(metadata.contains(key)) << key;
        EXPECT_EQ(metadata.at(key), value);
    }
    EXPECT_EQ(metadata.at("checkpoint_sha256").size(), 64U);
    EXPECT_THAT(metadata.at("producer"), StartsWith("detect "));
}

TEST_F(CheckpointGraphTest, CountsTheNamesThatAreGiven) {
    const auto refusal = [&](std::size_t count) {
        const auto network = read(bundled_checkpoint(), {.labels = names(count)});
        EXPECT_FALSE(network.ok());
        if (network.ok()) return std::string();
        EXPECT_EQ(network.error().code, ErrorCode::invalid_argument);
        return network.error().message;
    };
    EXPECT_THAT(refusal(5), AllOf(HasSubstr("5 class names"), HasSubstr("6 classes"), HasSubstr("one name for each")));
    EXPECT_THAT(refusal(1), HasSubstr("1 class name,"));
    EXPECT_THAT(refusal(7), HasSubstr("leave the background out"));
    EXPECT_TRUE(read(bundled_checkpoint(), {.labels = names(6)}).ok());
}

TEST_F(CheckpointGraphTest, TakesCocosNamesForNinetyOneClasses) {
    const auto path = write(with_classes(91));
    const CheckpointGraph network = require(read(path, {.labels = coco_labels()}));
    EXPECT_EQ(network.classes, 91);
    EXPECT_EQ(network.settings.labels.size(), 90U);
    const auto eighty = read(path, {.labels = names(80)});
    ASSERT_FALSE(eighty.ok());
    EXPECT_THAT(eighty.error().message, HasSubstr("'coco'"));
}

TEST_F(CheckpointGraphTest, MetadataThatDoesNotFitIsTheCheckpointsFault) {
    for (const auto& [key, value] :
         {std::pair{"labels", R"(["only","two"])"}, std::pair{"min_size", "-1"}, std::pair{"anchor_sizes", "32,64"}}) {
        const auto path = write(bundled_tensors(), {{key, value}});
        const auto network = read(path);
        ASSERT_FALSE(network.ok()) << key;
        EXPECT_EQ(network.error().code, ErrorCode::bad_model);
        EXPECT_THAT(network.error().message, StartsWith(path.string() + ": "));
    }
}

TEST_F(CheckpointGraphTest, MentionsTensorsThatItHasNoPlaceFor) {
    Tensors tensors = bundled_tensors();
    tensors["teacher.scale"] = Tensor::of<float>({1}, {1});
    EXPECT_THAT(require(read(write(tensors))).unexpected, ElementsAre("teacher.scale"));
}

TEST_F(CheckpointGraphTest, NamesTheFileWhenTensorsAreMissing) {
    Tensors tensors = bundled_tensors();
    tensors.erase("backbone.body.0.0.weight");
    const auto path = write(tensors);
    const auto network = read(path);
    ASSERT_FALSE(network.ok());
    EXPECT_EQ(network.error().code, ErrorCode::bad_model);
    EXPECT_THAT(network.error().message,
                AllOf(StartsWith(path.string() + ": "), HasSubstr("1 missing: backbone.body.0.0.weight")));
}

} // namespace
} // namespace detect::test
