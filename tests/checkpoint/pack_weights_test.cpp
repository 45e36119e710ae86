// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"
#include "checkpoint/network_weights.h"
#include "tests/checkpoint/checkpoint_files.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace detect::test {
namespace {

using testing::HasSubstr;

ProcessResult pack(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), DETECT_PACK_WEIGHTS);
    return run_process(arguments);
}

TEST(PackWeights, WritesHalvesAndSettings) {
    REQUIRE_CHECKPOINT_FILES();
    const TempDir folder;
    write_file(
        folder / "settings.json",
        R"({"min_size": 1024, "sizes": [32, 64], "ratios": [0.5, 1], "labels": ["a", "b"], "text": "räksmörgås"})");
    const auto out = folder / "out.safetensors";
    const auto result = pack({(checkpoint_files() / "target.pth").string(), (folder / "settings.json").string(),
                              "min_size=800", "note=x=y", "-o", out.string()});
    ASSERT_EQ(result.exit_code, 0) << describe(result);
    EXPECT_THAT(result.output, HasSubstr("284 tensors, 6 settings"));

    const auto packed = Checkpoint::open(out);
    ASSERT_TRUE(packed) << packed.error().message;
    const std::map<std::string, std::string> expected = {{"min_size", "800"},    {"sizes", "32,64"},
                                                         {"ratios", "0.5,1"},    {"labels", R"(["a","b"])"},
                                                         {"text", "räksmörgås"}, {"note", "x=y"}};
    EXPECT_EQ(packed->metadata(), expected);
    EXPECT_EQ(packed->tensors().size(), 284U) << "num_batches_tracked is left out";
    for (const ExpectedTensor& tensor : read_expected("target")) {
        if (tensor.key.ends_with("num_batches_tracked")) continue;
        EXPECT_EQ(packed->find(tensor.key)->type, DataType::float16);
        EXPECT_EQ(packed->load(tensor.key)->data<float>()[0], tensor.values[0])
            << "small whole numbers survive rounding";
    }
}

TEST(PackWeights, SaysWhatIsWrong) {
    REQUIRE_CHECKPOINT_FILES();
    const TempDir folder;
    const std::string out = (folder / "out.safetensors").string();
    EXPECT_EQ(pack({}).exit_code, 2);
    EXPECT_EQ(pack({(checkpoint_files() / "target.pth").string()}).exit_code, 2) << "no output";
    const auto missing = pack({(folder / "missing.pth").string(), "-o", out});
    EXPECT_EQ(missing.exit_code, 3);
    EXPECT_THAT(missing.errors, HasSubstr("missing.pth: no such file"));
    EXPECT_EQ(pack({(checkpoint_files() / "attack_zip.pth").string(), "-o", out}).exit_code, 4);
    write_file(folder / "broken.json", "{");
    const auto broken =
        pack({(checkpoint_files() / "target.pth").string(), (folder / "broken.json").string(), "-o", out});
    EXPECT_EQ(broken.exit_code, 3);
    EXPECT_THAT(broken.errors, HasSubstr("broken.json: cannot be read as a JSON object"));
    EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(SampleModel, IsADetectorOfSixDefectsWithItsSettings) {
    const auto sample = Checkpoint::open(DETECT_SAMPLE_MODEL);
    ASSERT_TRUE(sample) << sample.error().message;
    const auto weights = load_network_weights(*sample);
    ASSERT_TRUE(weights) << weights.error().message;
    EXPECT_EQ(weights->class_count(), 7);
    EXPECT_EQ(sample->tensors().size(), 284U);
    EXPECT_EQ(sample->metadata().at("labels"), R"(["open","short","mousebite","spur","copper","pin-hole"])");
    EXPECT_EQ(sample->metadata().at("min_size"), "1024");
    EXPECT_EQ(sample->metadata().at("aspect_ratios"), "0.5,1,2");
}

TEST(PackWeights, RoundsToHalfPrecision) {
    const auto path = shared_dir() / "weights" / "deeppcb_mnv3_fpn.pth";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there; set DETECT_SHARED_DIR";
    const TempDir folder;
    const std::string out = (folder / "packed.safetensors").string();
    ASSERT_EQ(pack({path.string(), "-o", out}).exit_code, 0);
    const auto packed = Checkpoint::open(out);
    ASSERT_TRUE(packed) << packed.error().message;
    EXPECT_EQ(packed->tensors().size(), 284U);
    const auto trained = Checkpoint::open(path);
    ASSERT_TRUE(trained) << trained.error().message;
    for (const auto& [name, entry] : packed->tensors()) {
        const auto rounded = *packed->load(name);
        const auto full = *trained->load(name);
        ASSERT_EQ(rounded.dims(), full.dims()) << name;
        for (std::size_t i = 0; i < rounded.data<float>().size(); ++i) {
            const float value = full.data<float>()[i];
            // Half of the last of 11 bits, or half of the smallest subnormal.
            const float allowed = std::max(std::fabs(value) * 0x1p-11F, 0x1p-25F);
            ASSERT_LE(std::fabs(rounded.data<float>()[i] - value), allowed) << name << "[" << i << "]";
        }
    }
}

} // namespace
} // namespace detect::test
