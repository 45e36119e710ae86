// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <vector>

/// The kernels' definitions in plain words, one output at a time, and numbers to try them on: what kernel tests and
/// fuzz targets compare with.
namespace detect::test {

/// `count` floats in [-1, 1).
inline std::vector<float> random_floats(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(-1.F, 1.F);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(generator);
    return values;
}

/// The same with NaN, infinities, denormals and zeros of both signs strewn in.
inline std::vector<float> special_floats(std::size_t count, unsigned seed) {
    using limits = std::numeric_limits<float>;
    constexpr std::array<float, 8> specials{
        limits::quiet_NaN(), limits::infinity(), -limits::infinity(), limits::denorm_min(), -1e-40F, 0.F, -0.F,
        limits::max()};
    std::vector<float> values = random_floats(count, seed);
    std::mt19937 generator(seed + 1);
    for (float& value : values) {
        const unsigned draw = generator() % 32;
        if (draw < specials.size()) value = specials[draw];
    }
    return values;
}

/// The same bits, or both NaN (whose payloads are nobody's business).
inline bool same_bits(float a, float b) {
    return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// The first position where two arrays differ in their bits; their length if there is none.
inline std::size_t first_difference(std::span<const float> a, std::span<const float> b) {
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && same_bits(a[i], b[i])) ++i;
    return i;
}

/// a·b + c as the instruction set rounds it.
inline float multiply_add(Isa isa, float a, float b, float c) {
    if (kernel_table(isa).fuses) return std::fma(a, b, c);
    const float product = a * b;
    return product + c;
}

/// A bfloat16 number as tiles take it: denormal ones are zeros.
inline float as_part(std::uint32_t upper_bits) {
    const float part = std::bit_cast<float>(upper_bits & 0xFFFF0000U);
    return std::fpclassify(part) == FP_SUBNORMAL ? 0.F : part;
}

/// The parts of a float: cut off or rounded.
inline std::array<float, 3> parts_of(float x, std::uint32_t rounding) {
    std::array<float, 3> parts{};
    for (float& part : parts) {
        const std::uint32_t bits = (std::bit_cast<std::uint32_t>(x) + rounding) & 0xFFFF0000U;
        part = as_part(bits);
        x -= std::bit_cast<float>(bits);
    }
    return parts;
}

/// The sum of products a[k] · b(k) as SplitProduct and split_gemm.h define it, in plain floats.
template <class B>
inline float plain_product_of_three_parts(std::span<const float> a, const B& b) {
    constexpr std::size_t depth = SplitKernels::depth;
    // In steps: which part of A meets which part of B, and in which of the two sums.
    constexpr std::size_t products[6][3] = {{2, 0, 0}, {1, 0, 1}, {0, 0, 0}, {0, 2, 1}, {1, 1, 0}, {0, 1, 1}};
    const std::size_t steps = (a.size() + depth - 1) / depth;
    const std::size_t blocks = (steps + 3) / 4;
    float total = 0.F;
    for (std::size_t block = 0; block < blocks; ++block) {
        float sums[2] = {0.F, 0.F};
        for (std::size_t step = steps * block / blocks; step < steps * (block + 1) / blocks; ++step) {
            for (const auto& [of_a, of_b, sum] : products) {
                float even_and_odd[2] = {0.F, 0.F};
                for (std::size_t k = step * depth; k < std::min((step + 1) * depth, a.size()); ++k) {
                    float& chain = even_and_odd[k % 2];
                    chain = std::fma(parts_of(a[k], 0)[of_a], parts_of(b(k), 0x8000U)[of_b], chain);
                }
                sums[sum] += even_and_odd[0] + even_and_odd[1];
            }
        }
        total = block == 0 ? sums[0] + sums[1] : total + (sums[0] + sums[1]);
    }
    if (std::isfinite(total)) return total;
    total = 0.F;
    for (std::size_t k = 0; k < a.size(); ++k) total = std::fma(a[k], b(k), total);
    return total;
}

/// The same for weights that are kept in two parts.
template <class B>
inline float plain_product_of_two_parts(std::span<const float> a, const B& b) {
    constexpr std::size_t depth = SplitKernels::depth;
    constexpr std::size_t products[3][2] = {{0, 0}, {1, 0}, {0, 1}};
    const auto parts_of_b = [&](std::size_t k) {
        std::array<float, 3> parts = parts_of(b(k), 0x8000U);
        if (!std::isfinite(parts[0])) parts[1] = 0.F;
        return parts;
    };
    const std::size_t steps = a.size() / depth;
    const std::size_t blocks = (steps + 3) / 4;
    float total = 0.F;
    for (std::size_t block = 0; block < blocks; ++block) {
        float sum = 0.F;
        for (std::size_t step = steps * block / blocks; step < steps * (block + 1) / blocks; ++step) {
            for (const auto& [of_a, of_b] : products) {
                float even_and_odd[2] = {0.F, 0.F};
                for (std::size_t k = step * depth; k < (step + 1) * depth; ++k) {
                    float& chain = even_and_odd[k % 2];
                    chain = std::fma(parts_of(a[k], 0x8000U)[of_a], parts_of_b(k)[of_b], chain);
                }
                sum += even_and_odd[0] + even_and_odd[1];
            }
        }
        total = block == 0 ? sum : total + sum;
    }
    if (std::isfinite(total)) return total;
    total = 0.F;
    for (std::size_t k = 0; k < a.size(); ++k) total = std::fma(a[k], parts_of_b(k)[0] + parts_of_b(k)[1], total);
    return total;
}

inline float plain_activation(Activation activation, float x) {
    const auto clamp = [](float v) { return 0.F > v ? 0.F : (6.F < v ? 6.F : v); };
    switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return 0.F > x ? 0.F : x;
    case Activation::hard_sigmoid: return clamp(x + 3.F) / 6.F;
    case Activation::hard_swish: return x * (clamp(x + 3.F) / 6.F);
    }
    return x;
}

inline constexpr std::array all_activations{Activation::none, Activation::relu, Activation::hard_swish,
                                            Activation::hard_sigmoid};

/// The function in double precision.
inline double exact_function(ElementFunction function, double x, double alpha, double beta) {
    const auto hard_sigmoid = [&] { return std::isnan(x) ? x : std::max(0.0, std::min(1.0, alpha * x + beta)); };
    switch (function) {
    case ElementFunction::absolute: return std::fabs(x);
    case ElementFunction::negative: return -x;
    case ElementFunction::reciprocal: return 1.0 / x;
    case ElementFunction::square: return x * x;
    case ElementFunction::cube: return x * x * x;
    case ElementFunction::square_root: return std::sqrt(x);
    case ElementFunction::exponential: return std::exp(x);
    case ElementFunction::error_function: return std::erf(x);
    case ElementFunction::hyperbolic_tangent: return std::tanh(x);
    case ElementFunction::sigmoid: return 1.0 / (1.0 + std::exp(-x));
    case ElementFunction::relu: return x < 0.0 ? 0.0 : x;
    case ElementFunction::leaky_relu: return x < 0.0 ? alpha * x : x;
    case ElementFunction::clip: return std::isnan(x) ? x : std::min(std::max(x, alpha), beta);
    case ElementFunction::hard_sigmoid: return hard_sigmoid();
    case ElementFunction::hard_swish: return x * hard_sigmoid();
    }
    return x;
}

inline constexpr auto last_function = static_cast<int>(ElementFunction::hard_swish);

/// Whether a float is within three units in the last place of an exact value; infinite, NaN or zero where that is.
inline bool within_three_units(float y, double exact) {
    const auto rounded = static_cast<float>(exact);
    if (same_bits(y, rounded) || y == rounded) return true;
    const double unit = std::max(static_cast<double>(std::nextafter(std::fabs(rounded), 3e38F)) -
                                     std::fabs(static_cast<double>(rounded)),
                                 1e-45);
    return std::fabs(static_cast<double>(y) - exact) <= 3.0 * unit;
}

/// The product as its definition has it: k ascending in blocks of 64, a chain for each block, rounded as the
/// instruction set does; or, where the instruction set has tiles and the product is large enough, as they do it.
inline std::vector<float> plain_gemm(Isa isa, std::span<const float> a, std::span<const float> b_by_output,
                                     std::span<const float> bias, std::size_t m, std::size_t k, std::size_t n,
                                     Activation activation = Activation::none, const float* residual = nullptr) {
    const bool split = kernel_table(isa).split != nullptr && k >= 64 && n >= 32;
    std::vector<float> c(m * n);
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
            float sum = 0.F;
            if (split) {
                sum = plain_product_of_three_parts(a.subspan(i * k, k),
                                                   [&](std::size_t l) { return b_by_output[j * k + l]; });
            }
            for (std::size_t block = 0; !split && block < k; block += 64) {
                float chain = 0.F;
                for (std::size_t l = block; l < std::min(block + 64, k); ++l) {
                    chain = multiply_add(isa, a[i * k + l], b_by_output[j * k + l], chain);
                }
                sum = block == 0 ? chain : sum + chain;
            }
            if (!bias.empty()) sum += bias[j];
            if (residual != nullptr) sum += residual[i * n + j];
            c[i * n + j] = plain_activation(activation, sum);
        }
    }
    return c;
}

/// A convolution as its definition has it, channels last, an output at a time.
struct PlainConv {
    const Conv2dParameters& p;
    std::span<const float> x;
    MapSize size;
    std::span<const float> weights;
    /// Or empty.
    std::span<const float> bias;
    /// Null, or [N, OH, OW, output].
    const float* residual = nullptr;
    /// Null, or [N, input]: pointwise weights are multiplied by it first.
    const float* gate = nullptr;

    [[nodiscard]] std::size_t height() const { return p.output_height(size.height); }
    [[nodiscard]] std::size_t width() const { return p.output_width(size.width); }
    [[nodiscard]] std::size_t outputs() const { return size.batch * height() * width() * p.output_channels; }
    [[nodiscard]] float shift(std::size_t i) const { return bias.empty() ? 0.F : bias[i % p.output_channels]; }

    /// Calls `body(x, weight, gate)` for the terms of an output: kernel rows, then kernel columns, then channels. A tap
    /// outside the picture is none of a depthwise convolution's, and a zero of any other's.
    template <class Body>
    void over_terms(std::size_t i, const Body& body) const {
        const std::size_t inputs = p.input_channels / p.groups;
        const std::size_t o = i % p.output_channels;
        const std::size_t pixel = i / p.output_channels;
        const std::size_t n = pixel / width() / height();
        for (std::size_t t = 0; t < p.kernel_h * p.kernel_w; ++t) {
            const std::size_t r = pixel / width() % height() * p.stride_h + t / p.kernel_w * p.dilation_h - p.pad_top;
            const std::size_t c = pixel % width() * p.stride_w + t % p.kernel_w * p.dilation_w - p.pad_left;
            const bool inside = r < size.height && c < size.width;
            if (!inside && DepthwiseConv::supports(p)) continue;
            for (std::size_t k = 0; k < inputs; ++k) {
                const std::size_t channel = o / (p.output_channels / p.groups) * inputs + k;
                body(inside ? x[((n * size.height + r) * size.width + c) * p.input_channels + channel] : 0.F,
                     weights[(o * inputs + k) * p.kernel_h * p.kernel_w + t],
                     gate == nullptr ? 1.F : gate[n * p.input_channels + channel]);
            }
        }
    }

    /// As an instruction set without tiles rounds it, by Conv2d's ways but Winograd's. Depthwise chains start at the
    /// bias; others end with it, pointwise ones are blocks of 64 terms.
    [[nodiscard]] float output(Isa isa, std::size_t i) const {
        const bool depthwise = DepthwiseConv::supports(p);
        const std::size_t block = p.is_pointwise() ? 64 : SIZE_MAX;
        float chain = depthwise ? shift(i) : 0.F;
        std::optional<float> before;
        std::size_t terms = 0;
        over_terms(i, [&](float from, float weight, float scale) {
            if (terms++ == block) {
                before = before ? *before + chain : chain;
                chain = 0.F;
                terms = 1;
            }
            chain = multiply_add(isa, from, gate == nullptr ? weight : weight * scale, chain);
        });
        float sum = before ? *before + chain : chain;
        if (!depthwise) sum += shift(i);
        if (residual != nullptr) sum += residual[i];
        return plain_activation(p.activation, sum);
    }

    [[nodiscard]] std::vector<float> all(Isa isa) const {
        std::vector<float> y(outputs());
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = output(isa, i);
        return y;
    }
};

} // namespace detect::test
