// SPDX-License-Identifier: Apache-2.0
#include "onnx/reader.h"

#include "executor/reference/interpreter.h"
#include "tests/onnx/model_proto.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gmock/gmock.h>

namespace detect::test {

namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Result<Graph> read(const ModelProto& model) {
    const std::string bytes = model.bytes();
    return read_onnx(std::as_bytes(std::span(bytes)), "model.onnx");
}

void expect_refused(const ModelProto& model, ErrorCode code, const std::string& part) {
    const auto graph = read(model);
    ASSERT_FALSE(graph.ok()) << "expected: " << part;
    EXPECT_EQ(to_string(graph.error().code), to_string(code)) << graph.error().message;
    EXPECT_THAT(graph.error().message, AllOf(StartsWith("model.onnx: "), HasSubstr(part), Not(HasSubstr("\n"))));
}

/// y = Relu(x)
ModelProto relu(std::int64_t opset = 17) {
    ModelProto model(opset);
    model.input("x", {2});
    model.node("Relu", {"x"}, {"y"}, "relu");
    model.output("y", {2});
    return model;
}

/// A folder that is gone after the test.
class OnnxFile : public testing::Test {
protected:
    OnnxFile() : folder_(fs::temp_directory_path() / ("onnx_reader_test_" + std::to_string(::getpid()))) {
        fs::create_directories(folder_ / "model");
    }
    ~OnnxFile() override { fs::remove_all(folder_); }

    fs::path write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
        return folder_ / name;
    }

    /// y = x + w, where w = [1, 2] lies in `location`, 4 bytes in.
    static ModelProto with_external_data(const std::string& location) {
        ModelProto model;
        model.input("x", {2});
        onnx::TensorProto& weight = model.initializer("w", {2}, {});
        weight.set_data_location(onnx::TensorProto::EXTERNAL);
        for (const auto& [key, value] :
             std::map<std::string, std::string>{{"location", location}, {"offset", "4"}, {"length", "8"}}) {
            auto& entry = *weight.add_external_data();
            entry.set_key(key);
            entry.set_value(value);
        }
        model.node("Add", {"x", "w"}, {"y"}, "add");
        model.output("y", {2});
        return model;
    }

    static std::string external_bytes() {
        const float values[] = {99, 1, 2};
        return {reinterpret_cast<const char*>(values), sizeof(values)};
    }

    fs::path folder_;
};

TEST(OnnxReader, ReadsASmallNetwork) {
    const auto graph = read(small_network());
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->opset, 17);
    EXPECT_EQ(graph->name, "tested");
    EXPECT_EQ(graph->metadata.at("author"), "test");
    EXPECT_EQ(graph->nodes.size(), 6U) << "the Constant node is a constant, not a node";
    const Value& y = (*graph)[graph->outputs[0]];
    EXPECT_EQ(y.name, "y");
    EXPECT_EQ(y.type, DataType::float32);
    EXPECT_EQ(to_string(y.shape), "[1, 2]");

    // Channel sums: all ones give conv outputs 3.5 and 6.5, nine of each; 9·(3.5 + 6.5)·0.25 + 1 = 23.5.
    const auto outputs = interpret(*graph, std::vector{Tensor::of<float>({1, 2, 3, 3}, std::vector<float>(18, 1.0F))});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].data<float>(), ElementsAre(23.5F, 23.5F));
    EXPECT_THAT((*outputs)[1].data<std::int64_t>(), ElementsAre(1, 2));
}

TEST(OnnxReader, SortsNodesAndKeepsNamesOfAxes) {
    ModelProto model;
    auto& input = model.input("x", {0});
    input.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_param("batch");
    model.node("Neg", {"middle"}, {"y"}, "second");
    model.node("Abs", {"x"}, {"middle"}, "first");
    model.node("NonZero", {"y"}, {"found"}, "third");
    model.output("y", {});
    model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->clear_shape();
    auto& found = model.output("found", {1, 0}, 7);
    found.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(1)->set_dim_param("num_found");
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->nodes[0].name, "first");
    EXPECT_EQ(to_string((*graph)[graph->outputs[0]].shape), "[batch]");
    EXPECT_EQ(to_string((*graph)[graph->outputs[1]].shape), "[1, num_found]");
}

TEST(OnnxReader, AnInputWithAnInitializerIsAConstant) {
    ModelProto model = relu();
    model.initializer("x", {2}, {-1, 1});
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_TRUE(graph->inputs.empty());
    EXPECT_EQ(graph->nodes.size(), 1U);
}

TEST(OnnxReader, ReadsEveryWayATensorIsStored) {
    ModelProto model;
    const auto add = [&](const std::string& name, DataType type) -> onnx::TensorProto& {
        onnx::TensorProto& tensor = model.initializer(name, {2}, {});
        tensor.set_data_type(static_cast<int>(type));
        model.node("Identity", {name}, {name + "_out"}, name);
        model.output(name + "_out", {2}, static_cast<int>(type));
        return tensor;
    };
    for (const int value : {1, -2}) add(value == 1 ? "a" : "b", DataType::int8).add_int32_data(value);
    model.graph().mutable_initializer(0)->add_int32_data(-3);
    model.graph().mutable_initializer(1)->add_int32_data(4);
    onnx::TensorProto& half = add("half", DataType::float16);
    half.add_int32_data(0x3C00);
    half.add_int32_data(0xC000);
    onnx::TensorProto& flags = add("flags", DataType::boolean);
    flags.set_raw_data(std::string("\x00\x07", 2));
    onnx::TensorProto& wide = add("wide", DataType::uint32);
    wide.add_uint64_data(7);
    wide.add_uint64_data(4294967295U);
    const auto graph = read(model);
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const auto outputs = interpret(*graph, {});
    ASSERT_TRUE(outputs.ok()) << outputs.error().message;
    EXPECT_THAT((*outputs)[0].data<std::int8_t>(), ElementsAre(1, -3));
    EXPECT_THAT((*outputs)[1].data<std::int8_t>(), ElementsAre(-2, 4));
    EXPECT_EQ((*outputs)[2].bytes()[1], std::byte{0x3C});
    EXPECT_EQ((*outputs)[2].bytes()[3], std::byte{0xC0});
    EXPECT_EQ((*outputs)[3].bytes()[1], std::byte{1}) << "any byte but 0 is true, and stored as 1";
    EXPECT_THAT((*outputs)[4].data<std::uint32_t>(), ElementsAre(7U, 4294967295U));
}

TEST(OnnxReader, RefusesOpsetsItDoesNotKnow) {
    for (const std::int64_t opset : {6, 18, 0, -1}) {
        expect_refused(relu(opset), ErrorCode::unsupported, "opsets 7 to 17 are supported");
    }
    ModelProto none = relu();
    none.model.clear_opset_import();
    expect_refused(none, ErrorCode::unsupported, "does not say which opset");
    EXPECT_TRUE(read(relu(7)).ok());
    EXPECT_TRUE(read(relu(17)).ok());
}

TEST(OnnxReader, ListsEveryMissingOperatorOnce) {
    ModelProto model = relu();
    model.node("Frobnicate", {"x"}, {"a"}, "first");
    model.node("Frobnicate", {"x"}, {"b"}, "second");
    model.node("Add", {"x", "x"}, {"c"}, "theirs").set_domain("com.example");
    expect_refused(model, ErrorCode::unsupported,
                   "not implemented, at opset 17: Frobnicate (node 'first'), com.example.Add (node 'theirs')");
}

TEST(OnnxReader, RefusesNamesThatDoNotAddUp) {
    ModelProto missing = relu();
    missing.node("Add", {"x", "nowhere"}, {"z"}, "lost");
    expect_refused(missing, ErrorCode::bad_model, "node 'lost' (Add): reads 'nowhere', which is not defined anywhere");

    ModelProto twice = relu();
    twice.node("Neg", {"x"}, {"y"}, "again");
    expect_refused(twice, ErrorCode::bad_model, "'y' is defined twice");

    ModelProto inputs = relu();
    inputs.input("x", {2});
    expect_refused(inputs, ErrorCode::bad_model, "'x' is defined twice");

    ModelProto output = relu();
    output.output("z", {2});
    expect_refused(output, ErrorCode::bad_model, "output 'z' is computed by no node");

    ModelProto cycle = relu();
    cycle.node("Add", {"x", "b"}, {"a"}, "forth");
    cycle.node("Neg", {"a"}, {"b"}, "back");
    expect_refused(cycle, ErrorCode::bad_model, "cycle through node 'forth' (Add)");
}

TEST(OnnxReader, RefusesWhatBreaksAnOperatorsRules) {
    ModelProto attribute = relu();
    add_int(*attribute.graph().mutable_node(0), "slope", 1);
    expect_refused(attribute, ErrorCode::bad_model, "node 'relu' (Relu): has no attribute named 'slope'");

    ModelProto kind = relu();
    kind.node("Concat", {"x", "x"}, {"z"}, "join");
    add_ints(*kind.graph().mutable_node(1), "axis", {0});
    expect_refused(kind, ErrorCode::bad_model,
                   "node 'join' (Concat): attribute 'axis' is integers, expected an integer");

    ModelProto types = relu();
    types.input("n", {2}, 7);
    types.node("Add", {"x", "n"}, {"z"}, "mixed");
    expect_refused(types, ErrorCode::bad_model, "node 'mixed' (Add): input 0 is float32, but input 1 is int64");

    ModelProto young = relu(13);
    young.node("HardSwish", {"x"}, {"z"}, "swish");
    expect_refused(young, ErrorCode::unsupported,
                   "node 'swish' (HardSwish): exists from opset 14 on, the graph is opset 13");

    ModelProto declared = relu();
    declared.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(7);
    expect_refused(declared, ErrorCode::bad_model, "value 'y' is declared int64, but is float32");
}

TEST(OnnxReader, RefusesTensorsThatAreNotWhatTheySay) {
    ModelProto few = relu();
    few.initializer("w", {3}, {1, 2});
    expect_refused(few, ErrorCode::bad_model, "initializer 'w' holds 2 values, its sizes ask for 3");

    ModelProto huge = relu();
    huge.initializer("w", {std::int64_t{1} << 40, std::int64_t{1} << 40}, {});
    expect_refused(huge, ErrorCode::bad_model, "initializer 'w' has the impossible sizes");

    ModelProto promised = relu();
    promised.initializer("w", {std::int64_t{1} << 34}, {}).set_raw_data("abcd");
    expect_refused(promised, ErrorCode::bad_model, "holds 4 bytes");

    ModelProto text = relu();
    text.initializer("w", {0}, {}).set_data_type(onnx::TensorProto::STRING);
    expect_refused(text, ErrorCode::unsupported, "element type STRING");

    ModelProto negative = relu();
    negative.initializer("w", {-1}, {});
    expect_refused(negative, ErrorCode::bad_model, "impossible sizes");
}

TEST(OnnxReader, ExternalDataNeedsAFolder) {
    ModelProto model = relu();
    auto& weight = model.initializer("w", {1}, {});
    weight.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *weight.add_external_data();
    entry.set_key("location");
    entry.set_value("weights.bin");
    expect_refused(model, ErrorCode::unsupported, "no folder");
}

TEST(OnnxReader, RefusesWhatIsNotAModel) {
    const auto refused = [](const std::string& bytes) {
        const auto graph = read_onnx(std::as_bytes(std::span(bytes)), "model.onnx");
        return !graph.ok() && graph.error().code == ErrorCode::unreadable_input;
    };
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused("This is a text file.\n"));
    EXPECT_TRUE(refused(std::string(1000, '\0')));
    EXPECT_TRUE(refused("PK\x03\x04 a zip"));
}

TEST(OnnxReader, DeepNestingIsRefused) {
    // A graph inside an attribute of a node, a hundred times over.
    onnx::GraphProto graph;
    for (int depth = 0; depth < 100; ++depth) {
        onnx::GraphProto outer;
        auto& attribute = *outer.add_node()->add_attribute();
        attribute.set_type(onnx::AttributeProto::GRAPH);
        attribute.mutable_g()->Swap(&graph);
        graph.Swap(&outer);
    }
    ModelProto model;
    model.graph().Swap(&graph);
    expect_refused(model, ErrorCode::unreadable_input, "damaged");
}

TEST_F(OnnxFile, ReadsExternalDataFromTheModelsFolder) {
    write("model/weights.bin", external_bytes());
    const auto graph = read_onnx(write("model/model.onnx", with_external_data("weights.bin").bytes()));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const auto outputs = interpret(*graph, std::vector{Tensor::of<float>({2}, {10, 20})});
    ASSERT_TRUE(outputs.ok());
    EXPECT_THAT(outputs->front().data<float>(), ElementsAre(11, 22));
}

TEST_F(OnnxFile, ExternalDataStaysInsideTheFolder) {
    write("secret.bin", external_bytes());
    fs::create_symlink(folder_ / "secret.bin", folder_ / "model" / "link.bin");
    for (const std::string& location : {std::string("../secret.bin"), (folder_ / "secret.bin").string(),
                                        std::string("link.bin"), std::string("../model/../secret.bin")}) {
        const auto graph = read_onnx(write("model/model.onnx", with_external_data(location).bytes()));
        ASSERT_FALSE(graph.ok()) << location;
        EXPECT_EQ(graph.error().code, ErrorCode::bad_model) << location;
        EXPECT_THAT(graph.error().message, HasSubstr("outside the model's folder"));
    }
}

TEST_F(OnnxFile, ExternalDataMustBeThere) {
    const auto missing = read_onnx(write("model/model.onnx", with_external_data("weights.bin").bytes()));
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::unreadable_input);
    write("model/weights.bin", external_bytes().substr(0, 11));
    const auto cut = read_onnx(folder_ / "model/model.onnx");
    ASSERT_FALSE(cut.ok());
    EXPECT_THAT(cut.error().message, HasSubstr("is shorter than the model says"));
    EXPECT_FALSE(read_onnx(write("model/model.onnx", with_external_data(".").bytes())).ok());
}

TEST_F(OnnxFile, SaysWhatIsWrongWithAPath) {
    EXPECT_THAT(read_onnx(folder_ / "none.onnx").error().message, HasSubstr("none.onnx: does not exist"));
    EXPECT_THAT(read_onnx(folder_ / "model").error().message, HasSubstr("is not a file"));
    EXPECT_THAT(read_onnx(write("empty.onnx", "")).error().message, HasSubstr("is empty"));
}

} // namespace

} // namespace detect::test
