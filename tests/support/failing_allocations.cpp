// SPDX-License-Identifier: Apache-2.0
// The C library's allocation functions, with a limit.
#include "tests/support/failing_allocations.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <vector>

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

} // namespace

void fail_everywhere(const char* what, const std::function<bool()>& call, const FailingPlaces& where) {
    ASSERT_TRUE(call()) << what;
    const std::int64_t begin = asked;
    ASSERT_TRUE(call()) << what;
    const std::int64_t total = asked - begin;
    ASSERT_GT(total, 10) << what;
    std::vector<std::int64_t> places;
    for (std::int64_t n = 1; n <= std::min(where.every, total); n += where.step) places.push_back(n);
    std::mt19937_64 random(14);
    for (std::int64_t i = 0; i < where.beyond && total > where.every; ++i) {
        const auto rest = static_cast<std::uint64_t>(total - where.every);
        places.push_back(where.every + 1 + static_cast<std::int64_t>(random() % rest));
    }
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
    EXPECT_LE(kept, where.lost * errors) << what << ": blocks that nobody gave back";
    EXPECT_GT(errors, static_cast<std::int64_t>(places.size())) << what << ": most calls notice";
}

} // namespace detect::test
