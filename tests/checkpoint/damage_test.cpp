// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint.h"
#include "tests/checkpoint/checkpoint_files.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <random>

namespace detect::test {
namespace {

/// Opens a damaged file and reads whatever it still has. Either is allowed to fail, in one proper line. Returns
/// whether everything could be read.
bool try_to_read(const std::filesystem::path& path) {
    const auto checkpoint = Checkpoint::open(path);
    if (!checkpoint) {
        expect_proper_message(checkpoint.error(), path);
        return false;
    }
    for (const auto& [name, entry] : checkpoint->tensors()) {
        const auto tensor = checkpoint->load(name);
        if (!tensor) {
            expect_proper_message(tensor.error(), path);
            return false;
        }
        // Every byte is touched, so that a sanitizer sees what lies outside.
        unsigned checksum = 0;
        for (const std::byte byte : tensor->bytes()) checksum = 31 * checksum + std::to_integer<unsigned>(byte);
        volatile unsigned kept = checksum;
        (void)kept;
    }
    return true;
}

class DamageTest : public testing::TestWithParam<std::string> {};

TEST_P(DamageTest, EveryCutIsAnError) {
    REQUIRE_CHECKPOINT_FILES();
    const std::string whole = read_file(checkpoint_files() / GetParam());
    ASSERT_GT(whole.size(), 100U);
    const TempDir folder;
    const auto path = folder / "cut.pth";
    write_file(path, whole);
    EXPECT_TRUE(try_to_read(path)) << "the whole file is sound";
    for (std::size_t length = whole.size(); length-- > 0;) {
        std::filesystem::resize_file(path, length);
        EXPECT_FALSE(try_to_read(path)) << "cut to " << length << " of " << whole.size() << " bytes";
    }
}

TEST_P(DamageTest, FlippedBitsNeverCrash) {
    REQUIRE_CHECKPOINT_FILES();
    const std::string whole = read_file(checkpoint_files() / GetParam());
    const TempDir folder;
    const auto path = folder / "flipped.pth";
    std::mt19937 random(2024);
    int refused = 0;
    for (int round = 0; round < 600; ++round) {
        std::string damaged = whole;
        const std::size_t flips = 1 + random() % 3;
        for (std::size_t flip = 0; flip < flips; ++flip) {
            char& byte = damaged[random() % damaged.size()];
            byte = static_cast<char>(byte ^ (1 << (random() % 8)));
        }
        write_file(path, damaged);
        if (!try_to_read(path)) ++refused;
    }
    EXPECT_GT(refused, 50) << "flips in names, sizes and opcodes are noticed";
}

INSTANTIATE_TEST_SUITE_P(Formats, DamageTest, testing::Values("tiny_zip.pth", "tiny_stream.pth", "tiny.safetensors"),
                         [](const auto& instance) {
                             std::string name = instance.param;
                             for (char& character : name) {
                                 if (character == '.') character = '_';
                             }
                             return name;
                         });

} // namespace
} // namespace detect::test
