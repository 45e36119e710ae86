// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <set>

namespace detect::fuzz {

namespace {

struct Target {
    const char* name;
    void (*run)(Bytes);
};

constexpr Target all_targets[] = {
#define DETECT_LIST_FUZZ_TARGET(name) {#name, name},
    DETECT_FUZZ_TARGETS(DETECT_LIST_FUZZ_TARGET)
#undef DETECT_LIST_FUZZ_TARGET
};

std::vector<std::byte> read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::is_directory(folder)) return files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

/// In a test's name, in place of its bytes.
void PrintTo(const Target& target, std::ostream* stream) { *stream << target.name; }

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, SeedsAndFindings) {
    const std::filesystem::path root(DETECT_FUZZ_DIR);
    const auto seeds = files_in(root / "seeds" / GetParam().name);
    EXPECT_FALSE(seeds.empty()) << "a target has seeds in fuzz/seeds/" << GetParam().name;
    std::vector<std::filesystem::path> files = seeds;
    std::ranges::copy(files_in(root / "found" / GetParam().name), std::back_inserter(files));
    for (const auto& file : files) {
        EXPECT_NO_THROW(GetParam().run(read_file(file))) << file;
    }
    EXPECT_NO_THROW(GetParam().run({})) << "no bytes at all";
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Replay, testing::ValuesIn(all_targets),
                         [](const auto& target) { return std::string(target.param.name); });

/// The files of tests/malformed, by their folders: what each target takes of them.
const std::map<std::string, std::vector<Target>> targets_of_malformed{
    {"annotations", {{"coco_truth", coco_truth}}},
    {"bmp", {{"bmp", bmp}}},
    {"detections", {{"coco_detections", coco_detections}}},
    {"exif", {{"jpeg", jpeg}, {"orientation", orientation}}},
    {"jpeg", {{"jpeg", jpeg}}},
    {"labels", {{"labels", labels}}},
    {"legacy_pickle", {{"torch_stream", torch_stream}, {"pickle", pickle}}},
    {"npy", {{"npy", npy}}},
    {"onnx", {{"onnx_read", onnx_read}, {"onnx_run", onnx_run}, {"onnx_external_data", onnx_external_data}}},
    {"png", {{"png", png}}},
    {"safetensors", {{"safetensors", safetensors}}},
    {"settings", {{"settings", settings}}},
    {"tif", {{"tiff", tiff}}},
    {"torch_zip", {{"torch_zip", torch_zip}}},
    {"webp", {{"webp", webp}}}};

TEST(Malformed, EveryFileKeepsThePromisesOfItsTargets) {
    const test::TempDir folder;
    const auto made = test::run_process({DETECT_PYTHON, DETECT_MALFORMED_DIR "/make.py", folder.path().string()});
    ASSERT_EQ(made.exit_code, 0) << test::describe(made);
    std::size_t files = 0;
    for (const auto& kind : files_in(folder.path())) {
        if (kind.filename() == "sound") continue; // damage_test breaks them everywhere
        const auto targets = targets_of_malformed.find(kind.filename().string());
        ASSERT_NE(targets, targets_of_malformed.end()) << kind << " has no target";
        for (const auto& file : files_in(kind)) {
            for (const Target& target : targets->second) {
                EXPECT_NO_THROW(target.run(read_file(file))) << target.name << ": " << file;
            }
            ++files;
        }
    }
    std::ifstream table(DETECT_MALFORMED_DIR "/expected.txt");
    std::size_t expected = 0;
    for (std::string line; std::getline(table, line);) ++expected;
    EXPECT_EQ(files, expected) << "as many as expected.txt has lines";
    EXPECT_GE(files, 419U);
}

TEST(FuzzFolders, AreOfTargets) {
    std::set<std::string> names;
    for (const Target& target : all_targets) names.insert(target.name);
    for (const char* kind : {"seeds", "found", "dictionaries"}) {
        for (const auto& entry : files_in(std::filesystem::path(DETECT_FUZZ_DIR) / kind)) {
            EXPECT_TRUE(names.contains(entry.stem())) << entry << " is of no target in fuzz/targets.h";
        }
    }
}

} // namespace

} // namespace detect::fuzz
