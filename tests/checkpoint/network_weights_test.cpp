// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/network_weights.h"
#include "tests/checkpoint/checkpoint_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<NetworkWeights> load(const std::string& name) {
    const auto checkpoint = Checkpoint::open(checkpoint_files() / (name + ".pth"));
    if (!checkpoint) return checkpoint.error();
    return load_network_weights(*checkpoint);
}

std::string refusal(const std::string& name) {
    const auto weights = load(name);
    if (weights) return "loaded";
    expect_proper_message(weights.error(), checkpoint_files() / (name + ".pth"));
    return weights.error().message;
}

TEST(NetworkWeights, GivesTensorsUnderTodaysNames) {
    REQUIRE_CHECKPOINT_FILES();
    const auto weights = load("target");
    ASSERT_TRUE(weights) << weights.error().message;
    EXPECT_EQ(weights->class_count(), 5);
    EXPECT_FALSE(weights->frozen_batch_norm());
    for (const ExpectedTensor& tensor : read_expected("target")) {
        const auto found = weights->find(tensor.key);
        ASSERT_EQ(found.has_value(), !tensor.key.ends_with("num_batches_tracked")) << tensor.key;
        if (!found) continue;
        EXPECT_EQ(found->dims(), Dims(tensor.sizes)) << tensor.key;
        EXPECT_EQ(found->data<float>()[0], tensor.values[0]) << tensor.key;
    }
    EXPECT_FALSE(weights->find("backbone.body.0.0.bias"));
}

TEST(NetworkWeights, TranslatesTheNamesOfOlderCheckpoints) {
    REQUIRE_CHECKPOINT_FILES();
    const auto today = load("target");
    const auto old = load("target_old");
    ASSERT_TRUE(today) << today.error().message;
    ASSERT_TRUE(old) << old.error().message;
    EXPECT_EQ(old->class_count(), 5);
    EXPECT_TRUE(old->frozen_batch_norm()) << "there is no num_batches_tracked";
    int compared = 0;
    for (const ExpectedTensor& tensor : read_expected("target")) {
        if (tensor.key.ends_with("num_batches_tracked")) continue;
        ASSERT_TRUE(old->find(tensor.key)) << tensor.key;
        EXPECT_EQ(old->find(tensor.key)->data<float>()[0], today->find(tensor.key)->data<float>()[0]) << tensor.key;
        ++compared;
    }
    EXPECT_EQ(compared, 284) << "as many tensors as the network has with FrozenBatchNorm";
}

TEST(NetworkWeights, ListsWhatNothingAskedFor) {
    REQUIRE_CHECKPOINT_FILES();
    const auto weights = load("target_with_more");
    ASSERT_TRUE(weights) << weights.error().message;
    std::set<std::string, std::less<>> used;
    for (const ExpectedTensor& tensor : read_expected("target")) used.insert(tensor.key);
    EXPECT_THAT(weights->unexpected(used), ElementsAre("rpn.extra.weight"));

    const auto old = load("target_old");
    ASSERT_TRUE(old) << old.error().message;
    EXPECT_THAT(old->unexpected(used), IsEmpty());
    used.erase("backbone.fpn.layer_blocks.1.0.bias");
    EXPECT_THAT(old->unexpected(used), ElementsAre("backbone.fpn.layer_blocks.1.bias")) << "the key as the file has it";
}

TEST(NetworkWeights, WeightsThatTorchComputesSayHowToMakeThemPlain) {
    REQUIRE_CHECKPOINT_FILES();
    const std::string weight = "tensor rpn.head.conv.0.0.weight ";
    EXPECT_THAT(refusal("target_pruned"), HasSubstr(weight + "is pruned: torch computes it from others; make it plain "
                                                             "with torch.nn.utils.prune.remove(module, name)"));
    EXPECT_THAT(refusal("target_spectral"), HasSubstr(weight + "is under spectral norm"));
    EXPECT_THAT(refusal("target_weight_norm"), HasSubstr(weight + "is under weight norm"));
    EXPECT_THAT(refusal("target_parametrised"), HasSubstr(weight + "is parametrised"));
}

TEST(NetworkWeights, RefusesWeightsThatMakeNoSense) {
    REQUIRE_CHECKPOINT_FILES();
    EXPECT_THAT(refusal("target_nan"), HasSubstr("tensor rpn.head.conv.0.0.bias contains nan"));
    EXPECT_THAT(refusal("target_infinite"), HasSubstr("tensor rpn.head.conv.0.0.bias contains inf"));
    EXPECT_THAT(refusal("target_integers"), HasSubstr("tensor rpn.head.conv.0.0.bias is int64; weights are float32"));
    EXPECT_THAT(refusal("target_both_names"),
                HasSubstr("tensors rpn.head.conv.0.0.weight and rpn.head.conv.weight are the same parameter"));
    EXPECT_THAT(refusal("target_disagreeing"),
                HasSubstr("bbox_pred.weight is [24, 1], expected 20 rows (4 for each of the 5 classes of cls_score)"));
    EXPECT_THAT(refusal("target_one_class"), HasSubstr("cls_score.weight is [1, 1], expected at least two rows"));
    EXPECT_THAT(refusal("target_without_scores"), HasSubstr("cls_score.weight is missing"));
}

TEST(NetworkWeights, SaysWhatOtherNetworksLookLike) {
    REQUIRE_CHECKPOINT_FILES();
    const std::map<std::string, std::string> looks = {
        {"mask_rcnn", "Mask R-CNN with a ResNet-50 FPN backbone"},
        {"keypoint_rcnn", "Keypoint R-CNN with a ResNet-50 FPN backbone"},
        {"resnet50", "Faster R-CNN with a ResNet-50 FPN backbone"},
        {"resnet50_v2", "Faster R-CNN with a ResNet-50 FPN backbone"},
        {"retinanet", "RetinaNet with a ResNet-50 FPN backbone"},
        {"fcos", "FCOS with a ResNet-50 FPN backbone"},
        {"ssd", "SSD"},
        {"ssdlite", "SSDlite"},
        {"mobilenet_v3", "an image classifier such as MobileNetV3 or EfficientNet"},
        {"resnet18", "the image classifier ResNet-18"},
        {"vit", "a transformer"},
        {"yolo", "a YOLO model"},
        {"strange", "a network that is not known here (its keys begin with decoder, encoder)"},
    };
    for (const auto& [name, look] : looks) {
        EXPECT_THAT(refusal("network_" + name),
                    HasSubstr("looks like " + look + ", not torchvision's fasterrcnn_mobilenet_v3_large_fpn"));
    }
}

TEST(NetworkWeights, TakesATrainedDetector) {
    const auto path = shared_dir() / "weights" / "deeppcb_mnv3_fpn.pth";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there; set DETECT_SHARED_DIR";
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    const auto weights = load_network_weights(*checkpoint);
    ASSERT_TRUE(weights) << weights.error().message;
    EXPECT_EQ(weights->class_count(), 7);
    EXPECT_FALSE(weights->frozen_batch_norm());
    EXPECT_EQ(weights->find("roi_heads.box_head.fc6.weight")->dims(), (Dims{1024, 12544}));
}

} // namespace
} // namespace detect::test
