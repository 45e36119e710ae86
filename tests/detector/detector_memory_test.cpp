// SPDX-License-Identifier: Apache-2.0
// A memory limit is kept to, and what is held stays flat however many sizes come by.

#include "detector/detector_from_graph.h"
#include "executor/kernels/conv2d.h"
#include "executor/kernels/kernel_table.h"
#include "onnx/writer.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/isa_under_test.h"
#include "tests/support/require.h"
#include "tests/support/temp_dir.h"

#include <fstream>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace detect::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t megabyte = 1'000'000;

TEST(DetectorMemory, APictureThatWouldPassTheLimitIsRefused) {
    const Detector detector = tiny_detector({.threads = 1, .memory_limit = 4 * megabyte}, {96, 4000});
    const Pixels fits = noise(200, 150, 1);
    const auto before = require(detector.run(fits.view())).detections;
    // Scaled to 3840 x 96: 3 channels of it, and 16 of half the size, are 10 MB.
    const Pixels large = noise(4000, 100, 2);
    const std::size_t kept = detector.memory_use().now;
    const auto refused = detector.run(large.view());
    ASSERT_FALSE(refused.ok());
    // What can never fit does not cost the others their plans and buffers.
    EXPECT_GE(detector.memory_use().now, kept);
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("4000x100"), HasSubstr("the memory limit is 4.0 MB"),
                                               HasSubstr("tiles"), Not(HasSubstr("\n"))));
    EXPECT_LE(detector.memory_use().peak, 4 * megabyte);
    // It goes on working, and gives the same.
    EXPECT_EQ(require(detector.run(fits.view())).detections, before);
}

TEST(DetectorMemory, AtEveryLimitThePeakStaysBelow) {
    const Scale as_it_is{500, 700};
    const Detector free = tiny_detector({.threads = 2}, as_it_is);
    const Pixels picture = noise(700, 500, 3);
    const std::size_t weights = free.memory_use().peak; // while they were loaded
    ASSERT_GT(weights, 10'000U);
    const auto expected = require(free.run(picture.view())).detections;
    const std::size_t needed = free.memory_use().peak;
    ASSERT_GT(needed, weights + 700 * 500 * 12);
    int refused = 0;
    int accepted = 0;
    for (std::size_t limit = weights; limit < needed + needed / 8; limit += needed / 24) {
        const Detector detector = tiny_detector({.threads = 2, .memory_limit = limit}, as_it_is);
        const auto found = detector.run(picture.view());
        EXPECT_LE(detector.memory_use().peak, limit);
        if (found.ok()) {
            ++accepted;
            EXPECT_EQ(found->detections, expected);
        } else {
            ++refused;
            EXPECT_EQ(found.error().code, ErrorCode::resource_limit);
        }
        // Near the limit buffers are given back sooner, so a little less than without one is enough.
        EXPECT_TRUE(found.ok() || limit < needed) << limit << " of " << needed;
        EXPECT_TRUE(found.ok() || accepted == 0) << limit << " is refused, less was not";
    }
    EXPECT_GT(refused, 10);
    EXPECT_GT(accepted, 0);
}

TEST(DetectorMemory, ABatchIsRunInPartsThatFit) {
    std::vector<Pixels> pictures;
    std::vector<ImageView> views;
    for (unsigned i = 0; i < 7; ++i) pictures.push_back(noise(400, 300, i));
    for (const Pixels& picture : pictures) views.push_back(picture.view());
    const Detector free = tiny_detector({.threads = 1, .pictures_per_run = 8});
    static_cast<void>(require(free.run(views[0])));
    const std::size_t for_one = free.memory_use().peak;
    const auto expected = require(free.run(views));
    ASSERT_GT(free.memory_use().peak, 3 * for_one);

    const Detector limited =
        tiny_detector({.threads = 1, .pictures_per_run = 8, .memory_limit = for_one + for_one / 2});
    const auto found = require(limited.run(views));
    ASSERT_EQ(found.size(), views.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].detections, expected[i].detections) << i;
    EXPECT_LE(limited.memory_use().peak, for_one + for_one / 2);
}

TEST(DetectorMemory, SmallPicturesShareARunAndLargeOnesDoNot) {
    const auto peak = [](int side, int pictures_per_run) {
        const Pixels picture = noise(side, side, 5);
        const std::vector<ImageView> eight(8, picture.view());
        const Detector detector =
            tiny_detector({.threads = 1, .pictures_per_run = pictures_per_run}, {.min_size = side, .max_size = side});
        static_cast<void>(require(detector.run(eight)));
        return detector.memory_use().peak;
    };
    EXPECT_GT(peak(160, 0), peak(160, 1) + peak(160, 1) / 2);
    EXPECT_EQ(peak(160, 0), peak(160, 8));
    EXPECT_EQ(peak(640, 0), peak(640, 1));
}

bool is_winograd(const Graph& graph, const Node& conv, const KernelTable& kernels) {
    const auto dims = graph[conv.inputs[1]].constant.dims();
    const auto* const strides = conv.attribute<std::vector<std::int64_t>>("strides");
    const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    Conv2dParameters p;
    p.groups = size(conv.int_or("group", 1));
    p.input_channels = size(dims[1]) * p.groups;
    p.output_channels = size(dims[0]);
    p.kernel_h = size(dims[2]);
    p.kernel_w = size(dims[3]);
    p.stride_h = p.stride_w = strides == nullptr ? 1 : size(strides->front());
    return WinogradConv::supports(p) && !SplitConv::supports(kernels, p);
}

/// Bytes of the graph's weights as kernels hold them: Winograd's convolutions have 16 numbers for 9. Those that several
/// levels of the pyramid share count once for each.
std::size_t bytes_held(const Graph& graph, const KernelTable& kernels) {
    std::size_t bytes = 0;
    std::set<std::int32_t> convolutions;
    for (const Node& node : graph.nodes) {
        if (node.op != "Conv") continue;
        convolutions.insert(node.inputs[1].index);
        const std::size_t trained = graph[node.inputs[1]].constant.byte_count();
        bytes += is_winograd(graph, node, kernels) ? trained / 9 * 16 : trained;
    }
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
        const Tensor& constant = graph.values[i].constant;
        if (constant.defined() && !convolutions.contains(static_cast<std::int32_t>(i))) bytes += constant.byte_count();
    }
    return bytes;
}

TEST(DetectorMemory, WeightsCount) {
    const std::size_t weights = tiny_detector().memory_use().now;
    const auto detector = [](std::size_t limit) {
        return detector_from_graph(sample_graph(), {.memory_limit = limit});
    };
    // 19.4 million parameters, 78 MB.
    const auto refused = detector(70 * megabyte);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    EXPECT_THAT(refused.error().message, HasSubstr("the memory limit is 70.0 MB"));
    const auto loaded = detector(200 * megabyte);
    ASSERT_TRUE(loaded.ok());
    const std::size_t held = bytes_held(sample_graph(), kernel_table(isa_under_test()));
    EXPECT_GT(loaded->memory_use().now, held - held / 50);
    EXPECT_LT(loaded->memory_use().now, held + held / 50);
    // The caller's graph keeps its weights, so that these are copies; a file's are packed where they were read.
    EXPECT_GT(loaded->memory_use().peak, 120 * megabyte);
    const TempDir folder;
    std::ofstream(folder / "model.onnx", std::ios::binary) << require(write_onnx(sample_graph()));
    const auto from_file = Detector::load(folder / "model.onnx", {.memory_limit = 100 * megabyte});
    ASSERT_TRUE(from_file.ok()) << from_file.error().message;
    EXPECT_LT(from_file->memory_use().peak, held + held / 12);
    EXPECT_LT(weights, megabyte);
}

TEST(DetectorMemory, APictureTakesWhatItIsScaledTo) {
    // Its rows are read as they are needed: 36 MB of pixels make no tensor of 144.
    const Detector detector = tiny_detector({.threads = 2, .memory_limit = 4 * megabyte});
    EXPECT_TRUE(detector.run(noise(4000, 3000, 4).view()).ok());
    EXPECT_LT(detector.memory_use().peak, 2 * megabyte);
}

TEST(DetectorMemory, WithoutALimitTheMachinesMemoryIsOne) {
    // 200000 x 200000 x 3 floats are 480 GB.
    const Scale huge{200'000, 200'000};
    const Detector detector = tiny_detector({}, huge);
    const Pixels picture = noise(20, 20, 5);
    const auto refused = detector.run(picture.view());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::resource_limit);
    const Detector generous = tiny_detector({.memory_limit = SIZE_MAX}, huge);
    EXPECT_FALSE(generous.warm_up(20, 20, 1).ok());
    const auto warm_up = detector.warm_up(20, 20, 100);
    ASSERT_FALSE(warm_up.ok());
    EXPECT_EQ(warm_up.error().code, ErrorCode::resource_limit);
}

/// Resident memory of this process.
std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(DetectorMemory, StaysFlatOverManyRandomSizes) {
    const Detector detector = tiny_detector({.threads = 1});
    std::mt19937 random(11);
    // The most that is held between runs.
    const auto run_some = [&](int runs) {
        std::size_t most = 0;
        for (int run = 0; run < runs; ++run) {
            const auto width = static_cast<int>(20 + random() % 380);
            const auto height = static_cast<int>(20 + random() % 380);
            EXPECT_TRUE(detector.run(noise(width, height, static_cast<unsigned>(random())).view()).ok());
            most = std::max(most, detector.memory_use().now);
        }
        return most;
    };
    const std::size_t first = run_some(100);
    const std::size_t peak = detector.memory_use().peak;
    [[maybe_unused]] const std::size_t resident = resident_bytes();
    const std::size_t later = run_some(1900);
    EXPECT_LE(later, first + first / 10);
    EXPECT_LE(detector.memory_use().peak, peak + peak / 4);
#if !defined(DETECT_SANITIZED) // which keeps what is freed
    EXPECT_LT(resident_bytes(), resident + 16 * megabyte);
#endif
}

} // namespace
} // namespace detect::test
