// SPDX-License-Identifier: Apache-2.0
// The definition asks for the checkpoint's tensors, all of them and no others, and gives what the file promises.

#include "export/network.h"

#include "checkpoint/checkpoint.h"
#include "checkpoint/network_weights.h"
#include "checkpoint/setting_table.h"
#include "checkpoint/setting_text.h"
#include "executor/reference/interpreter.h"
#include "tests/export/bundled_network.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

NetworkDefinition define(const Tensors& tensors, std::int64_t classes, const NetworkSettings& settings = {},
                         OutputLayout layout = OutputLayout::batched) {
    return require(build_network(ParameterMap(tensors), classes, settings, layout));
}

TEST(Network, ReadsEveryTensorOfItsCheckpointAndNoOther) {
    const Checkpoint checkpoint = require(Checkpoint::open(bundled_checkpoint()));
    const NetworkWeights weights = require(load_network_weights(checkpoint));
    const NetworkDefinition network = require(build_network(weights, weights.class_count(), NetworkSettings{}));
    EXPECT_THAT(weights.unexpected(network.used_parameters), IsEmpty());
    // torchvision's count for FrozenBatchNorm; BatchNorm adds 46 num_batches_tracked, which inference does not read.
    EXPECT_EQ(network.used_parameters.size(), 284U);
}

TEST(Network, ReadsEveryTensorOfTheTrainedCheckpoint) {
    const auto shared = shared_folder();
    const auto path = shared ? *shared / "weights/deeppcb_mnv3_fpn.pth" : std::filesystem::path();
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs weights/deeppcb_mnv3_fpn.pth: set DETECT_SHARED_DIR";
    const Checkpoint checkpoint = require(Checkpoint::open(path));
    EXPECT_EQ(checkpoint.tensors().size(), 330U);
    const NetworkWeights weights = require(load_network_weights(checkpoint));
    const NetworkDefinition network = require(build_network(weights, weights.class_count(), NetworkSettings{}));
    EXPECT_THAT(weights.unexpected(network.used_parameters), IsEmpty());
    EXPECT_EQ(network.used_parameters.size(), 284U);
}

TEST(Network, HasTorchvisionsNumberOfParameters) {
    const Tensors tensors = with_classes(91);
    std::int64_t trained = 0;
    std::int64_t batch_norm = 0;
    for (const std::string& name : define(tensors, 91).used_parameters) {
        const Tensor& tensor = tensors.at(name);
        // Running statistics are no parameters in torch's sense.
        if (!name.ends_with(".running_mean") && !name.ends_with(".running_var")) trained += tensor.element_count();
        if (name.ends_with(".running_mean")) batch_norm += 2 * tensor.element_count();
    }
    EXPECT_EQ(trained, 19'410'754);
    // FrozenBatchNorm's weights and biases are buffers.
    EXPECT_EQ(trained - batch_norm, 19'386'354);
}

TEST(Network, ListsAllTensorsThatAreMissingOrOfTheWrongShape) {
    Tensors tensors = bundled_tensors();
    tensors.erase("backbone.body.0.0.weight");
    tensors.erase("roi_heads.box_head.fc7.bias");
    tensors.find("roi_heads.box_head.fc6.weight")->second = require(Tensor::create(DataType::float32, {1024, 6272}));
    tensors.find("rpn.head.bbox_pred.bias")->second = require(Tensor::create(DataType::float32, {61}));
    const auto network = build_network(ParameterMap(tensors), 7, NetworkSettings{});
    ASSERT_FALSE(network.ok());
    EXPECT_EQ(network.error().code, ErrorCode::bad_model);
    EXPECT_THAT(network.error().message, AllOf(HasSubstr("tensor roi_heads.box_head.fc6.weight is [1024, 6272], "
                                                         "expected [1024, 12544] (7×7 pooling of 256 channels)"),
                                               HasSubstr("tensor rpn.head.bbox_pred.bias is [61], expected [60]"),
                                               HasSubstr("2 missing: "), HasSubstr("backbone.body.0.0.weight"),
                                               HasSubstr("roi_heads.box_head.fc7.bias"), Not(HasSubstr("\n"))));
}

TEST(Network, WithoutAnyTensorListsAllOfThem) {
    const auto network = build_network(ParameterMap(), 7, NetworkSettings{});
    ASSERT_FALSE(network.ok());
    EXPECT_THAT(network.error().message, HasSubstr("284 missing: "));
}

TEST(Network, RefusesSettingsThatMakeNoSense) {
    NetworkSettings settings;
    settings.selection.max_detections = 0;
    const auto network = build_network(ParameterMap(bundled_tensors()), 7, settings);
    ASSERT_FALSE(network.ok());
    EXPECT_EQ(network.error().code, ErrorCode::invalid_argument);
}

std::vector<std::string> described(const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<std::string> result;
    for (const ValueId id : ids)
        result.push_back(graph[id].name + " " + std::string(to_string(graph[id].type)) + " " +
                         to_string(graph[id].shape));
    return result;
}

TEST(Network, HasTheInputsAndOutputsOfItsLayout) {
    using testing::ElementsAre;
    const Graph batched = define(bundled_tensors(), 7).graph;
    EXPECT_THAT(described(batched, batched.inputs), ElementsAre("input float32 [batch, 3, height, width]"));
    EXPECT_THAT(described(batched, batched.outputs),
                ElementsAre("boxes float32 [batch, num_detections, 4]", "labels int64 [batch, num_detections]",
                            "scores float32 [batch, num_detections]", "valid_detections int64 [batch]"));
    const Graph torchvision = define(bundled_tensors(), 7, {}, OutputLayout::torchvision).graph;
    EXPECT_THAT(described(torchvision, torchvision.inputs), ElementsAre("input float32 [1, 3, height, width]"));
    EXPECT_THAT(described(torchvision, torchvision.outputs),
                ElementsAre("boxes float32 [num_detections, 4]", "labels int64 [num_detections]",
                            "scores float32 [num_detections]"));
}

TEST(Network, UsesOnnxsOwnOperatorsWithoutControlFlow) {
    for (const Node& node : define(bundled_tensors(), 7).graph.nodes) {
        EXPECT_EQ(node.domain, "");
        EXPECT_THAT(node.op, testing::AnyOf(Not(testing::AnyOf("If", "Loop", "Scan", "SequenceAt", "SplitToSequence",
                                                               "ConcatFromSequence"))));
    }
}

/// The constant that a user finds in the file under this name.
Tensor& setting(Graph& graph, std::string_view name) {
    const auto value = std::ranges::find(graph.values, name, &Value::name);
    if (value == graph.values.end() || !value->constant.defined())
        throw std::runtime_error("no constant " + std::string(name));
    return value->constant;
}

TEST(Network, HoldsItsSettingsUnderTheirNamesForUsersToEdit) {
    NetworkSettings settings;
    settings.transform = {.min_size = 192, .max_size = 192};
    Graph graph = define(bundled_tensors(), 7, settings).graph;
    const std::vector<Tensor> input{as_batch(drawn_image(200, 160))};
    const auto count = [&] { return require(interpret(graph, input))[3].data<std::int64_t>()[0]; };
    const std::int64_t before = count();
    ASSERT_GT(before, 4);

    setting(graph, "max_detections") = Tensor::of<std::int64_t>({1}, {3});
    EXPECT_EQ(count(), 3);
    setting(graph, "max_detections") = Tensor::of<std::int64_t>({1}, {100});
    setting(graph, "score_threshold") = Tensor::of<float>({1}, {0.9999F});
    EXPECT_EQ(count(), 0);
    setting(graph, "score_threshold") = Tensor::of<float>({1}, {0.05F});
    setting(graph, "nms_threshold") = Tensor::of<float>({1}, {1.0F});
    EXPECT_GT(count(), before);
    setting(graph, "nms_threshold") = Tensor::of<float>({1}, {0.5F});
    setting(graph, "rpn_score_threshold") = Tensor::of<float>({1}, {1.0F});
    EXPECT_EQ(count(), 0);
    setting(graph, "rpn_score_threshold") = Tensor::of<float>({1}, {0.05F});
    setting(graph, "rpn_post_nms_top_n") = Tensor::of<std::int64_t>({1}, {1});
    EXPECT_LE(count(), 6);
    setting(graph, "rpn_post_nms_top_n") = Tensor::of<std::int64_t>({1}, {1000});
    EXPECT_EQ(count(), before);
    for (const char* name : {"min_size", "max_size", "rpn_pre_nms_top_n", "rpn_nms_threshold"})
        EXPECT_EQ(setting(graph, name).element_count(), 1) << name;
}

/// The definitions name their constants themselves, below the table of settings: neither may forget or misspell one.
TEST(Network, NamesItsEditableConstantsAsTheSettingsAreNamed) {
    NetworkSettings settings = NetworkSettings::preset_320();
    settings.proposals = {.pre_nms_top_n = 321, .post_nms_top_n = 123, .nms_threshold = 0.61F, .score_threshold = 0.1F};
    settings.selection = {.score_threshold = 0.0625F, .nms_threshold = 0.125F, .max_detections = 17};
    Graph graph = define(bundled_tensors(), 7, settings).graph;
    std::set<std::string, std::less<>> editable;
    for (const Value& value : graph.values) {
        if (value.editable) editable.insert(value.name);
    }
    for (const Setting& row : setting_table()) {
        // Anchors are worked out from the first two; the names are in the metadata alone; the others are not told apart
        // from the network's weights, to which they belong.
        const std::set<std::string_view> nameless{"anchor_sizes", "aspect_ratios", "labels",
                                                  "image_mean",   "image_std",     "box_weights"};
        if (nameless.contains(row.key)) continue;
        ASSERT_EQ(editable.erase(std::string(row.key)), 1U) << row.key;
        const Tensor& tensor = setting(graph, row.key);
        const std::string value = tensor.type() == DataType::int64 ? to_text(tensor.data<std::int64_t>()[0])
                                                                   : to_text(tensor.data<float>()[0]);
        EXPECT_EQ(value, to_text(row, settings)) << row.key;
    }
    EXPECT_THAT(editable, IsEmpty()) << "of no setting in the table";
}

} // namespace
} // namespace detect::test
