// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_numbers.h"
#include "fuzz/targets.h"
#include "tests/executor/kernels/plain_int8.h"

/// Kernels for bytes: every instruction set gives the bits of the definition, whatever scales a file has.
namespace detect::fuzz {

namespace {

using test::Int8Layer;
using Bytes8 = Exact<std::uint8_t>;

/// Ordinary scales, or any float at all.
float take_scale(Input& input) {
    const bool wild = input.number(0, 7) == 7;
    const float any = input.take<float>();
    return wild ? any : 0.001F + 0.1F * static_cast<float>(input.take<std::uint8_t>());
}

Quantisation take_quantisation(Input& input) {
    return {take_scale(input), static_cast<std::int32_t>(input.take<std::uint8_t>())};
}

std::optional<Quantisation> take_maybe(Input& input) {
    return input.number(0, 1) == 1 ? std::optional(take_quantisation(input)) : std::nullopt;
}

Int8Layer take_layer(Input& input, const Int8ConvParameters& parameters, Numbers& numbers) {
    Int8Layer layer(parameters, 1);
    const auto weights = numbers.bytes<std::int8_t>(layer.bytes.size());
    std::ranges::copy(weights.span(), layer.bytes.begin());
    const bool wild = input.number(0, 7) == 7;
    for (float& scale : layer.scales)
        scale = wild ? numbers.one() : 0.001F + 0.004F * std::fabs(std::fmod(numbers.one(), 1.F));
    // Counted in sums: most layers have biases that fit.
    for (std::size_t i = 0; i < layer.bias.size(); ++i) {
        const float steps = static_cast<float>(static_cast<std::int16_t>(numbers.bits()));
        layer.bias[i] = wild ? numbers.one() : steps * (parameters.input.scale * layer.scales[i]);
    }
    return layer;
}

Conv2dParameters take_shape(Input& input) {
    Conv2dParameters p;
    p.activation = take_activation(input);
    const std::size_t kind = input.number(0, 3);
    if (kind == 0) { // depthwise
        p.input_channels = p.output_channels = p.groups = take_size(input, 2, 20, 70);
        p.kernel_h = p.kernel_w = 3 + 2 * input.number(0, 1);
        p.stride_h = p.stride_w = input.number(1, 2);
    } else {
        p.input_channels = kind == 1 ? input.number(1, 140) : 4 * take_size(input, 1, 5, 17);
        p.output_channels = take_size(input, 1, 20, 50);
    }
    if (kind == 3) {
        p.kernel_h = input.number(1, 4);
        p.kernel_w = input.number(1, 4);
    }
    if (kind == 0 || kind == 3) {
        p.pad_top = input.number(0, 3);
        p.pad_left = input.number(0, 3);
        p.pad_bottom = input.number(0, 3);
        p.pad_right = input.number(0, 3);
    }
    return p;
}

MapSize take_map(Input& input, const Conv2dParameters& p) {
    constexpr std::size_t most_terms = 1 << 13;
    MapSize size{input.number(0, 2), take_size(input, 0, 5, 12), take_size(input, 0, 7, 24)};
    const std::size_t inputs = p.input_channels / p.groups * p.kernel_h * p.kernel_w;
    const auto terms = [&] {
        return size.batch * p.output_height(size.height) * p.output_width(size.width) * p.output_channels * inputs;
    };
    while (terms() > most_terms && size.width > 2) size.width = size.width * 2 / 3;
    while (terms() > most_terms && size.height > 2) size.height = size.height * 2 / 3;
    return size;
}

std::size_t pixels(const MapSize& size) { return size.batch * size.height * size.width; }

MapSize after(const Conv2dParameters& p, const MapSize& size) {
    return {size.batch, p.output_height(size.height), p.output_width(size.width)};
}

void require_bytes(std::span<const std::uint8_t> found, std::span<const float> expected, std::string_view kernels) {
    require(found.size() == expected.size(), "as many outputs");
    for (std::size_t i = 0; i < found.size(); ++i) {
        require(static_cast<float>(found[i]) == expected[i], [&] {
            return std::string(kernels) + " gives " + std::to_string(found[i]) + " in place of " +
                   std::to_string(expected[i]) + " at " + std::to_string(i);
        });
    }
}

/// What goes into a layer beside x, in the sizes that it has for one.
struct Extras {
    Floats gate;
    Bytes8 byte_residual;
    Floats float_residual;

    Extras(Numbers& numbers, const Int8ConvParameters& p, std::size_t gates, std::size_t outputs, bool adds_floats)
        : gate(numbers.floats(p.gated ? gates : 0)),
          byte_residual(numbers.bytes<std::uint8_t>(p.residual ? outputs : 0)),
          float_residual(numbers.floats(!p.residual && adds_floats ? outputs : 0)) {}

    [[nodiscard]] Int8ConvData data() const {
        Int8ConvData data;
        if (gate.size() > 0) data.gate = gate.data();
        if (byte_residual.size() > 0) data.byte_residual = byte_residual.data();
        if (float_residual.size() > 0) data.float_residual = float_residual.data();
        return data;
    }
};

void convolution(Input& input) {
    Int8ConvParameters p;
    p.shape = take_shape(input);
    const MapSize size = take_map(input, p.shape);
    const bool depthwise = p.shape.groups > 1;
    p.input = take_quantisation(input);
    p.output = take_maybe(input);
    if (p.shape.is_pointwise()) p.gated = take_maybe(input);
    if (depthwise) {
        if (!p.output) p.output = take_quantisation(input);
    } else {
        p.rounding = take_maybe(input);
        p.residual = take_maybe(input);
    }
    const bool adds_floats = !depthwise && input.number(0, 3) == 3;
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    Numbers numbers(input);
    const Int8Layer layer = take_layer(input, p, numbers);
    const std::size_t outputs = pixels(after(p.shape, size)) * p.shape.output_channels;
    const Bytes8 x = numbers.bytes<std::uint8_t>(pixels(size) * p.shape.input_channels);
    const Extras extras(numbers, p, size.batch * p.shape.input_channels, outputs, adds_floats);
    std::vector<float> expected;
    for (const Int8Kernels* kernels : available_int8_kernels()) {
        const auto conv = layer.prepare(*kernels);
        // Weights that cannot be summed up in 32 bits, or are too few to be read whole vectors at a time.
        if (conv == nullptr) continue;
        if (expected.empty()) {
            expected = plain_conv(layer, x.span(), size, extras.gate.span(), extras.byte_residual.span(),
                                  extras.float_residual.span());
        }
        Bytes8 bytes(p.output ? outputs : 0);
        Floats floats(p.output ? 0 : outputs);
        Int8ConvData data = extras.data();
        data.x = x.data();
        (p.output ? static_cast<void>(data.bytes = bytes.data()) : static_cast<void>(data.floats = floats.data()));
        if (depthwise) {
            const auto alone = Int8InvertedResidual::make({nullptr, conv, nullptr});
            require(alone.has_value(), "a depthwise convolution runs alone");
            const Scratch scratch(alone->scratch_bytes(size, threads_of(pool)));
            alone->run(data, size, nullptr, scratch.span(), pool);
        } else {
            const Scratch scratch(conv->scratch_bytes(size, threads_of(pool)));
            conv->run(data, size, scratch.span(), pool);
        }
        if (p.output) {
            require_bytes(bytes.span(), expected, kernels->name);
        } else {
            require_same_bits(floats.span(), expected, "a convolution of bytes", kernels->name);
        }
    }
}

Int8ConvParameters pointwise(std::size_t inputs, std::size_t outputs, Activation activation, const Quantisation& from) {
    Int8ConvParameters p;
    p.shape.input_channels = inputs;
    p.shape.output_channels = outputs;
    p.shape.activation = activation;
    p.input = from;
    return p;
}

std::vector<std::uint8_t> as_bytes(std::span<const float> numbers) { return {numbers.begin(), numbers.end()}; }

/// The sum of a picture's bytes, exactly; then two products in floats.
std::vector<float> plain_mean(std::span<const std::uint8_t> y, const MapSize& size, std::size_t channels,
                              const Quantisation& q) {
    std::vector<float> mean(size.batch * channels);
    const std::size_t of_picture = size.height * size.width;
    for (std::size_t i = 0; i < mean.size(); ++i) {
        std::int64_t sum = 0;
        for (std::size_t p = 0; p < of_picture; ++p) {
            sum += y[(i / channels * of_picture + p) * channels + i % channels] - q.zero_point;
        }
        mean[i] = static_cast<float>(sum) * (q.scale / static_cast<float>(of_picture));
    }
    return mean;
}

void inverted_residual(Input& input) {
    const bool expands = input.number(0, 1) == 1;
    const bool projects = input.number(0, 1) == 1;
    const std::size_t width = 4 * take_size(input, 1, 5, 20);
    const std::size_t inputs = expands ? 4 * take_size(input, 1, 3, 8) : width;
    const Int8ConvParameters expanding = [&] {
        Int8ConvParameters p = pointwise(inputs, width, take_activation(input), take_quantisation(input));
        p.output = take_quantisation(input);
        return p;
    }();
    Int8ConvParameters middle = pointwise(width, width, take_activation(input), *expanding.output);
    middle.output = take_quantisation(input);
    middle.shape.groups = width;
    middle.shape.kernel_h = middle.shape.kernel_w = 3 + 2 * input.number(0, 1);
    middle.shape.stride_h = middle.shape.stride_w = input.number(1, 2);
    middle.shape.pad_top = input.number(0, 3);
    middle.shape.pad_left = input.number(0, 3);
    middle.shape.pad_bottom = input.number(0, 3);
    middle.shape.pad_right = input.number(0, 3);
    Int8ConvParameters projecting =
        pointwise(width, take_size(input, 1, 9, 30), take_activation(input), *middle.output);
    projecting.rounding = take_maybe(input);
    projecting.residual = take_maybe(input);
    projecting.output = take_quantisation(input);
    const MapSize size{input.number(0, 2), take_size(input, 0, 5, 9), take_size(input, 0, 5, 12)};
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    Numbers numbers(input);
    const Int8Layer expand = take_layer(input, expanding, numbers);
    const Int8Layer depthwise = take_layer(input, middle, numbers);
    const Int8Layer project = take_layer(input, projecting, numbers);
    const MapSize out = after(middle.shape, size);
    const std::size_t outputs = pixels(out) * (projects ? projecting.shape.output_channels : width);
    const Bytes8 x = numbers.bytes<std::uint8_t>(pixels(size) * inputs);
    const Bytes8 residual = numbers.bytes<std::uint8_t>(projects && projecting.residual ? outputs : 0);
    std::vector<float> expected;
    std::vector<float> mean;
    for (const Int8Kernels* kernels : available_int8_kernels()) {
        const Int8InvertedResidual::Steps steps{expands ? expand.prepare(*kernels) : nullptr,
                                                depthwise.prepare(*kernels),
                                                projects ? project.prepare(*kernels) : nullptr};
        if (!steps.depthwise || (expands && !steps.expand) || (projects && !steps.project)) return;
        const auto block = Int8InvertedResidual::make(steps);
        require(block.has_value() || std::isnan(middle.input.scale) || std::isnan(middle.output->scale),
                "steps that fit are a block");
        if (!block) return;
        if (expected.empty()) {
            std::vector<std::uint8_t> y(x.span().begin(), x.span().end());
            if (expands) y = as_bytes(plain_conv(expand, y, size, {}, {}, {}));
            y = as_bytes(expected = plain_conv(depthwise, y, size, {}, {}, {}));
            mean = plain_mean(y, out, width, *middle.output);
            if (projects) expected = plain_conv(project, y, out, {}, residual.span(), {});
        }
        Bytes8 y(outputs);
        Floats found_mean(outputs > 0 ? mean.size() : 0);
        const Scratch scratch(block->scratch_bytes(size, threads_of(pool)));
        block->run({.x = x.data(), .byte_residual = residual.size() > 0 ? residual.data() : nullptr, .bytes = y.data()},
                   size, outputs > 0 ? found_mean.data() : nullptr, scratch.span(), pool);
        require_bytes(y.span(), expected, kernels->name);
        if (outputs > 0) require_same_bits(found_mean.span(), mean, "a mean of bytes", kernels->name);
    }
}

void elements(Input& input) {
    const std::size_t count = input.number(0, 100);
    const std::size_t rows = input.number(0, 3);
    const Quantisation q = take_quantisation(input);
    const auto other = static_cast<std::int32_t>(input.take<std::uint8_t>());
    Numbers numbers(input);
    const Floats x = numbers.floats(count);
    const Bytes8 bytes = numbers.bytes<std::uint8_t>(count * rows);
    std::vector<float> quantised(count);
    const float factor = 1.F / q.scale;
    for (std::size_t i = 0; i < count; ++i) {
        quantised[i] = static_cast<float>(test::plain_rounded(x[i] * factor, q.zero_point) + q.zero_point);
    }
    std::vector<float> dequantised(bytes.size());
    std::vector<float> rescaled(bytes.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto centred = static_cast<float>(bytes[i] - q.zero_point);
        dequantised[i] = centred * q.scale;
        rescaled[i] = static_cast<float>(test::plain_rounded(centred * x[i % count], other) + other);
    }
    for (const Int8Kernels* kernels : available_int8_kernels()) {
        Bytes8 y(count);
        kernels->quantise(x.data(), count, q, y.data());
        require_bytes(y.span(), quantised, kernels->name);
        Floats back = numbers.room(bytes.size());
        kernels->dequantise(bytes.data(), bytes.size(), q, back.data());
        require_same_bits(back.span(), dequantised, "a byte as a number", kernels->name);
        Bytes8 in_place = bytes;
        kernels->rescale(in_place.data(), rows, count, q.zero_point, x.data(), other, in_place.data());
        require_bytes(in_place.span(), rescaled, kernels->name);
    }
}

} // namespace

void kernels_int8(Bytes bytes) {
    Input input(bytes);
    constexpr std::array kinds{convolution, convolution, inverted_residual, elements};
    kinds[input.number(0, kinds.size() - 1)](input);
}

} // namespace detect::fuzz
