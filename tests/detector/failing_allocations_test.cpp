// SPDX-License-Identifier: Apache-2.0
// Where the system has no memory, an error comes back: never a crash, an exception, or memory that nobody gives back.
//
// The n-th allocation fails, of whichever library; then that one and all later ones do. Every n up to 2000, and seeded
// ones beyond, as far as the call goes.

#include "tests/detector/c_api.h"
#include "tests/detector/tiny_network.h"
#include "tests/support/require.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <random>

#include <gtest/gtest.h>

namespace {

/// Allocations until one fails; below 0: none does.
std::atomic<std::int64_t> left{-1};
std::atomic<bool> all_later_too{false};
/// Blocks that were not given back.
std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> asked{0};

bool fails() {
    ++asked;
    if (left < 0) return false;
    if (left > 0) return --left == 0;
    return all_later_too;
}

} // namespace

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) {
    if (fails()) {
        errno = ENOMEM;
        return nullptr;
    }
    ++live;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    if (fails()) {
        errno = ENOMEM;
        return nullptr;
    }
    ++live;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    if (fails()) {
        errno = ENOMEM;
        return nullptr;
    }
    if (memory == nullptr) ++live;
    return __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    if (fails()) {
        errno = ENOMEM;
        return nullptr;
    }
    ++live;
    return __libc_memalign(alignment, size);
}
void free(void* memory) {
    if (memory != nullptr) --live;
    __libc_free(memory);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    if (fails()) return ENOMEM;
    ++live;
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    if (fails()) {
        errno = ENOMEM;
        return nullptr;
    }
    ++live;
    return __libc_memalign(alignment, size);
}
}

namespace detect::test {
namespace {

/// Calls with the n-th allocation failing. True if it got that far.
template <class Call>
bool attempt(std::int64_t n, bool all, const Call& call) {
    all_later_too = all;
    left = n;
    call();
    const bool reached = left == 0;
    left = -1;
    return reached;
}

/// `call` is to say whether it succeeded, and to give back everything. It is called once before, so that what libraries
/// make once for all is there.
/// `lost`: blocks that one failure may lose. Protobuf's lists lose an element that they have no room for
/// (RepeatedPtrFieldBase::AddOutOfLineHelper), which is not ours to mend; nothing else may.
void fail_everywhere(const char* what, const std::function<bool()>& call, std::int64_t lost, std::int64_t step = 1) {
    ASSERT_TRUE(call()) << what;
    const std::int64_t begin = asked;
    ASSERT_TRUE(call()) << what;
    const std::int64_t total = asked - begin;
    ASSERT_GT(total, 10) << what;
    std::vector<std::int64_t> places;
    constexpr std::int64_t every = 2000;
    for (std::int64_t n = 1; n <= std::min(every, total); n += step) places.push_back(n);
    std::mt19937_64 random(14);
    for (int i = 0; i < 500 / step && total > every; ++i)
        places.push_back(every + 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(total - every)));
    std::int64_t errors = 0;
    const std::int64_t settled = live;
    for (const std::int64_t n : places) {
        for (const bool all : {false, true}) {
            bool succeeded = false;
            const bool reached = attempt(n, all, [&] { succeeded = call(); });
            if (reached && !succeeded) ++errors;
        }
    }
    const bool as_before = call();
    const std::int64_t kept = live - settled;
    EXPECT_TRUE(as_before) << what << ": as good as before";
    EXPECT_LE(kept, lost * errors) << what << ": blocks that nobody gave back";
    EXPECT_GT(errors, static_cast<std::int64_t>(places.size())) << what << ": most calls notice";
}

TEST(FailingAllocations, OfLoading) {
    const auto bytes = std::as_bytes(std::span(tiny_model()));
    fail_everywhere(
        "load", [&] { return Detector::load(bytes, {.threads = 1}).ok(); }, 1);
}

TEST(FailingAllocations, OfRunning) {
    const Detector detector = tiny_detector({.threads = 1});
    const Pixels picture = noise(120, 100, 1);
    fail_everywhere(
        "run",
        [&] {
            const auto found = detector.run(picture.view());
            return found.ok() && detector.examine(picture.view()).ok();
        },
        0);
}

TEST(FailingAllocations, OfTheCInterface) {
    const Pixels picture = noise(120, 100, 1);
    const detect_image image{picture.bytes.data(), picture.width,
                             picture.height,       static_cast<std::size_t>(picture.width) * 3,
                             DETECT_RGB8,          0};
    detect_options options;
    ASSERT_EQ(detect_options_init(&options), DETECT_OK);
    options.threads = 1;
    fail_everywhere(
        "C",
        [&] {
            detect_detector* detector = nullptr;
            detect_result* result = nullptr;
            bool done = detect_create(&detector) == DETECT_OK;
            done = done &&
                   detect_load_memory(detector, tiny_model().data(), tiny_model().size(), &options) == DETECT_OK &&
                   detect_run(detector, &image, 1, &result) == DETECT_OK;
            detect_result_free(detector, result);
            return detect_destroy(detector) == DETECT_OK && done;
        },
        1, 7);
}

} // namespace
} // namespace detect::test
