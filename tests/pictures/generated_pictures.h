// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The files that make_pictures.py writes, made once for the test program.
namespace detect::test {

/// A folder of this test program's own, emptied when it starts and removed when it ends.
const std::filesystem::path& scratch_folder();

/// Folder of the generated pictures; nullopt if PIL is not installed.
std::optional<std::filesystem::path> generated_pictures();

/// What a picture should look like.
struct Expected {
    int width = 0;
    int height = 0;
    float tolerance = 0.0F;
    std::vector<float> planar_rgb;
};
Expected read_expected(const std::filesystem::path& picture);

std::vector<std::byte> read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::vector<std::byte>& bytes);

/// Generated files whose name ends in `ending`, sorted; with an empty ending, those that have an expectation.
std::vector<std::filesystem::path> pictures_ending_in(const std::string& ending);

} // namespace detect::test

/// Skips the test if the pictures could not be made.
#define DETECT_NEED_PICTURES()                                                                                         \
    if (!detect::test::generated_pictures())                                                                           \
    GTEST_SKIP() << "needs /usr/bin/python3 with PIL and numpy (apt install python3-pil python3-numpy)"
