// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/executor/kernels/kernel_test.h"
#include "tests/executor/kernels/plain_int8.h"

/// What the tests of 8-bit kernels share: bytes that end where readable memory ends.
namespace detect::test {

/// Bytes of type T with guards on both sides, `slack` bytes off any alignment.
template <class T>
class GuardedBytes {
public:
    explicit GuardedBytes(std::size_t count)
        : count_(count), memory_((count * sizeof(T) + sizeof(float) - 1) / sizeof(float)),
          padding_(memory_.size() * sizeof(float) - count * sizeof(T)) {}
    explicit GuardedBytes(std::span<const T> values) : GuardedBytes(values.size()) {
        std::copy(values.begin(), values.end(), data());
    }
    [[nodiscard]] T* data() const {
        return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(memory_.data()) + padding_);
    }
    [[nodiscard]] std::vector<T> values() const { return {data(), data() + count_}; }
    [[nodiscard]] bool intact() const { return memory_.intact(); }

private:
    std::size_t count_;
    GuardedFloats memory_;
    std::size_t padding_;
};

/// Runs a test with all 8-bit kernels that the machine has.
class Int8Test : public testing::TestWithParam<const Int8Kernels*> {
protected:
    [[nodiscard]] static const Int8Kernels& kernels() { return *GetParam(); }
};

#define INSTANTIATE_FOR_INT8_KERNELS(fixture)                                                                          \
    INSTANTIATE_TEST_SUITE_P(All, fixture,                                                                             \
                             testing::ValuesIn(available_int8_kernels().begin(), available_int8_kernels().end()),      \
                             [](const auto& test) { return std::string(test.param->name); })

} // namespace detect::test
