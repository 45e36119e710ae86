// SPDX-License-Identifier: Apache-2.0
// Checkpoints and models with bytes missing or changed: whatever comes of it, the command ends in one of its own ways.
// Every byte is tried where the files are read (tests/export/checkpoint, tests/executor/reference); these are samples.

#include "tests/cli/command.h"
#include "tests/cli/files.h"
#include "tests/support/shared_data.h"

#include <cstdint>
#include <fstream>

namespace detect::test {
namespace {

class Damaged : public testing::Test {
protected:
    Damaged() { write_flat_picture(folder_ / "picture.png", 24, 16, {200, 100, 0}); }

    /// `detect run` on the picture with this model.
    ProcessResult run(const std::string& model, const std::vector<std::string>& options = {}) {
        std::vector<std::string> arguments{"run", "picture.png", "--no-draw", "--model", model};
        arguments.insert(arguments.end(), options.begin(), options.end());
        return run_detect(arguments, folder_.path());
    }

    /// The file in the folder, cut at `cuts` points spread over its first `length` bytes: always refused.
    void expect_cuts_refused(const std::filesystem::path& from, std::uintmax_t length, int cuts) {
        const std::string name = "cut" + from.extension().string();
        std::filesystem::copy_file(from, folder_ / name);
        // From the longest to the shortest, so that one copy is enough.
        for (int i = cuts - 1; i >= 0; --i) {
            const auto size = length * static_cast<std::uintmax_t>(i) / static_cast<std::uintmax_t>(cuts);
            std::filesystem::resize_file(folder_ / name, size);
            EXPECT_TRUE(refused(run(name), 3)) << "cut to " << size << " bytes";
        }
    }

    /// The file with one bit changed at a time, `flips` of them spread by chance over [begin, end). Returns how many
    /// were refused.
    int expect_flips_survived(const std::filesystem::path& from, std::uintmax_t begin, std::uintmax_t end, int flips,
                              const std::vector<std::string>& options = {}) {
        const std::string name = "flipped" + from.extension().string();
        std::filesystem::copy_file(from, folder_ / name, std::filesystem::copy_options::overwrite_existing);
        std::fstream file(folder_ / name, std::ios::binary | std::ios::in | std::ios::out);
        std::uint64_t state = 7;
        int refusals = 0;
        for (int i = 0; i < flips; ++i) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            const auto position = static_cast<std::streamoff>(begin + (state >> 20U) % (end - begin));
            const auto mask = static_cast<char>(1U << (state >> 60U) % 8);
            const auto flip = [&] {
                char byte = 0;
                file.seekg(position).get(byte);
                file.seekp(position).put(static_cast<char>(byte ^ mask)).flush();
            };
            flip();
            const ProcessResult result = run(name, options);
            EXPECT_TRUE(ended_properly(result)) << "byte " << position << ", mask " << int{mask};
            refusals += result.exit_code != 0 ? 1 : 0;
            flip();
        }
        // Undamaged it is fine: the refusals were the damage's doing.
        EXPECT_TRUE(succeeded(run(name, options)));
        return refusals;
    }

    TempDir folder_;
};

const std::vector<std::string> small_pictures{"--min-size", "32", "--max-size", "32"};

TEST_F(Damaged, ModelCutOff) {
    write_tiny_model(folder_ / "tiny.onnx");
    expect_cuts_refused(folder_ / "tiny.onnx", std::filesystem::file_size(folder_ / "tiny.onnx"), 40);
}

TEST_F(Damaged, ModelOfUsualSizeCutOff) {
    expect_cuts_refused(small_model(), std::filesystem::file_size(small_model()), 8);
}

TEST_F(Damaged, ModelWithAFlippedBit) {
    write_tiny_model(folder_ / "tiny.onnx");
    EXPECT_GT(expect_flips_survived(folder_ / "tiny.onnx", 0, std::filesystem::file_size(folder_ / "tiny.onnx"), 60),
              20);
}

TEST_F(Damaged, GraphOfAModelOfUsualSizeWithAFlippedBit) {
    // The nodes stand in front of the weights.
    EXPECT_GT(expect_flips_survived(small_model(), 0, 60'000, 20), 5);
}

TEST_F(Damaged, SafetensorsCutOff) {
    expect_cuts_refused(bundled_weights(), std::filesystem::file_size(bundled_weights()), 16);
}

TEST_F(Damaged, SafetensorsHeaderCutOff) { expect_cuts_refused(bundled_weights(), 30'000, 16); }

TEST_F(Damaged, SafetensorsHeaderWithAFlippedBit) {
    EXPECT_GT(expect_flips_survived(bundled_weights(), 0, 30'000, 24, small_pictures), 12);
}

TEST_F(Damaged, WeightsWithAFlippedBit) {
    expect_flips_survived(bundled_weights(), 40'000, std::filesystem::file_size(bundled_weights()), 6, small_pictures);
}

TEST_F(Damaged, TorchCheckpoint) {
    const auto shared = shared_folder();
    const auto weights = shared ? *shared / "weights/deeppcb_mnv3_fpn.pth" : std::filesystem::path();
    if (!std::filesystem::exists(weights)) GTEST_SKIP() << "needs weights/deeppcb_mnv3_fpn.pth: set DETECT_SHARED_DIR";
    const auto size = std::filesystem::file_size(weights);
    expect_cuts_refused(weights, size, 12);
    // The pickle at the beginning, the ZIP's directory at the end.
    EXPECT_GT(expect_flips_survived(weights, 0, 40'000, 16, small_pictures), 3);
    EXPECT_GT(expect_flips_survived(weights, size - 30'000, size, 16, small_pictures), 3);
}

} // namespace
} // namespace detect::test
