// SPDX-License-Identifier: Apache-2.0
#include "graph/operators.h"

#include <gmock/gmock.h>

namespace detect::test {

namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Input = ShapeContext::Input;
using Attributes = std::map<std::string, Attribute, std::less<>>;
using Axes = std::vector<std::int64_t>;

Input of(Shape shape, DataType type = DataType::float32) {
    return {.present = true, .type = type, .shape = std::move(shape), .constant = nullptr};
}

Input of_unknown_rank(DataType type = DataType::float32) {
    return {.present = true, .type = type, .shape = {}, .constant = nullptr};
}

/// A known list of integers; the tensor lives as long as the test program.
Input list(std::initializer_list<std::int64_t> values) {
    static std::vector<std::unique_ptr<Tensor>> kept;
    kept.push_back(
        std::make_unique<Tensor>(Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values)));
    return {.present = true,
            .type = DataType::int64,
            .shape = to_shape(kept.back()->dims()),
            .constant = kept.back().get()};
}

Input numbers(std::initializer_list<float> values) {
    static std::vector<std::unique_ptr<Tensor>> kept;
    kept.push_back(std::make_unique<Tensor>(Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values)));
    return {.present = true,
            .type = DataType::float32,
            .shape = to_shape(kept.back()->dims()),
            .constant = kept.back().get()};
}

Input scalar(std::int64_t value) {
    Input input = list({value});
    return input;
}

/// What the rule says of each output ("[2, n] [?]"), or "error: " and the message behind the node's name.
std::string rule(const std::string& op, std::vector<Input> inputs, Attributes attributes = {}, std::size_t outputs = 1,
                 int opset = 17) {
    Node node;
    node.op = op;
    node.name = "n";
    node.attributes = std::move(attributes);
    node.outputs.assign(outputs, ValueId{0});
    ShapeContext context(node, opset, std::move(inputs), outputs);
    const auto result = infer(*find_operator("", op), context);
    if (!result.ok()) return "error: " + result.error().message.substr(("node 'n' (" + op + "): ").size());
    std::string text;
    for (const auto& output : context.outputs()) text += (text.empty() ? "" : " ") + to_string(output.shape);
    return text;
}

TEST(BroadcastRule, MeetsSizes) {
    EXPECT_EQ(rule("Add", {of({2, 1, 3}), of({4, 1})}), "[2, 4, 3]");
    EXPECT_EQ(rule("Add", {of({}), of({4, 1})}), "[4, 1]");
    EXPECT_EQ(rule("Add", {of({0, 3}), of({1, 3})}), "[0, 3]");
    EXPECT_EQ(rule("Add", {of({2, 3}), of({2})}), "error: shapes [2, 3] and [2] cannot be broadcast together");
    EXPECT_EQ(rule("Add", {of({"n", 3}), of({"n", 1})}), "[n, 3]");
    EXPECT_EQ(rule("Add", {of({"n", 3}), of({3})}), "[n, 3]");
    EXPECT_EQ(rule("Add", {of({"n"}), of({"m"})}), "[?]");
    // One of them is 5, the other 5 or 1.
    EXPECT_EQ(rule("Add", {of({"n"}), of({5})}), "[5]");
    EXPECT_EQ(rule("Add", {of({5}), of({"n"})}), "[5]");
    EXPECT_EQ(rule("Add", {of({Dim()}), of({1})}), "[?]");
    EXPECT_EQ(rule("Add", {of_unknown_rank(), of({5})}), "[...]");
}

TEST(BroadcastRule, FoldsAnyNumber) {
    EXPECT_EQ(rule("Max", {of({2, 1}), of({3}), of({1, 1})}), "[2, 3]");
    EXPECT_EQ(rule("Where", {of({2, 1}, DataType::boolean), of({3}), of({})}), "[2, 3]");
    EXPECT_EQ(rule("PRelu", {of({2, 3}), of({3})}), "[2, 3]");
    EXPECT_THAT(rule("PRelu", {of({3}), of({2, 3})}), StartsWith("error: slope [2, 3] does not fit input [3]"));
}

TEST(ReshapeRule, FollowsTheNewShape) {
    EXPECT_EQ(rule("Reshape", {of({2, 3, 4}), list({4, 6})}), "[4, 6]");
    EXPECT_EQ(rule("Reshape", {of({2, 3, 4}), list({0, -1})}), "[2, 12]");
    EXPECT_EQ(rule("Reshape", {of({"n", 3, 4}), list({0, -1})}), "[n, 12]");
    EXPECT_EQ(rule("Reshape", {of({"n", 3, 4}), list({-1, 12})}), "[n, 12]");
    EXPECT_EQ(rule("Reshape", {of({"n", 3, 4}), list({-1, 6})}), "[?, 6]");
    EXPECT_EQ(rule("Reshape", {of({"n", "m", 4}), list({-1, 4})}), "[?, 4]");
    EXPECT_EQ(rule("Reshape", {of({2, 3}), of({3}, DataType::int64)}), "[?, ?, ?]");
    EXPECT_EQ(rule("Reshape", {of({2, 3}), of({Dim()}, DataType::int64)}), "[...]");
    EXPECT_EQ(rule("Reshape", {of({0, 4}), list({-1, 4})}), "[0, 4]");
    EXPECT_EQ(rule("Reshape",
                   {
                       of({0, 4}),
                       list({0, 2}),
                   },
                   {{"allowzero", std::int64_t{1}}}),
              "[0, 2]");
}

TEST(ReshapeRule, RejectsWhatDoesNotFit) {
    EXPECT_THAT(rule("Reshape", {of({2, 7}), list({-1, 4})}),
                HasSubstr("14 elements [2, 7] cannot be divided into [?, 4]"));
    EXPECT_THAT(rule("Reshape", {of({2, 3}), list({7})}), HasSubstr("numbers of elements differ"));
    EXPECT_THAT(rule("Reshape", {of({2, 3}), list({-1, -1})}), HasSubstr("more than one -1"));
    EXPECT_THAT(rule("Reshape", {of({2, 3}), list({-2, 3})}), HasSubstr("a size of -2"));
    EXPECT_THAT(rule("Reshape", {of({6}), list({6, 0})}), HasSubstr("copies size 1 of [6]"));
    EXPECT_THAT(rule("Reshape", {of({0, 4}), list({0, -1})}), HasSubstr("could be anything"));
    EXPECT_THAT(rule("Reshape", {of({6}), list({INT64_MAX, INT64_MAX, -1})}), HasSubstr("too large"));
}

TEST(ShapeRule, CountsAxes) {
    EXPECT_EQ(rule("Shape", {of({"n", 3, 4})}), "[3]");
    EXPECT_EQ(rule("Shape", {of({"n", 3, 4})}, {{"start", std::int64_t{-2}}}), "[2]");
    EXPECT_EQ(rule("Shape", {of({"n", 3, 4})}, {{"start", std::int64_t{2}}, {"end", std::int64_t{1}}}), "[0]");
    EXPECT_EQ(rule("Shape", {of_unknown_rank()}), "[?]");
    EXPECT_EQ(rule("Size", {of_unknown_rank()}), "[]");
}

TEST(SqueezeRule, RemovesAndAddsAxes) {
    EXPECT_EQ(rule("Squeeze", {of({1, "n", 1}), list({0})}), "[n, 1]");
    EXPECT_EQ(rule("Squeeze", {of({1, 3, 1})}), "[3]");
    EXPECT_EQ(rule("Squeeze", {of({1, "n", 1})}), "[...]") << "n may be 1";
    EXPECT_THAT(rule("Squeeze", {of({2, 3}), list({0})}), HasSubstr("axis 0 of [2, 3] is not of size 1"));
    EXPECT_THAT(rule("Squeeze", {of({1, 3}), list({2})}), HasSubstr("axis 2 does not exist"));
    EXPECT_THAT(rule("Squeeze", {of({1, 3}), list({0, -2})}), HasSubstr("named twice"));
    EXPECT_EQ(rule("Unsqueeze", {of({"n", 3}), list({0, -1})}), "[1, n, 3, 1]");
    EXPECT_EQ(rule("Unsqueeze", {of({"n", 3})}, {{"axes", Axes{1}}}, 1, 11), "[n, 1, 3]");
}

TEST(FlattenRule, MultipliesWhatItKnows) {
    EXPECT_EQ(rule("Flatten", {of({"n", 256, 7, 7})}), "[n, 12544]");
    EXPECT_EQ(rule("Flatten", {of({2, 3, 4})}, {{"axis", std::int64_t{-1}}}), "[6, 4]");
    EXPECT_EQ(rule("Flatten", {of({2, 3, 4})}, {{"axis", std::int64_t{3}}}), "[24, 1]");
    EXPECT_EQ(rule("Flatten", {of({"n", 2, "m"})}, {{"axis", std::int64_t{2}}}), "[?, m]");
}

TEST(SliceRule, CountsElements) {
    EXPECT_EQ(rule("Slice", {of({10, "n"}), list({2}), list({-1}), list({0})}), "[7, n]");
    EXPECT_EQ(rule("Slice", {of({10}), list({9}), list({INT64_MIN}), list({0}), list({-3})}), "[4]");
    EXPECT_EQ(rule("Slice", {of({"n", 4}), list({0}), list({INT64_MAX}), list({0})}), "[n, 4]") << "all of it";
    EXPECT_EQ(rule("Slice", {of({"n", 4}), list({1}), list({INT64_MAX}), list({0})}), "[?, 4]");
    EXPECT_EQ(rule("Slice", {of({"n", 4}), of({1}, DataType::int64), list({3}), list({1})}), "[n, ?]");
    EXPECT_EQ(rule("Slice", {of({5, 4})}, {{"starts", Axes{1}}, {"ends", Axes{3}}, {"axes", Axes{1}}}, 1, 9), "[5, 2]");
    EXPECT_THAT(rule("Slice", {of({5}), list({0}), list({1}), list({0}), list({0})}), HasSubstr("a step is 0"));
    EXPECT_THAT(rule("Slice", {of({5}), list({0, 1}), list({1}), list({0})}), HasSubstr("differ in length"));
}

TEST(ConcatRule, AddsUpOneAxis) {
    const Attributes last = {{"axis", std::int64_t{-1}}};
    EXPECT_EQ(rule("Concat", {of({"n", 2}), of({Dim(), 3})}, last), "[n, 5]");
    EXPECT_EQ(rule("Concat", {of({4, 2}), of({"n", 3})}, last), "[4, 5]");
    EXPECT_EQ(rule("Concat", {of({4, "a"}), of({4, 3})}, last), "[4, ?]");
    EXPECT_EQ(rule("Concat", {of({4, 2}), of_unknown_rank()}, last), "[4, ?]");
    EXPECT_THAT(rule("Concat", {of({4, 2}), of({5, 2})}, last),
                HasSubstr("input 1 is [5, 2], which does not fit the others: [4, 2]"));
    EXPECT_THAT(rule("Concat", {of({INT64_MAX / 15}), of({INT64_MAX / 15})}, last), HasSubstr("too large to address"));
}

TEST(SplitRule, GivesEveryPart) {
    EXPECT_EQ(rule("Split", {of({"n", 6})}, {{"axis", std::int64_t{1}}}, 3), "[n, 2] [n, 2] [n, 2]");
    EXPECT_EQ(rule("Split", {of({6}), list({1, 5})}, {}, 2), "[1] [5]");
    EXPECT_EQ(rule("Split", {of({"n"}), list({1, 5})}, {}, 2), "[1] [5]");
    EXPECT_EQ(rule("Split", {of({"n"})}, {}, 2), "[?] [?]");
    EXPECT_THAT(rule("Split", {of({7})}, {}, 2), HasSubstr("cannot be split into 2 equal parts"));
    EXPECT_THAT(rule("Split", {of({7}), list({3, 3})}, {}, 2), HasSubstr("add up to 6, the axis has 7"));
    EXPECT_THAT(rule("Split", {of({7}), list({-1, 8})}, {}, 2), HasSubstr("impossible size -1"));
}

TEST(MovementRules, PermutePadTileExpand) {
    EXPECT_EQ(rule("Transpose", {of({"n", 2, 3})}), "[3, 2, n]");
    EXPECT_EQ(rule("Transpose", {of({"n", 2, 3})}, {{"perm", Axes{0, 2, 1}}}), "[n, 3, 2]");
    EXPECT_THAT(rule("Transpose", {of({2, 3})}, {{"perm", Axes{0, 0}}}), HasSubstr("named twice"));
    EXPECT_THAT(rule("Transpose", {of({2, 3})}, {{"perm", Axes{0}}}), HasSubstr("has 1 axes for [2, 3]"));
    EXPECT_EQ(rule("Pad", {of({"n", 3}), list({0, 1, 0, 2})}), "[n, 6]");
    EXPECT_EQ(rule("Pad", {of({"n", 3}), list({1, 0, 0, 0})}), "[?, 3]");
    EXPECT_THAT(rule("Pad", {of({3}), list({-2, -2})}), HasSubstr("impossible"));
    EXPECT_EQ(rule("Tile", {of({"n", 3}), list({1, 2})}), "[n, 6]");
    EXPECT_EQ(rule("Expand", {of({"n", 1}), list({1, 4})}), "[n, 4]");
    EXPECT_EQ(rule("Expand", {of({3}), of({2}, DataType::int64)}), "[?, 3]");
    EXPECT_EQ(rule("DepthToSpace", {of({1, 8, "h", 3})}, {{"blocksize", std::int64_t{2}}}), "[1, 2, ?, 6]");
}

TEST(RangeRule, CountsSteps) {
    EXPECT_EQ(rule("Range", {scalar(2), scalar(11), scalar(3)}), "[3]");
    EXPECT_EQ(rule("Range", {scalar(2), scalar(12), scalar(3)}), "[4]");
    EXPECT_EQ(rule("Range", {scalar(5), scalar(2), scalar(1)}), "[0]");
    EXPECT_EQ(rule("Range", {scalar(INT64_MAX), scalar(INT64_MIN), scalar(INT64_MIN)}), "[2]");
    EXPECT_EQ(rule("Range", {of({}, DataType::int64), scalar(2), scalar(1)}), "[?]");
    EXPECT_THAT(rule("Range", {scalar(0), scalar(1), scalar(0)}), HasSubstr("delta is 0"));
}

TEST(GatherRules, ReplaceTheAxis) {
    EXPECT_EQ(rule("Gather", {of({"n", 5, 2}), of({3, "k"}, DataType::int64)}, {{"axis", std::int64_t{1}}}),
              "[n, 3, k, 2]");
    EXPECT_EQ(rule("Gather", {of({5}), of({}, DataType::int64)}), "[]");
    EXPECT_EQ(rule("GatherElements", {of({5, 4}), of({"k", 4}, DataType::int64)}), "[k, 4]");
    EXPECT_THAT(rule("GatherElements", {of({5, 4}), of({2, 5}, DataType::int64)}), HasSubstr("do not fit"));
    EXPECT_EQ(
        rule("GatherND", {of({"b", 5, 2}), of({"b", "k", 1}, DataType::int64)}, {{"batch_dims", std::int64_t{1}}}),
        "[b, k, 2]");
    EXPECT_EQ(rule("GatherND", {of({2, 2}), of({3, 2}, DataType::int64)}), "[3]");
    EXPECT_THAT(rule("GatherND", {of({2, 2}), of({3, 3}, DataType::int64)}),
                HasSubstr("name 3 coordinates, at most 2"));
    EXPECT_EQ(rule("ScatterND", {of({"n", 4}), of({"k", 1}, DataType::int64), of({"k", 4})}), "[n, 4]");
    EXPECT_THAT(rule("ScatterND", {of({5, 4}), of({2, 1}, DataType::int64), of({2, 3})}),
                HasSubstr("updates are [2, 3], expected [2, 4]"));
    EXPECT_EQ(rule("NonZero", {of({2, 3, 4})}), "[3, ?]");
    EXPECT_EQ(rule("TopK", {of({"n", 100}), list({7})}, {}, 2), "[n, 7] [n, 7]");
    EXPECT_THAT(rule("TopK", {of({5}), list({7})}, {}, 2), HasSubstr("k is 7, but axis 0 has only 5 elements"));
    EXPECT_EQ(rule("TopK", {of({"n", 100}), of({1}, DataType::int64)}, {}, 2), "[n, ?] [n, ?]");
}

TEST(ReductionRules, KeepOrDropAxes) {
    EXPECT_EQ(rule("ReduceMax", {of({"n", 3, 4})}, {{"axes", Axes{-1}}}), "[n, 3, 1]");
    EXPECT_EQ(rule("ReduceMax", {of({"n", 3, 4})}, {{"axes", Axes{1}}, {"keepdims", std::int64_t{0}}}), "[n, 4]");
    EXPECT_EQ(rule("ReduceMax", {of({"n", 3})}), "[1, 1]");
    EXPECT_EQ(rule("ReduceMax", {of_unknown_rank()}, {{"keepdims", std::int64_t{0}}}), "[]");
    EXPECT_EQ(rule("ReduceSum", {of({"n", 3}), list({0})}), "[1, 3]");
    EXPECT_EQ(rule("ReduceSum", {of({"n", 3}), of({1}, DataType::int64)}), "[?, ?]");
    EXPECT_EQ(rule("ReduceSum", {of({"n", 3})}, {{"noop_with_empty_axes", std::int64_t{1}}}), "[n, 3]");
    EXPECT_EQ(rule("ArgMax", {of({"n", 3})}, {{"axis", std::int64_t{1}}, {"keepdims", std::int64_t{0}}}), "[n]");
    EXPECT_THAT(rule("ArgMax", {of({0, 3})}), HasSubstr("is empty"));
    EXPECT_EQ(rule("Softmax", {of({"n", 3})}), "[n, 3]");
    EXPECT_THAT(rule("Softmax", {of({"n", 3})}, {{"axis", std::int64_t{2}}}), HasSubstr("axis 2 does not exist"));
    EXPECT_EQ(rule("Softmax", {of({"n", 3})}, {{"axis", std::int64_t{2}}}, 1, 11), "[n, 3]");
}

TEST(MatrixRules, MeetInnerSizes) {
    EXPECT_EQ(rule("MatMul", {of({"b", 2, 3}), of({3, 4})}), "[b, 2, 4]");
    EXPECT_EQ(rule("MatMul", {of({3}), of({"b", 3, 4})}), "[b, 4]");
    EXPECT_EQ(rule("MatMul", {of({3}), of({3})}), "[]");
    EXPECT_THAT(rule("MatMul", {of({2, 3}), of({2, 3})}), HasSubstr("inner sizes of [2, 3] and [2, 3] differ"));
    EXPECT_EQ(rule("Gemm", {of({"n", 3}), of({4, 3}), of({4})}, {{"transB", std::int64_t{1}}}), "[n, 4]");
    EXPECT_THAT(rule("Gemm", {of({2, 3}), of({4, 3})}), HasSubstr("inner sizes"));
    EXPECT_THAT(rule("Gemm", {of({2, 3}), of({3, 4}), of({5})}), HasSubstr("[5]"));
}

TEST(ConvolutionRules, SlideWindows) {
    const Attributes same3 = {{"pads", Axes{1, 1, 1, 1}}};
    EXPECT_EQ(rule("Conv", {of({"n", 3, "h", "w"}), of({16, 3, 3, 3})}, same3), "[n, 16, h, w]")
        << "3 wide, 1 of padding: sizes stay";
    EXPECT_EQ(rule("Conv", {of({"n", 3, 800, 1088}), of({16, 3, 3, 3})},
                   {{"pads", Axes{1, 1, 1, 1}}, {"strides", Axes{2, 2}}}),
              "[n, 16, 400, 544]");
    EXPECT_EQ(rule("Conv", {of({"n", 3, "h", 8}), of({16, 3, 3, 3})}, {{"strides", Axes{2, 2}}}), "[n, 16, ?, 3]");
    EXPECT_EQ(rule("Conv", {of({1, 4, 8}), of({6, 2, 3})}, {{"group", std::int64_t{2}}, {"dilations", Axes{2}}}),
              "[1, 6, 4]");
    EXPECT_EQ(
        rule("Conv", {of({1, 1, 5}), of({1, 1, 3})}, {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Axes{2}}}),
        "[1, 1, 3]");
    EXPECT_THAT(rule("Conv", {of({1, 4, 8, 8}), of({6, 3, 3, 3})}), HasSubstr("does not fit weight"));
    EXPECT_THAT(rule("Conv", {of({1, 3, 2, 2}), of({6, 3, 3, 3})}),
                HasSubstr("a window of 3 does not fit spatial axis 0 of size 2"));
    EXPECT_THAT(rule("Conv", {of({1, 3, 8, 8}), of({6, 3, 3, 3}), of({5})}), HasSubstr("bias [5]"));
    EXPECT_THAT(rule("Conv", {of({1, 3, 8, 8}), of({6, 3, 3, 3})}, {{"strides", Axes{0, 1}}}),
                HasSubstr("impossible value 0"));
    EXPECT_THAT(rule("Conv", {of({1, 3, 8, 8}), of({6, 3, 3, 3})}, {{"pads", Axes{1, 1}}}),
                HasSubstr("'pads' has 2 values, expected 4"));
    EXPECT_THAT(rule("Conv", {of({1, 3, 8, 8}), of({6, 3, 3, 3})}, {{"dilations", Axes{INT32_MAX, 1}}}),
                HasSubstr("does not fit"));
    // (4 − 1)·2 + 3 − 2·1 + 1 = 8
    EXPECT_EQ(rule("ConvTranspose", {of({1, 2, 4}), of({2, 5, 3})},
                   {{"strides", Axes{2}}, {"pads", Axes{1, 1}}, {"output_padding", Axes{1}}}),
              "[1, 5, 8]");
    EXPECT_EQ(rule("MaxPool", {of({"n", 8, 13, 13})}, {{"kernel_shape", Axes{1, 1}}, {"strides", Axes{2, 2}}}, 2),
              "[n, 8, 7, 7] [n, 8, 7, 7]");
    EXPECT_THAT(rule("MaxPool", {of({"n", 8, 13, 13})}, {{"kernel_shape", Axes{2}}}),
                HasSubstr("a window of 1 dimensions"));
    EXPECT_EQ(rule("GlobalAveragePool", {of({"n", 8, "h", 4})}), "[n, 8, 1, 1]");
}

TEST(DetectionRules, GiveRowsPerBox) {
    const Attributes seven = {{"output_height", std::int64_t{7}}, {"output_width", std::int64_t{7}}};
    EXPECT_EQ(rule("RoiAlign", {of({"batch", 256, "h", "w"}), of({"rois", 4}), of({"rois"}, DataType::int64)}, seven),
              "[rois, 256, 7, 7]");
    EXPECT_THAT(rule("RoiAlign", {of({1, 256, 8, 8}), of({3, 5}), of({3}, DataType::int64)}, seven),
                HasSubstr("expected [rois, 4]"));
    EXPECT_THAT(rule("RoiAlign", {of({1, 256, 8, 8}), of({3, 4}), of({2}, DataType::int64)}, seven),
                HasSubstr("differ in number"));
    EXPECT_EQ(rule("NonMaxSuppression", {of({"b", "n", 4}), of({"b", 1, "n"}), list({5})}), "[?, 3]");
    EXPECT_THAT(rule("NonMaxSuppression", {of({1, 5, 4}), of({1, 1, 6})}), HasSubstr("do not belong together"));
}

TEST(ResizeRule, TakesSizesOrScales) {
    const Input none;
    EXPECT_EQ(rule("Resize", {of({"n", 3, 4, 5}), none, numbers({1, 1, 2, 0.5F})}), "[n, 3, 8, 2]");
    EXPECT_EQ(rule("Resize", {of({1, 3, 4, 5}), none, none, list({1, 3, 7, 9})}), "[1, 3, 7, 9]");
    EXPECT_EQ(rule("Resize", {of({1, 3, 4, 5}), numbers({}), numbers({}), list({1, 3, 7, 9})}, {}, 1, 11),
              "[1, 3, 7, 9]");
    EXPECT_EQ(rule("Resize", {of({1, 3, 4, 5}), none, none, of({4}, DataType::int64)}), "[?, ?, ?, ?]");
    EXPECT_EQ(rule("Resize", {of({1, 4}), numbers({1, 2})}, {}, 1, 10), "[1, 8]");
    EXPECT_THAT(rule("Resize", {of({1, 4})}), HasSubstr("either 'scales' or 'sizes'"));
    EXPECT_THAT(rule("Resize", {of({1, 4}), none, numbers({1, 2}), list({1, 8})}),
                HasSubstr("either 'scales' or 'sizes'"));
    EXPECT_THAT(rule("Resize", {of({1, 4}), none, numbers({1, 0})}),
                HasSubstr("scale 0.000000 of axis 1 is impossible"));
    EXPECT_THAT(rule("Resize", {of({1, 4}), none, numbers({1})}), HasSubstr("has 1 values, expected 2"));
    EXPECT_THAT(rule("Resize", {of({1, 4}), none, numbers({1, 2})}, {{"mode", std::string("best")}}),
                HasSubstr("mode is 'best'"));
}

TEST(TrainingOnly, IsUnsupported) {
    EXPECT_THAT(rule("BatchNormalization", {of({1, 2, 3}), of({2}), of({2}), of({2}), of({2})},
                     {{"training_mode", std::int64_t{1}}}),
                HasSubstr("training mode"));
    EXPECT_EQ(rule("BatchNormalization", {of({"n", 2, 3}), of({2}), of({2}), of({2}), of({2})}), "[n, 2, 3]");
    EXPECT_THAT(rule("BatchNormalization", {of({1, 2, 3}), of({2}), of({3}), of({2}), of({2})}),
                HasSubstr("one value per channel"));
}

} // namespace

} // namespace detect::test
