// SPDX-License-Identifier: Apache-2.0
// What a file asks for is found out before it is parsed, and refused before memory is taken.
#include "onnx/reading_budget.h"

#include "onnx/reader.h"
#include "tests/onnx/model_proto.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gmock/gmock.h>
#include <google/protobuf/io/coded_stream.h>

namespace detect::test {

namespace {

using testing::HasSubstr;
using testing::Not;

std::string repeated(const std::string& bytes, std::size_t count) {
    std::string all;
    all.reserve(bytes.size() * count);
    for (std::size_t i = 0; i < count; ++i) all += bytes;
    return all;
}

std::string message(char tag, const std::string& bytes) {
    std::string text(1, tag);
    for (std::size_t size = bytes.size();; size >>= 7U) {
        text += static_cast<char>((size & 0x7FU) | (size > 0x7F ? 0x80U : 0U));
        if (size <= 0x7F) break;
    }
    return text + bytes;
}

// Tags as they stand in the file: the model's graph and metadata, a graph's nodes and so on.
constexpr char graph = 0x3A;
const std::string empty_node("\x0A\x00", 2);
const std::string empty_initializer("\x2A\x00", 2);
const std::string empty_attribute("\x2A\x00", 2);
const std::string empty_output("\x62\x00", 2);
const std::string empty_metadata("\x72\x00", 2);
const std::string unknown_number("\xF8\x01\x00", 3);

/// A sound model with something added to its graph.
std::string with_graph(const std::string& added) { return small_network().bytes() + message(graph, added); }

Result<Graph> read(const std::string& bytes, std::size_t memory_limit = 0) {
    return read_onnx(std::as_bytes(std::span(bytes)), "model.onnx", {.memory_limit = memory_limit});
}

struct Flood {
    const char* what;
    std::string bytes;
};

/// `count` messages that are two or three bytes each.
std::vector<Flood> floods(std::size_t count) {
    return {{"nodes", with_graph(repeated(empty_node, count))},
            {"tensors", with_graph(repeated(empty_initializer, count))},
            {"declared values", with_graph(repeated(empty_output, 2 * count))},
            {"metadata entries", small_network().bytes() + repeated(empty_metadata, 2 * count)},
            {"attributes", with_graph(message(0x0A, repeated(empty_attribute, 4 * count)))},
            {"names and texts", with_graph(message(0x0A, repeated(empty_node, 16 * count)))},
            {"unknown fields", small_network().bytes() + repeated(unknown_number, 16 * count)}};
}

TEST(ReadingBudget, MoreOfSomethingThanAnyModelNeedsIsRefusedByName) {
    for (const Flood& flood : floods(250'010)) {
        const auto refused = read(flood.bytes);
        ASSERT_FALSE(refused.ok()) << flood.what;
        EXPECT_EQ(refused.error().code, ErrorCode::resource_limit) << refused.error().message;
        EXPECT_THAT(refused.error().message, HasSubstr("model.onnx: has more than "));
        EXPECT_THAT(refused.error().message, HasSubstr(flood.what));
    }
}

TEST(ReadingBudget, TheMemoryLimitHoldsBeforeAnythingIsParsed) {
    for (const Flood& flood : floods(20'000)) {
        const auto refused = read(flood.bytes, 1'000'000);
        ASSERT_FALSE(refused.ok()) << flood.what;
        EXPECT_EQ(refused.error().code, ErrorCode::resource_limit) << refused.error().message;
        EXPECT_THAT(refused.error().message, HasSubstr("the memory limit is 1.0 MB")) << flood.what;
    }
    EXPECT_TRUE(read(small_network().bytes(), 1'000'000).ok());
}

/// Against the parser's own account.
TEST(ReadingBudget, CountsNoLessThanParsingTakes) {
    auto files = floods(1000);
    files.push_back({"a model", small_network().bytes()});
    files.push_back({"packed sizes", with_graph(message(0x2A, message(0x0A, std::string(5000, '\x01'))))});
    files.push_back(
        {"a group", small_network().bytes() + "\xFB\x01" + repeated(std::string("\x08\x00", 2), 3000) + "\xFC\x01"});
    files.push_back(
        {"an unknown kind of attribute", with_graph(message(0x0A, message(0x2A, repeated("\xA0\x01\x7F", 3000))))});
    files.push_back({"a long name", with_graph(message(0x0A, message(0x1A, std::string(100'000, 'n'))))});
    for (const Flood& file : files) {
        google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(file.bytes.data()),
                                                  static_cast<int>(file.bytes.size()));
        in.PushLimit(static_cast<int>(file.bytes.size()));
        ReadingBudget budget;
        const auto counted = check_serialised_model(in, 4096, budget);
        ASSERT_TRUE(counted.ok()) << file.what << ": " << counted.error().message;
        onnx::ModelProto model;
        ASSERT_TRUE(model.ParseFromString(file.bytes)) << file.what;
        EXPECT_GE(budget.used(), model.SpaceUsedLong()) << file.what;
    }
}

TEST(ReadingBudget, WeightsCount) {
    ModelProto model = small_network();
    onnx::TensorProto& weights = model.initializer("large", {1 << 18}, {});
    weights.set_raw_data(std::string(std::size_t{1} << 20U, '\0'));
    const std::string bytes = model.bytes();
    EXPECT_TRUE(read(bytes, 2'000'000).ok());
    const auto refused = read(bytes, 1'000'000);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message,
                HasSubstr("initializer 'large' and the weights before it would take at least"));
}

/// A file of a few hundred bytes and a sparse one beside it.
TEST(ReadingBudget, ExternalDataCountsBeforeItIsRead) {
    const auto folder = std::filesystem::temp_directory_path() / ("reading_budget_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    constexpr std::uintmax_t size = std::uintmax_t{3} << 30U;
    std::ofstream(folder / "big.bin");
    std::filesystem::resize_file(folder / "big.bin", size);
    ModelProto model = small_network();
    onnx::TensorProto& weights = model.initializer("large", {static_cast<std::int64_t>(size / 4)}, {});
    weights.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *weights.add_external_data();
    entry.set_key("location");
    entry.set_value("big.bin");
    std::ofstream(folder / "model.onnx", std::ios::binary) << model.bytes();
    const auto refused = read_onnx(folder / "model.onnx", 100'000'000);
    std::filesystem::remove_all(folder);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(refused.error().message, HasSubstr("the memory limit is 100.0 MB"));
}

TEST(ReadingBudget, LongNamesMakeNoLongErrors) {
    ModelProto model = small_network();
    model.node(std::string(1'000'000, 'o'), {"y"}, {std::string(1'000'000, 'n')}, std::string(1'000'000, 'n'));
    const auto refused = read(model.bytes());
    ASSERT_FALSE(refused.ok());
    EXPECT_LT(refused.error().message.size(), 2100U);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("\n")));
}

} // namespace

} // namespace detect::test
