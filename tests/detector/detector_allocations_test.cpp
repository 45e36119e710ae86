// SPDX-License-Identifier: Apache-2.0
// After the first run with pictures of a size, nothing large is asked from the system.

#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <gtest/gtest.h>

namespace {

/// From this size on an allocation is counted: half of what the C library asks the system for rather than its heap.
/// Maps, scratch memory and pictures are larger; what is below are lists of proposals and detections.
constexpr std::size_t large = std::size_t{64} << 10U;
std::atomic<std::size_t> large_allocations{0};

void count(std::size_t bytes) {
    if (bytes >= large) ++large_allocations;
}

} // namespace

// The C library's own, so that everything that allocates in this program is seen.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    count(size);
    return __libc_malloc(size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    count(size);
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}
}

namespace detect::test {
namespace {

std::size_t allocations_of(const Detector& detector, std::span<const ImageView> views) {
    const std::size_t before = large_allocations;
    EXPECT_TRUE(detector.run(views).ok());
    return large_allocations - before;
}

TEST(DetectorAllocations, NoneAfterTheFirstRunOfASize) {
    for (const int threads : {1, 2}) {
        const Detector detector = tiny_detector({.threads = threads}, {192, 384});
        const Pixels picture = noise(300, 200, 1);
        const Pixels other = noise(200, 300, 2);
        const std::array one{picture.view()};
        const std::array another{other.view()};
        const std::array both{picture.view(), picture.view(), other.view()};
        EXPECT_GE(allocations_of(detector, one), 5U) << "the count works";
        allocations_of(detector, another);
        allocations_of(detector, both);
        for (int run = 0; run < 5; ++run) {
            EXPECT_EQ(allocations_of(detector, one), 0U) << threads << " threads, run " << run;
            EXPECT_EQ(allocations_of(detector, another), 0U) << threads << " threads, run " << run;
            EXPECT_EQ(allocations_of(detector, both), 0U) << threads << " threads, run " << run;
        }
    }
}

TEST(DetectorAllocations, NorInTheRealNetwork) {
    const Detector detector = sample_detector({.threads = 2});
    const std::array board{sample_board().view()};
    for (int run = 0; run < 2; ++run) allocations_of(detector, board);
    for (int run = 0; run < 5; ++run) EXPECT_EQ(allocations_of(detector, board), 0U) << run;
}

} // namespace
} // namespace detect::test
