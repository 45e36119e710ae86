// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_numbers.h"
#include "fuzz/targets.h"

#include <numeric>

/// What goes through every element: activations, sums, gates, rows that are normalised, pooling, changes of layout.
namespace detect::fuzz {

namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();

void activations(Input& input) {
    const std::size_t count = take_size(input, 0, 50, 200);
    const Activation activation = take_activation(input);
    const bool adds = input.number(0, 1) == 1;
    const bool in_place = input.number(0, 1) == 1;
    Numbers numbers(input);
    const Floats a = numbers.floats(count);
    const Floats b = numbers.floats(count);
    std::vector<float> expected(count);
    for (std::size_t i = 0; i < count; ++i) expected[i] = test::plain_activation(activation, adds ? a[i] + b[i] : a[i]);
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats y = in_place ? a : numbers.room(count);
        const float* const x = in_place ? y.data() : a.data();
        if (adds) {
            add(kernels, activation, x, b.data(), y.data(), count, pool_of(false));
        } else {
            activate(kernels, activation, x, y.data(), count, pool_of(false));
        }
        require_same_bits(y.span(), expected, "an activation", kernels.name);
    }
}

void gates(Input& input) {
    const MapSize size{input.number(0, 2), input.number(0, 5), input.number(0, 9)};
    const std::size_t channels = take_size(input, 1, 20, 80);
    const std::size_t pixels = size.height * size.width;
    Numbers numbers(input);
    const Floats x = numbers.floats(size.batch * pixels * channels);
    const Floats gate = numbers.floats(size.batch * channels);
    std::vector<float> expected(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        expected[i] = x[i] * gate[i / (pixels * channels) * channels + i % channels];
    }
    for (const Isa isa : available_isas()) {
        Floats y = x;
        scale_channels(kernel_table(isa), y.data(), gate.data(), size, channels, y.data(), pool_of(false));
        require_same_bits(y.span(), expected, "a gate", to_string(isa));
    }
}

/// e^x is within three units in the last place, as is each term of the sum, which `columns` additions round; then there
/// is a division.
void require_softmax(std::span<const float> x, std::span<const float> y) {
    float most = x[0];
    for (const float value : x) most = value > most || std::isnan(value) ? value : most;
    if (!std::isfinite(most)) {
        for (const float value : y) require(std::isnan(value), "softmax of what has no largest number is NaN");
        return;
    }
    const auto power = [&](std::size_t i) { return std::exp(static_cast<double>(x[i] - most)); };
    double sum = 0.;
    for (std::size_t i = 0; i < x.size(); ++i) sum += power(i);
    const double tolerance = 6 * 0x1p-23 + (static_cast<double>(x.size()) + 2.) * 0x1p-24;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double exact = power(i) / sum;
        require(std::fabs(static_cast<double>(y[i]) - exact) <= tolerance * exact + 0x1p-147,
                [&] { return "softmax is " + std::to_string(y[i]) + ", exactly " + std::to_string(exact); });
    }
}

void softmaxes(Input& input) {
    const std::size_t rows = input.number(0, 4);
    const std::size_t columns = take_size(input, 0, 40, 200);
    const auto softmax = input.number(0, 1) == 1 ? long_softmax_rows : softmax_rows;
    Numbers numbers(input);
    const Floats x = numbers.floats(rows * columns);
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats y = x;
        softmax(kernels, y.data(), rows, columns, y.data(), pool_of(false));
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
        for (std::size_t r = 0; columns > 0 && r < rows; ++r) {
            require_softmax(x.span().subspan(r * columns, columns), y.span().subspan(r * columns, columns));
        }
    }
}

struct LayerNorm {
    float epsilon;
    std::span<const float> x;
    std::span<const float> scale;
    std::span<const float> bias;
    std::span<const float> y;
};

/// With n elements, each sum is one of n / 16 + 16 roundings of a term, so that the mean is off by at most δ =
/// γ·Σ|x|/n; each difference from it by δ and its own rounding; and the variance by δ² and γ more. Where δ is not small
/// against the deviation, the result is anything.
void require_layer_norm(const LayerNorm& row) {
    const auto n = static_cast<double>(row.x.size());
    const double u = 0x1p-24;
    const double gamma = (n / 16. + 24.) * u;
    double sum = 0.;
    double size = 0.;
    for (const float x : row.x) {
        sum += static_cast<double>(x);
        size += std::fabs(static_cast<double>(x));
    }
    if (!std::isfinite(size)) {
        for (const float y : row.y) require(std::isnan(y), "a row with something that is not finite is NaN");
        return;
    }
    const double mean = sum / n;
    double variance = static_cast<double>(row.epsilon);
    for (const float x : row.x) variance += std::pow(static_cast<double>(x) - mean, 2) / n;
    const double deviation = std::sqrt(variance);
    const double delta = gamma * size / n + 0x1p-148; // and a denormal
    if (!(size < 0x1p60) || !(variance > 0x1p-100) || delta > deviation / 8.) return;
    // Of the deviation, relative: half of the variance's.
    const double of_deviation = delta * delta / variance + 2. * gamma + 0x1p-149 / variance;
    for (std::size_t i = 0; i < row.x.size(); ++i) {
        const double scale = row.scale.empty() ? 1. : static_cast<double>(row.scale[i]);
        const double bias = row.bias.empty() ? 0. : static_cast<double>(row.bias[i]);
        const double difference = (static_cast<double>(row.x[i]) - mean) / deviation;
        const double exact = difference * scale + bias;
        if (!(std::fabs(scale) < 0x1p60) || !(std::fabs(bias) < 0x1p60)) continue;
        const double of_difference = 2. * delta / deviation + std::fabs(difference) * (of_deviation + 4. * u);
        const double tolerance = (std::fabs(scale) + 0x1p-149) * of_difference + 2. * u * std::fabs(exact) +
                                 2. * u * std::fabs(difference * scale) + 0x1p-147 * (1. + std::fabs(scale));
        require(std::fabs(static_cast<double>(row.y[i]) - exact) <= tolerance, [&] {
            return "a layer norm is " + std::to_string(row.y[i]) + ", exactly " + std::to_string(exact) + " within " +
                   std::to_string(tolerance);
        });
    }
}

void layer_norms(Input& input) {
    const std::size_t rows = input.number(0, 4);
    const std::size_t columns = take_size(input, 0, 40, 200);
    const float epsilon = std::array{1e-5F, 1e-12F, 0.F, 1.F}[input.number(0, 3)];
    const bool has_scale = input.number(0, 1) == 1;
    const bool has_bias = input.number(0, 1) == 1;
    Numbers numbers(input);
    const Floats x = numbers.floats(rows * columns);
    const Floats scale = numbers.floats(has_scale ? columns : 0);
    const Floats bias = numbers.floats(has_bias ? columns : 0);
    Agreement agreement(true);
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats y = x;
        layer_norm_rows(kernels, y.data(), rows, columns, epsilon, has_scale ? scale.data() : nullptr,
                        has_bias ? bias.data() : nullptr, y.data(), pool_of(false));
        agreement.see(kernels, y.span(), "nothing here is fused");
        for (std::size_t r = 0; columns > 0 && r < rows; ++r) {
            require_layer_norm({epsilon, x.span().subspan(r * columns, columns), scale.span(), bias.span(),
                                y.span().subspan(r * columns, columns)});
        }
    }
}

void averages(Input& input) {
    const MapSize size{input.number(0, 2), input.number(0, 5), input.number(0, 9)};
    const std::size_t channels = take_size(input, 1, 20, 140);
    Numbers numbers(input);
    const Floats x = numbers.floats(size.batch * size.height * size.width * channels);
    std::vector<float> expected(size.batch * channels);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        double sum = 0.;
        for (std::size_t row = 0; row < size.height; ++row) {
            float of_row = 0.F;
            for (std::size_t column = 0; column < size.width; ++column) {
                of_row += x[((i / channels * size.height + row) * size.width + column) * channels + i % channels];
            }
            sum += static_cast<double>(of_row);
        }
        expected[i] = static_cast<float>(sum / static_cast<double>(size.height * size.width));
    }
    for (const Isa isa : available_isas()) {
        Floats mean = numbers.room(expected.size());
        global_average_pool(kernel_table(isa), x.data(), size, channels, mean.data(), pool_of(false));
        require_same_bits(mean.span(), expected, "an average", to_string(isa));
    }
}

MaxPoolParameters take_pooling(Input& input) {
    MaxPoolParameters p;
    p.kernel_h = input.number(1, 9);
    p.kernel_w = input.number(1, 9);
    p.stride_h = input.number(1, 3);
    p.stride_w = input.number(1, 3);
    p.pad_top = input.number(0, 9);
    p.pad_left = input.number(0, 9);
    p.dilation_h = input.number(1, 3);
    p.dilation_w = input.number(1, 3);
    p.output_height = input.number(0, 6);
    p.output_width = input.number(0, 8);
    // Windows that are all padding but for a little.
    if (input.number(0, 15) == 15) p.kernel_h = p.kernel_w = std::size_t{1} << 31U;
    return p;
}

/// The largest of a window's numbers, NaN if there is one.
float plain_maximum(const MaxPoolParameters& p, std::span<const float> x, const MapSize& size, std::size_t channels,
                    std::size_t i) {
    const std::size_t pixel = i / channels;
    const std::size_t n = pixel / p.output_width / p.output_height;
    const std::size_t top = pixel / p.output_width % p.output_height * p.stride_h;
    const std::size_t left = pixel % p.output_width * p.stride_w;
    // Whether a row or column of the picture is under the window.
    const auto under = [](std::size_t at, std::size_t first, std::size_t dilation, std::size_t kernel) {
        return at >= first && (at - first) % dilation == 0 && (at - first) / dilation < kernel;
    };
    float most = -std::numeric_limits<float>::infinity();
    for (std::size_t row = 0; row < size.height; ++row) {
        for (std::size_t column = 0; column < size.width; ++column) {
            if (!under(row + p.pad_top, top, p.dilation_h, p.kernel_h)) continue;
            if (!under(column + p.pad_left, left, p.dilation_w, p.kernel_w)) continue;
            const float value = x[((n * size.height + row) * size.width + column) * channels + i % channels];
            if (value > most || std::isnan(value)) most = value;
            if (std::isnan(most)) return nan;
        }
    }
    return most;
}

void maxima(Input& input) {
    const MapSize size{input.number(0, 2), input.number(0, 6), input.number(0, 6)};
    const std::size_t channels = take_size(input, 1, 9, 40);
    const MaxPoolParameters p = take_pooling(input);
    Numbers numbers(input);
    const Floats x = numbers.floats(size.batch * size.height * size.width * channels);
    Agreement agreement(true);
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats y = numbers.room(size.batch * p.output_height * p.output_width * channels);
        max_pool(kernels, p, x.data(), size, channels, y.data(), pool_of(false));
        agreement.see(kernels, y.span(), "maxima are the same everywhere");
        for (std::size_t i = 0; i < y.size(); ++i) {
            const float most = plain_maximum(p, x.span(), size, channels, i);
            // Which of -0 and 0 is larger is left open.
            require(y[i] == most || test::same_bits(y[i], most),
                    [&] { return "the largest is " + std::to_string(most) + ", found " + std::to_string(y[i]); });
        }
    }
}

void layouts(Input& input) {
    const MapSize size{input.number(0, 2), input.number(0, 9), take_size(input, 0, 7, 40)};
    const std::size_t channels = input.number(1, 40);
    const std::size_t pixels = size.height * size.width;
    Numbers numbers(input);
    const Floats x = numbers.floats(size.batch * channels * pixels);
    Floats last = numbers.room(x.size());
    to_channels_last(x.data(), size, channels, last.data(), pool_of(false));
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::size_t c = i / pixels % channels;
        const float moved = last[(i / pixels / channels * pixels + i % pixels) * channels + c];
        require(test::same_bits(moved, x[i]), "channels come last");
    }
    Floats back = numbers.room(x.size());
    to_channels_first(last.data(), size, channels, back.data(), pool_of(false));
    require_same_bits(back.span(), x.span(), "channels come first again");
}

template <class T>
void transpose_of(Input& input, const std::vector<std::int64_t>& sizes, const std::vector<std::size_t>& permutation) {
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    Exact<T> x(count);
    std::iota(x.span().begin(), x.span().end(), T{1});
    Exact<T> y(count);
    transpose(sizes, permutation, sizeof(T), reinterpret_cast<const std::byte*>(x.data()),
              reinterpret_cast<std::byte*>(y.data()), pool_of(input.number(0, 1) == 1));
    for (std::size_t number = 0; number < count; ++number) {
        std::size_t rest = number;
        std::vector<std::size_t> index(sizes.size());
        for (std::size_t i = permutation.size(); i-- > 0;) {
            index[permutation[i]] = rest % static_cast<std::size_t>(sizes[permutation[i]]);
            rest /= static_cast<std::size_t>(sizes[permutation[i]]);
        }
        std::size_t from = 0;
        for (std::size_t i = 0; i < sizes.size(); ++i) from = from * static_cast<std::size_t>(sizes[i]) + index[i];
        require(y[number] == x[from], "an element goes where its axes go");
    }
}

void transposes(Input& input) {
    const std::size_t rank = input.number(0, 8);
    std::vector<std::int64_t> sizes;
    std::size_t count = 1;
    for (std::size_t i = 0; i < rank; ++i) {
        const std::size_t most = count > 512 ? 1 : (count > 64 ? 4 : 40);
        sizes.push_back(static_cast<std::int64_t>(input.number(0, most)));
        count *= static_cast<std::size_t>(sizes.back());
    }
    std::vector<std::size_t> permutation(rank);
    std::iota(permutation.begin(), permutation.end(), 0U);
    for (std::size_t i = 0; i + 1 < rank; ++i) std::swap(permutation[i], permutation[input.number(i, rank - 1)]);
    switch (input.number(0, 3)) {
    case 0: return transpose_of<std::uint8_t>(input, sizes, permutation);
    case 1: return transpose_of<std::uint16_t>(input, sizes, permutation);
    case 2: return transpose_of<std::uint32_t>(input, sizes, permutation);
    default: return transpose_of<std::uint64_t>(input, sizes, permutation);
    }
}

} // namespace

void kernels_elements(Bytes bytes) {
    Input input(bytes);
    constexpr std::array kinds{activations, gates, softmaxes, layer_norms, averages, maxima, layouts, transposes};
    kinds[input.number(0, kinds.size() - 1)](input);
}

} // namespace detect::fuzz
