// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"
#include "tests/checkpoint/checkpoint_files.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <bit>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Values bit for bit: conversions to float32 are exact, but for float64, which both sides round to nearest.
void expect_same_bits(std::span<const float> actual, const std::vector<float>& expected, const std::string& where) {
    ASSERT_EQ(actual.size(), expected.size()) << where;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
            << where << "[" << i << "] is " << actual[i] << ", in torch " << expected[i];
    }
}

void expect_what_torch_sees(const Checkpoint& checkpoint, const std::string& expected_name) {
    const auto expected = read_expected(expected_name);
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(checkpoint.tensors().size(), expected.size());
    for (const ExpectedTensor& tensor : expected) {
        const TensorEntry* entry = checkpoint.find(tensor.key);
        ASSERT_NE(entry, nullptr) << tensor.key;
        EXPECT_EQ(to_string(entry->type), tensor.type) << tensor.key;
        EXPECT_EQ(entry->dims, Dims(tensor.sizes)) << tensor.key;
        const auto loaded = checkpoint.load(tensor.key);
        if (tensor.type.find("float") == std::string::npos) {
            ASSERT_FALSE(loaded) << tensor.key;
            EXPECT_EQ(loaded.error().code, ErrorCode::unsupported);
            EXPECT_NE(loaded.error().message.find("tensor " + tensor.key + " is " + tensor.type), std::string::npos)
                << loaded.error().message;
            continue;
        }
        ASSERT_TRUE(loaded) << loaded.error().message;
        EXPECT_EQ(loaded->type(), DataType::float32);
        EXPECT_EQ(loaded->dims(), Dims(tensor.sizes)) << tensor.key;
        expect_same_bits(loaded->data<float>(), tensor.values, tensor.key);
    }
}

struct Readable {
    std::string name;
    std::string extension;
    std::string_view format;
    std::vector<std::string> notes;
};

void PrintTo(const Readable& file, std::ostream* out) { *out << file.name; }

class ReadableTest : public testing::TestWithParam<Readable> {};

TEST_P(ReadableTest, GivesWhatTorchLoads) {
    REQUIRE_CHECKPOINT_FILES();
    const Readable& file = GetParam();
    const auto checkpoint = Checkpoint::open(checkpoint_files() / (file.name + file.extension));
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->format(), file.format);
    EXPECT_EQ(checkpoint->notes(), file.notes);
    expect_what_torch_sees(*checkpoint, file.name);
}

constexpr std::string_view zip = "PyTorch ZIP";
constexpr std::string_view stream = "PyTorch legacy pickle";
const std::string from_model = "weights taken from \"model\"";
const std::string no_module = "prefix \"module.\" removed from every key";

INSTANTIATE_TEST_SUITE_P(
    Formats, ReadableTest,
    testing::Values(Readable{"zip_protocol1", ".pth", zip, {}}, Readable{"zip_protocol2", ".pth", zip, {}},
                    Readable{"zip_protocol3", ".pth", zip, {}}, Readable{"zip_protocol4", ".pth", zip, {}},
                    Readable{"zip_protocol5", ".pth", zip, {}}, Readable{"stream_protocol2", ".pth", stream, {}},
                    Readable{"stream_protocol3", ".pth", stream, {}}, Readable{"stream_protocol4", ".pth", stream, {}},
                    Readable{"stream_protocol5", ".pth", stream, {}}, Readable{"repacked", ".pth", zip, {}},
                    Readable{"zip64", ".pth", zip, {}}, Readable{"modern", ".pth", zip, {}},
                    Readable{"python2", ".pth", zip, {}}, Readable{"safetensors", ".safetensors", "safetensors", {}},
                    Readable{"safetensors_unaligned", ".safetensors", "safetensors", {}}),
    [](const auto& instance) { return instance.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Wrappings, ReadableTest,
    testing::Values(
        Readable{"wrapped_model", ".pth", zip, {from_model}},
        Readable{"wrapped_model_state_dict", ".pth", zip, {"weights taken from \"model_state_dict\""}},
        Readable{"wrapped_state_dict", ".pth", zip, {"weights taken from \"state_dict\""}},
        Readable{"wrapped_net", ".pth", zip, {"weights taken from \"net\""}},
        Readable{"wrapped_weights_of_the_detector", ".pth", zip, {"weights taken from \"weights_of_the_detector\""}},
        Readable{"wrapped_with_average", ".pth", zip, {from_model}},
        Readable{"wrapped_with_metric", ".pth", zip, {from_model}}, Readable{"plain_dict", ".pth", zip, {}},
        Readable{"no_weights_beside", ".pth", zip, {}}, Readable{"prefix_module", ".pth", zip, {no_module}},
        Readable{"prefix_nested", ".pth", zip, {from_model, "prefix \"_orig_mod.\" removed from every key", no_module}},
        Readable{"prefix_average", ".pth", zip, {"weights taken from \"model_ema\"", no_module, no_module}},
        Readable{"prefix_of_some", ".pth", zip, {}}, Readable{"training_run_zip", ".pth", zip, {from_model}},
        Readable{"training_run_zip4", ".pth", zip, {from_model}},
        Readable{"training_run_stream", ".pth", stream, {from_model}}),
    [](const auto& instance) { return instance.param.name; });

TEST(Checkpoint, SharesItsBytesWhereTheBytesAlreadyAreRight) {
    REQUIRE_CHECKPOINT_FILES();
    const auto checkpoint = Checkpoint::open(checkpoint_files() / "zip_protocol2.pth");
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    const auto address = [&](std::string_view name) { return checkpoint->load(name)->bytes().data(); };
    EXPECT_EQ(address("plain"), address("plain")) << "a view has one place";
    EXPECT_EQ(address("tail"), address("shared_whole") + 4 * 8 * sizeof(float)) << "rows 4 to 6 of the shared storage";
    EXPECT_NE(address("transposed"), address("shared_whole")) << "a transposed tensor is a copy";
}

/// While the file was mapped, this ended the program with SIGBUS.
TEST(Checkpoint, TheFileMayBeCutShortOnceItIsOpen) {
    REQUIRE_CHECKPOINT_FILES();
    const TempDir folder;
    const auto path = folder / "cut.pth";
    std::filesystem::copy_file(checkpoint_files() / "zip_protocol2.pth", path);
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    const std::string hash = checkpoint->sha256();
    std::filesystem::resize_file(path, 0);
    const auto expected = read_expected("zip_protocol2");
    const auto plain = std::ranges::find(expected, "plain", &ExpectedTensor::key);
    ASSERT_NE(plain, expected.end());
    expect_same_bits(checkpoint->load("plain")->data<float>(), plain->values, "plain");
    EXPECT_EQ(checkpoint->sha256(), hash);
}

TEST(Checkpoint, TensorsOutliveIt) {
    REQUIRE_CHECKPOINT_FILES();
    Tensor tensor;
    {
        const auto checkpoint = Checkpoint::open(checkpoint_files() / "zip_protocol2.pth");
        ASSERT_TRUE(checkpoint) << checkpoint.error().message;
        tensor = *checkpoint->load("plain");
    }
    const auto expected = read_expected("zip_protocol2");
    const auto plain = std::ranges::find(expected, "plain", &ExpectedTensor::key);
    ASSERT_NE(plain, expected.end());
    expect_same_bits(tensor.data<float>(), plain->values, "plain");
}

TEST(Checkpoint, HandsOverSafetensorsMetadata) {
    REQUIRE_CHECKPOINT_FILES();
    const auto checkpoint = Checkpoint::open(checkpoint_files() / "safetensors.safetensors");
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_THAT(checkpoint->metadata(),
                ElementsAre(std::pair<const std::string, std::string>("framework", "pt"),
                            std::pair<const std::string, std::string>("note", "quotes \" and ümlauts")));
    const auto other = Checkpoint::open(checkpoint_files() / "plain_dict.pth");
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_THAT(other->metadata(), IsEmpty());
}

TEST(Checkpoint, NamesTheTensorThatIsNotThere) {
    REQUIRE_CHECKPOINT_FILES();
    const auto path = checkpoint_files() / "plain_dict.pth";
    const auto tensor = Checkpoint::open(path)->load("conv.wight");
    ASSERT_FALSE(tensor);
    EXPECT_EQ(tensor.error().message, path.string() + ": there is no tensor conv.wight");
}

TEST(Checkpoint, ReadsATrainedDetector) {
    const auto path = shared_dir() / "weights" / "deeppcb_mnv3_fpn.pth";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there; set DETECT_SHARED_DIR";
    const auto checkpoint = Checkpoint::open(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->tensors().size(), 330U);
    std::int64_t parameters = 0;
    for (const auto& [name, entry] : checkpoint->tensors()) parameters += entry.element_count();
    EXPECT_GT(parameters, 18'900'000);
    // `sha256sum` of the file.
    EXPECT_EQ(checkpoint->sha256(), "9a0d52f09ff989b53d3f9ee7b4645b2c4511103d124ae03b2e8a55ae981bcd61");
}

} // namespace
} // namespace detect::test
