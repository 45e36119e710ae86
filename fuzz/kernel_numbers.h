// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "fuzz/target.h"
#include "tests/executor/kernels/plain_kernels.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <limits>
#include <memory>
#include <utility>

/// What the targets of kernels share: numbers for them, memory of exactly the size that they may touch, and what must
/// hold of an output.
namespace detect::fuzz {

/// As many elements as asked for, so that AddressSanitizer sees an access past them, a few off any boundary.
template <class T>
class Exact {
public:
    explicit Exact(std::size_t count, T value = T{}, std::size_t off = 1)
        : memory_(std::max(off + count, std::size_t{1}), value), off_(memory_.size() - count) {}
    [[nodiscard]] T* data() { return memory_.data() + off_; }
    [[nodiscard]] const T* data() const { return memory_.data() + off_; }
    [[nodiscard]] std::size_t size() const { return memory_.size() - off_; }
    [[nodiscard]] std::span<T> span() { return {data(), size()}; }
    [[nodiscard]] std::span<const T> span() const { return {data(), size()}; }
    T& operator[](std::size_t i) { return memory_[off_ + i]; }
    const T& operator[](std::size_t i) const { return memory_[off_ + i]; }

private:
    std::vector<T> memory_;
    std::size_t off_;
};

using Floats = Exact<float>;

/// Scratch memory on a 64-byte boundary, to the byte, full of NaN.
class Scratch {
public:
    explicit Scratch(std::size_t bytes) : bytes_(bytes) {
        void* memory = nullptr;
        require(posix_memalign(&memory, 64, std::max(bytes, std::size_t{1})) == 0, "there is memory");
        std::memset(memory, 0xFF, bytes);
        memory_.reset(static_cast<std::byte*>(memory));
    }
    [[nodiscard]] std::span<std::byte> span() const { return {memory_.get(), bytes_}; }

private:
    struct Free {
        void operator()(std::byte* memory) const { std::free(memory); }
    };
    std::size_t bytes_;
    std::unique_ptr<std::byte, Free> memory_;
};

/// Draws numbers of all kinds from a few bytes of an input: they say how large, how wild, and some that stand at a
/// certain place.
class Numbers {
public:
    explicit Numbers(Input& input)
        : input_(input), state_(input.take<std::uint32_t>()), wild_(input.take<std::uint8_t>()),
          range_(input.take<std::uint8_t>()), off_(input.number(0, 3)) {}

    std::uint64_t bits() {
        // splitmix64 (Steele et al. 2014)
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }

    float one() {
        using limits = std::numeric_limits<float>;
        constexpr std::array<float, 12> specials{limits::quiet_NaN(),
                                                 limits::infinity(),
                                                 -limits::infinity(),
                                                 limits::denorm_min(),
                                                 -1e-40F,
                                                 0.F,
                                                 -0.F,
                                                 limits::max(),
                                                 limits::lowest(),
                                                 limits::min(),
                                                 1.F,
                                                 -3.F};
        const std::uint64_t drawn = bits();
        // In half of all inputs nothing is special.
        if (wild_ >= 128 && (drawn & 0xFFU) < (wild_ - 127U) / 4) return specials[(drawn >> 8U) % specials.size()];
        const auto mantissa = static_cast<float>(static_cast<std::int32_t>(drawn >> 32U)) * 0x1p-31F;
        const int spread = (range_ >> 4U) * 8;
        const int shift = (static_cast<int>(range_ & 15U) - 8) * 4;
        const int exponent =
            spread == 0 ? 0 : static_cast<int>((drawn >> 12U) % (2 * static_cast<unsigned>(spread) + 1)) - spread;
        return std::ldexp(mantissa, (range_ & 15U) == 0 ? exponent : exponent + shift);
    }

    Floats floats(std::size_t count) {
        Floats values(count, 0.F, off_);
        for (float& value : values.span()) value = one();
        const std::size_t placed = input_.number(0, 3);
        for (std::size_t i = 0; i < placed; ++i) {
            const auto at = input_.take<std::uint16_t>();
            const auto value = input_.take<float>();
            if (count > 0) values[at % count] = value;
        }
        return values;
    }

    /// Bytes from the whole range; at its ends half of the time, for some inputs.
    template <class T>
    Exact<T> bytes(std::size_t count) {
        Exact<T> values(count, T{}, off_);
        for (T& value : values.span()) {
            const std::uint64_t drawn = bits();
            value = static_cast<T>(drawn);
            if (wild_ < 128 || (drawn >> 8U) % 2 == 0) continue;
            value = (drawn >> 9U) % 4 == 0 ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
        }
        return values;
    }

    /// Room for results, which no kernel may read.
    [[nodiscard]] Floats room(std::size_t count) const {
        return Floats(count, std::numeric_limits<float>::signaling_NaN(), off_);
    }
    [[nodiscard]] std::size_t off() const { return off_; }

private:
    Input& input_;
    std::uint64_t state_;
    unsigned wild_;
    unsigned range_;
    std::size_t off_;
};

/// One thread, or two: made once, since starting them takes longer than any kernel here.
inline ThreadPool& pool_of(bool two) {
    static ThreadPool alone(1);
    static ThreadPool pair(2);
    return two ? pair : alone;
}

inline std::size_t threads_of(ThreadPool& pool) { return static_cast<std::size_t>(pool.threads()); }

inline void require_same_bits(std::span<const float> found, std::span<const float> expected, std::string_view promise,
                              std::string_view kernels = {}) {
    require(found.size() == expected.size(), "as many outputs");
    const std::size_t at = test::first_difference(found, expected);
    if (at == found.size()) return;
    require(false, [&] {
        return std::string(promise) + ": " + std::string(kernels) + " gives " + std::to_string(found[at]) +
               " in place of " + std::to_string(expected[at]) + " at " + std::to_string(at);
    });
}

/// What instruction sets give for one input. Those that fuse multiply-adds and split nothing must give the same bits,
/// or all of them if nothing is multiplied and added.
class Agreement {
public:
    explicit Agreement(bool of_all = false) : of_all_(of_all) {}
    void see(const KernelTable& kernels, std::span<const float> found, std::string_view promise) {
        if (!of_all_ && (!kernels.fuses || kernels.split != nullptr)) return;
        if (!seen_) {
            first_.assign(found.begin(), found.end());
            seen_ = true;
        } else {
            require_same_bits(found, first_, promise, kernels.name);
        }
    }

private:
    bool of_all_;
    bool seen_ = false;
    std::vector<float> first_;
};

/// Which of whose outputs it is about.
struct Place {
    std::string_view kernels;
    std::size_t output = 0;
    [[nodiscard]] std::string text() const { return std::string(kernels) + "'s output " + std::to_string(output); }
};

/// A sum of products as real numbers have it, and how far a float may be from it: with u = 2^-24, every term passes at
/// most R roundings, so the sum is within R·u / (1 - R·u) · Σ|terms| of the exact one (Higham, Accuracy and Stability
/// of Numerical Algorithms, section 3.1), and each operation loses at most 2^-150 more where numbers are denormal.
class RealSum {
public:
    void add(float a, float b = 1.F, float c = 1.F) {
        const double product = static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
        ++terms_;
        if (c != 1.F) {
            // b·c is rounded first: to a denormal, zero or infinity, if it must be.
            const double first = std::fabs(static_cast<double>(b) * static_cast<double>(c));
            tiny_ += std::fabs(static_cast<double>(a)) * 0x1p-149;
            if (std::isfinite(first)) magnitude_ = std::max(magnitude_, first);
        }
        if (std::isnan(product)) {
            nan_ = true;
        } else if (std::isinf(product)) {
            (product > 0. ? plus_ : minus_) = true;
        } else {
            sum_ += product;
            magnitude_ += std::fabs(product);
        }
    }
    /// What else an output may be off by.
    void lose(double absolute) { tiny_ += absolute; }
    [[nodiscard]] bool finite() const { return !nan_ && !plus_ && !minus_; }
    [[nodiscard]] double magnitude() const { return magnitude_; }
    [[nodiscard]] std::size_t terms() const { return terms_; }

    /// Requires that `y` is activation(sum) with so many roundings on a term's way; or, if something on the way may
    /// have left the range of floats, nothing. `magnitude`: in place of Σ|terms|.
    void require_near(float y, std::size_t roundings, Activation activation, const Place& place) const {
        require_within(y, magnitude_, roundings, activation, place);
    }
    void require_within(float y, double magnitude, std::size_t roundings, Activation activation,
                        const Place& place) const {
        const auto infinity = std::numeric_limits<float>::infinity();
        if (nan_ || (plus_ && minus_)) {
            return require(std::isnan(y), [&] { return place.text() + " is NaN where a term is"; });
        }
        if (!(magnitude < 0x1p126) || std::isinf(tiny_)) return;
        if (plus_ || minus_) {
            const float limit = test::plain_activation(activation, plus_ ? infinity : -infinity);
            return require(test::same_bits(y, limit),
                           [&] { return place.text() + " is infinite where a term is, found " + std::to_string(y); });
        }
        const double u = 0x1p-24;
        const double r = static_cast<double>(roundings) * u;
        const double error = r / (1. - r) * magnitude + static_cast<double>(terms_ + 4) * 0x1p-149 + tiny_;
        const double exact = activated(activation, sum_);
        // No activation is steeper than 3/2; they round up to four times.
        const double slope = activation == Activation::hard_swish ? 1.5 : 1.;
        const double tolerance = slope * error + 4. * u * std::fabs(exact) + 0x1p-148;
        require(std::fabs(static_cast<double>(y) - exact) <= tolerance, [&] {
            return place.text() + " is " + std::to_string(y) + ", exactly " + std::to_string(exact) + " within " +
                   std::to_string(tolerance);
        });
    }

private:
    static double activated(Activation activation, double x) {
        const double gate = std::min(std::max(x + 3., 0.), 6.) / 6.;
        switch (activation) {
        case Activation::relu: return std::max(x, 0.);
        case Activation::hard_swish: return x * gate;
        case Activation::hard_sigmoid: return gate;
        case Activation::none: break;
        }
        return x;
    }

    double sum_ = 0.;
    double magnitude_ = 0.;
    double tiny_ = 0.;
    std::size_t terms_ = 0;
    bool nan_ = false;
    bool plus_ = false;
    bool minus_ = false;
};

/// Mostly small, so that a thousand inputs a second are tried; up to `most` now and then.
inline std::size_t take_size(Input& input, std::size_t least, std::size_t usual, std::size_t most) {
    return input.number(0, 7) == 7 ? input.number(least, most) : input.number(least, usual);
}

inline Activation take_activation(Input& input) { return test::all_activations[input.number(0, 3)]; }

} // namespace detect::fuzz
