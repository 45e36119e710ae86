// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernels.h"
#include "tests/executor/kernels/plain_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

/// What the kernel tests share.
namespace detect::test {

/// Floats that end where the readable memory ends, so that a read past them is a crash at any instruction set; what
/// lies before them in their pages is filled with a pattern that `intact` looks for.
class GuardedFloats {
public:
    explicit GuardedFloats(std::size_t count, float value = 0.F) : count_(count) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        readable_ = (count * sizeof(float) + page) / page * page;
        mapped_ = readable_ + 2 * page;
        memory_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) std::abort();
        first_ = static_cast<std::byte*>(memory_) + page;
        if (mprotect(first_, readable_, PROT_READ | PROT_WRITE) != 0) std::abort();
        std::memset(first_, pattern, readable_);
        std::fill_n(data(), count, value);
    }
    explicit GuardedFloats(std::span<const float> values) : GuardedFloats(values.size()) {
        std::copy(values.begin(), values.end(), data());
    }
    GuardedFloats(const GuardedFloats&) = delete;
    GuardedFloats& operator=(const GuardedFloats&) = delete;
    ~GuardedFloats() { munmap(memory_, mapped_); }

    [[nodiscard]] float* data() const { return reinterpret_cast<float*>(first_ + readable_ - count_ * sizeof(float)); }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] std::span<float> span() const { return {data(), count_}; }
    float& operator[](std::size_t i) const { return data()[i]; }
    /// Nothing before the floats was written.
    [[nodiscard]] bool intact() const {
        const std::byte* const end = first_ + readable_ - count_ * sizeof(float);
        return std::count(static_cast<const std::byte*>(first_), end, static_cast<std::byte>(pattern)) == end - first_;
    }

private:
    static constexpr int pattern = 0xA5;
    std::size_t count_;
    std::size_t readable_ = 0;
    std::size_t mapped_ = 0;
    void* memory_ = nullptr;
    std::byte* first_ = nullptr;
};

#define EXPECT_SAME_BITS(actual, expected, count)                                                                      \
    do {                                                                                                               \
        const float* const actual_floats = (actual);                                                                   \
        const float* const expected_floats = (expected);                                                               \
        const std::size_t floats = (count);                                                                            \
        const std::size_t at = ::detect::test::first_difference({actual_floats, floats}, {expected_floats, floats});   \
        EXPECT_EQ(at, floats) << "found " << actual_floats[at] << ", expected " << expected_floats[at];                \
    } while (false)

/// Runs a test at every instruction set that the machine has.
class IsaTest : public testing::TestWithParam<Isa> {
protected:
    [[nodiscard]] static Isa isa() { return GetParam(); }
    [[nodiscard]] static const KernelTable& kernels() { return kernel_table(GetParam()); }
};

#define INSTANTIATE_FOR_ISAS(fixture)                                                                                  \
    INSTANTIATE_TEST_SUITE_P(All, fixture, testing::ValuesIn(available_isas().begin(), available_isas().end()),        \
                             [](const auto& test) { return std::string(to_string(test.param)); })

} // namespace detect::test
