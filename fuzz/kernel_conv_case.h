// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/kernel_chain.h"

/// Convolutions of floats: what each instruction set gives against the chain of multiply-adds that defines it, against
/// real numbers, and against each other.
namespace detect::fuzz {

/// So small that a run takes a millisecond at most.
inline MapSize take_map(Input& input, const Conv2dParameters& p) {
    constexpr std::size_t most_terms = 1 << 14;
    MapSize size{input.number(0, 2), take_size(input, 0, 7, 20), take_size(input, 0, 15, 40)};
    if (p.kernel_h > 6) size.height += 60;
    const std::size_t inputs = p.input_channels / p.groups * p.kernel_h * p.kernel_w;
    const auto terms = [&] {
        return size.batch * p.output_height(size.height) * p.output_width(size.width) * p.output_channels * inputs;
    };
    while (terms() > most_terms && size.width > 4) size.width = size.width * 2 / 3;
    while (terms() > most_terms && size.height > 4) size.height = size.height * 2 / 3;
    return size;
}

/// A convolution and all that goes into it.
struct Case {
    Conv2dParameters p;
    MapSize size;
    Floats weights;
    Floats bias;
    Floats x;
    Floats residual;
    Floats gate;
    bool has_residual = false;
    bool has_gate = false;

    [[nodiscard]] test::PlainConv plain(bool takes_residual, bool takes_gate) const {
        return {p,
                x.span(),
                size,
                weights.span(),
                bias.span(),
                has_residual && takes_residual ? residual.data() : nullptr,
                has_gate && takes_gate ? gate.data() : nullptr};
    }
};

inline Case take_case(Input& input, const Conv2dParameters& p) {
    const MapSize size = take_map(input, p);
    const std::size_t outputs =
        size.batch * p.output_height(size.height) * p.output_width(size.width) * p.output_channels;
    const std::size_t options = input.number(0, 15);
    Numbers numbers(input);
    return {p,
            size,
            numbers.floats(p.output_channels * (p.input_channels / p.groups) * p.kernel_h * p.kernel_w),
            numbers.floats(options % 4 == 3 ? 0 : p.output_channels),
            numbers.floats(size.batch * size.height * size.width * p.input_channels),
            numbers.floats((options & 4U) != 0 ? outputs : 0),
            numbers.floats((options & 8U) != 0 ? size.batch * p.input_channels : 0),
            (options & 4U) != 0,
            (options & 8U) != 0};
}

/// One output of a convolution by Winograd's way as real numbers have it, and the absolute values of all that the four
/// transforms and 16 products add up, by which they may lose.
struct WinogradOutput {
    std::size_t at = 0;
    RealSum sum;
    double magnitude = 0.;
};

inline std::vector<WinogradOutput> winograd_outputs(const test::PlainConv& plain) {
    const Conv2dParameters& p = plain.p;
    std::vector<WinogradOutput> chosen;
    constexpr double filter[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}, {0, 0, 1}};
    constexpr std::size_t of_inputs[4][2] = {{0, 2}, {1, 2}, {1, 2}, {1, 3}};
    // The products that an even and an odd output add up.
    constexpr std::size_t of_outputs[2][3] = {{0, 1, 2}, {1, 2, 3}};
    for (const std::size_t i : some_of(plain.outputs(), 6)) {
        const std::size_t o = i % p.output_channels;
        const std::size_t pixel = i / p.output_channels;
        const std::size_t row = pixel / plain.width() % plain.height();
        const std::size_t column = pixel % plain.width();
        const std::size_t n = pixel / plain.width() / plain.height();
        RealSum sum;
        plain.over_terms(i, [&](float x, float weight, float gate) { sum.add(x, weight, gate); });
        sum.add(plain.shift(i));
        if (plain.residual != nullptr) sum.add(plain.residual[i]);
        double magnitude = sum.magnitude();
        for (std::size_t k = 0; k < p.input_channels; ++k) {
            std::array<double, 16> pixels{};
            for (std::size_t t = 0; t < 16; ++t) {
                const std::size_t r = row / 2 * 2 + t / 4 - p.pad_top;
                const std::size_t c = column / 2 * 2 + t % 4 - p.pad_left;
                if (r >= plain.size.height || c >= plain.size.width) continue;
                pixels[t] = std::fabs(static_cast<double>(
                    plain.x[((n * plain.size.height + r) * plain.size.width + c) * p.input_channels + k]));
            }
            for (const std::size_t a : of_outputs[row % 2]) {
                for (const std::size_t b : of_outputs[column % 2]) {
                    double weight = 0.;
                    for (std::size_t t = 0; t < 9; ++t) {
                        weight += filter[a][t / 3] * filter[b][t % 3] *
                                  std::fabs(static_cast<double>(plain.weights[(o * p.input_channels + k) * 9 + t]));
                    }
                    double input = 0.;
                    for (const std::size_t r : of_inputs[a]) {
                        for (const std::size_t c : of_inputs[b]) input += pixels[4 * r + c];
                    }
                    // Transformed weights alone may be larger than floats are.
                    magnitude += std::max(weight * input, weight > 0x1p126 ? weight : 0.);
                }
            }
        }
        chosen.push_back({i, sum, magnitude});
    }
    return chosen;
}

inline void require_winograd(const KernelTable& kernels, const Conv2dParameters& p,
                             std::span<const WinogradOutput> outputs, std::span<const float> y) {
    for (const auto& [at, sum, magnitude] : outputs) {
        const Place place{kernels.name, at};
        if (!sum.finite()) {
            require(std::isnan(y[at]) || p.activation != Activation::none, [&] { return place.text() + " is NaN"; });
        } else if (std::isfinite(magnitude)) {
            // Weights once, inputs twice, a chain of blocks, outputs four times, bias and residual.
            const std::size_t roundings = p.input_channels + p.input_channels / 64 + 10;
            sum.require_within(y[at], magnitude, roundings, p.activation, place);
        }
    }
}

inline void require_mean(const Conv2d& conv, const KernelTable& kernels, const MapSize& out, std::span<const float> y,
                         std::span<const float> mean) {
    const std::size_t channels = conv.parameters().output_channels;
    std::vector<float> expected(mean.size());
    global_average_pool(kernels, y.data(), out, channels, expected.data(), pool_of(false));
    require_same_bits(mean, expected, "the mean is that of the outputs", kernels.name);
}

/// By every instruction set.
inline void require_convolution(const Case& c, bool two_threads) {
    const MapSize out{c.size.batch, c.p.output_height(c.size.height), c.p.output_width(c.size.width)};
    const std::size_t outputs = out.batch * out.height * out.width * c.p.output_channels;
    Agreement agreement;
    std::vector<WinogradOutput> winograd;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        const auto conv = Conv2d::prepare(kernels, c.p, c.weights.span(), c.bias.span());
        require(conv.ok(), "a convolution that makes sense is prepared");
        const test::PlainConv plain = c.plain(conv->takes_residual(), conv->takes_gate());
        ThreadPool& pool = pool_of(two_threads);
        const auto run = [&](const MapSize& size, std::size_t first, std::size_t count, float* mean) {
            Floats y(count, std::numeric_limits<float>::quiet_NaN());
            const Scratch scratch(conv->scratch_bytes(size, threads_of(pool)));
            const float* const residual = plain.residual == nullptr ? nullptr : plain.residual + first * count;
            const float* const gate = plain.gate == nullptr ? nullptr : plain.gate + first * c.p.input_channels;
            const std::size_t picture = first * size.height * size.width * c.p.input_channels;
            conv->run(c.x.data() + picture, size, y.data(), {.residual = residual, .gate = gate, .mean = mean},
                      scratch.span(), pool);
            return y;
        };
        Floats mean(conv->gives_mean() && outputs > 0 ? out.batch * c.p.output_channels : 0);
        const Floats y = run(c.size, 0, outputs, mean.size() > 0 ? mean.data() : nullptr);
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
        if (mean.size() > 0) require_mean(*conv, kernels, out, y.span(), mean.span());
        if (WinogradConv::supports(c.p) && !SplitConv::supports(kernels, c.p)) {
            // The same for all instruction sets: none of those that go this way leaves the residual to others.
            if (winograd.empty()) winograd = winograd_outputs(plain);
            require_winograd(kernels, c.p, winograd, y.span());
        } else {
            require_chain(isa, plain, y.span());
        }
        if (c.size.batch != 2) continue;
        const Floats alone = run({1, c.size.height, c.size.width}, 1, outputs / 2, nullptr);
        require_same_bits(alone.span(), y.span().subspan(outputs / 2), "a picture gives the same alone", kernels.name);
    }
}

} // namespace detect::fuzz
