// SPDX-License-Identifier: Apache-2.0
#include "fuzz/kernel_numbers.h"
#include "fuzz/targets.h"

/// MobileNet's block in one pass, and layers that go row by row, against the same layers one after the other.
namespace detect::fuzz {

namespace {

using Convolution = std::shared_ptr<const Conv2d>;

struct Layer {
    Conv2dParameters p;
    Floats weights;
    Floats bias;

    [[nodiscard]] Convolution prepare(const KernelTable& kernels) const {
        auto conv = Conv2d::prepare(kernels, p, weights.span(), bias.span());
        require(conv.ok(), "a convolution that makes sense is prepared");
        return std::make_shared<const Conv2d>(*std::move(conv));
    }
};

Layer take_layer(const Conv2dParameters& p, Numbers& numbers) {
    const std::size_t weights = p.output_channels * (p.input_channels / p.groups) * p.kernel_h * p.kernel_w;
    return {p, numbers.floats(weights), numbers.floats(p.output_channels)};
}

Conv2dParameters pointwise(std::size_t inputs, std::size_t outputs, Activation activation) {
    Conv2dParameters p;
    p.input_channels = inputs;
    p.output_channels = outputs;
    p.activation = activation;
    return p;
}

Conv2dParameters take_window(Input& input, std::size_t inputs, std::size_t outputs, std::size_t groups) {
    Conv2dParameters p = pointwise(inputs, outputs, take_activation(input));
    p.groups = groups;
    p.kernel_h = p.kernel_w = input.number(0, 3) == 3 ? input.number(1, 4) : 3 + 2 * input.number(0, 1);
    p.stride_h = p.stride_w = input.number(1, 2);
    p.pad_top = input.number(0, 4);
    p.pad_left = input.number(0, 4);
    p.pad_bottom = input.number(0, 4);
    p.pad_right = input.number(0, 4);
    return p;
}

/// expand → depthwise → project, one or the other missing.
struct Block {
    std::optional<Layer> expand;
    Layer depthwise;
    std::optional<Layer> project;

    [[nodiscard]] InvertedResidual::Steps prepare(const KernelTable& kernels) const {
        return {expand ? expand->prepare(kernels) : nullptr, depthwise.prepare(kernels),
                project ? project->prepare(kernels) : nullptr};
    }
};

/// `missing`: 1 for no expansion, 2 for no projection.
Block take_block(Input& input, Numbers& numbers, std::size_t inputs, std::size_t missing) {
    const std::size_t width = missing == 1 ? inputs : take_size(input, 2, 20, 70);
    const std::size_t outputs = input.number(0, 3) == 0 ? inputs : take_size(input, 1, 9, 30);
    std::optional<Layer> expand;
    if (missing != 1) expand = take_layer(pointwise(inputs, width, take_activation(input)), numbers);
    Layer depthwise = take_layer(take_window(input, width, width, width), numbers);
    std::optional<Layer> project;
    if (missing != 2) project = take_layer(pointwise(width, outputs, take_activation(input)), numbers);
    return {std::move(expand), std::move(depthwise), std::move(project)};
}

MapSize after(const Conv2dParameters& p, const MapSize& size) {
    return {size.batch, p.output_height(size.height), p.output_width(size.width)};
}

std::size_t floats_of(const MapSize& size, std::size_t channels) {
    return size.batch * size.height * size.width * channels;
}

Floats run(const Conv2d& conv, std::span<const float> x, MapSize& size, const Conv2dExtras& extras) {
    const Conv2dParameters& p = conv.parameters();
    Floats y(floats_of(after(p, size), p.output_channels));
    const Scratch scratch(conv.scratch_bytes(size, 1));
    conv.run(x.data(), size, y.data(), extras, scratch.span(), pool_of(false));
    size = after(p, size);
    return y;
}

/// So small that three convolutions take a millisecond.
MapSize take_map(Input& input) {
    MapSize size{input.number(0, 2), take_size(input, 0, 7, 14), take_size(input, 0, 7, 14)};
    // So long a row, or so many of them, that a block is cut into pieces.
    if (input.number(0, 31) == 31) size = {1, 3, 150};
    if (input.number(0, 31) == 31) size = {1, 70, 5};
    return size;
}

void inverted_residual(Input& input) {
    const MapSize size = take_map(input);
    const std::size_t inputs = take_size(input, 2, 9, 30);
    const std::size_t missing = input.number(0, 2);
    const bool has_residual = missing != 2 && input.number(0, 1) == 1;
    const bool has_mean = input.number(0, 1) == 1;
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    Numbers numbers(input);
    const Block block = take_block(input, numbers, inputs, missing);
    const MapSize out = after(block.depthwise.p, size);
    const std::size_t width = block.depthwise.p.output_channels;
    const std::size_t outputs = floats_of(out, block.project ? block.project->p.output_channels : width);
    const Floats x = numbers.floats(floats_of(size, inputs));
    const Floats residual = numbers.floats(has_residual ? outputs : 0);
    const float* const added = has_residual ? residual.data() : nullptr;
    const bool means_something = has_mean && out.height * out.width > 0;
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        const InvertedResidual::Steps steps = block.prepare(kernels);
        const auto fused = InvertedResidual::make(steps);
        if (!fused) return; // The depthwise convolution is not one that is computed so.
        MapSize at = size;
        Floats expected = x;
        Floats expected_mean(means_something ? out.batch * width : 0);
        if (steps.expand) expected = run(*steps.expand, expected.span(), at, {});
        expected =
            run(*steps.depthwise, expected.span(), at, {.mean = means_something ? expected_mean.data() : nullptr});
        if (steps.project) expected = run(*steps.project, expected.span(), at, {.residual = added});

        Floats y = numbers.room(outputs);
        Floats mean = numbers.room(expected_mean.size());
        const Scratch scratch(fused->scratch_bytes(size, threads_of(pool)));
        fused->run(x.data(), size, y.data(), added, means_something ? mean.data() : nullptr, scratch.span(), pool);
        require_same_bits(y.span(), expected.span(), "a block gives what its steps give", kernels.name);
        require_same_bits(mean.span(), expected_mean.span(), "its mean, too", kernels.name);
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
    }
}

Floats run(const RowLayers& layers, std::size_t batch, ThreadPool& pool) {
    const RowChain chain(layers);
    const Scratch scratch(chain.scratch_bytes(threads_of(pool)));
    Floats y(batch * layers.back()->rows() * layers.back()->row_bytes() / sizeof(float));
    chain.run(batch, reinterpret_cast<std::byte*>(y.data()), scratch.span(), pool);
    return y;
}

/// One output of torch's upsample_bilinear2d: each axis' weights as make_axis has them, the rest in double. With its
/// size, the sum of the absolute values of what is added up.
struct Blend {
    double value = 0.;
    double size = 0.;
    bool finite = true;
};

Blend plain_bilinear(std::span<const float> plane, float mean, float deviation, const ImageTransform::Sizes& s,
                     std::size_t row, std::size_t column) {
    const auto source = [](std::size_t in, std::size_t out, std::size_t i) {
        const float ratio = static_cast<float>(in) / static_cast<float>(out);
        const double at = static_cast<double>(ratio) * (static_cast<double>(i) + 0.5) - 0.5;
        return std::clamp(at, 0., static_cast<double>(in - 1));
    };
    const double down = source(s.input_height, s.output_height, row);
    const double across = source(s.input_width, s.output_width, column);
    const auto top = static_cast<std::size_t>(down);
    const auto left = static_cast<std::size_t>(across);
    Blend blend;
    for (const std::size_t r : {0U, 1U}) {
        for (const std::size_t c : {0U, 1U}) {
            const double of_row = r == 0 ? 1. - (down - static_cast<double>(top)) : down - static_cast<double>(top);
            const double of_column =
                c == 0 ? 1. - (across - static_cast<double>(left)) : across - static_cast<double>(left);
            const std::size_t at =
                std::min(top + r, s.input_height - 1) * s.input_width + std::min(left + c, s.input_width - 1);
            const double value =
                (static_cast<double>(plane[at]) - static_cast<double>(mean)) / static_cast<double>(deviation);
            blend.value += of_row * of_column * value;
            // A weight near 0 is exact to 2^-25 of 1, not of itself.
            blend.size += std::fabs(value);
            blend.finite = blend.finite && std::isfinite(plane[at]);
        }
    }
    return blend;
}

/// Eight roundings of numbers no larger than the four pixels together: x - mean and its quotient, weights, two blends.
void require_transform(const ImageTransform::Sizes& s, const ImageTransform::Normalisation& n, std::span<const float> x,
                       std::size_t batch, std::span<const float> y) {
    const std::size_t plane = s.input_height * s.input_width;
    for (std::size_t i = 0; i < batch * s.padded_height * s.padded_width * 3; ++i) {
        const std::size_t column = i / 3 % s.padded_width;
        const std::size_t row = i / 3 / s.padded_width % s.padded_height;
        const std::size_t picture = i / 3 / s.padded_width / s.padded_height;
        if (row >= s.output_height || column >= s.output_width) {
            require(test::same_bits(y[i], 0.F), "the padding is zeros");
            continue;
        }
        const std::size_t c = i % 3;
        const Blend exact =
            plain_bilinear(x.subspan((picture * 3 + c) * plane, plane), n.mean[c], n.deviation[c], s, row, column);
        if (!exact.finite) {
            require(!std::isfinite(y[i]), "what is blended with something that is not finite is not");
        } else if (exact.size < 0x1p100) {
            const double tolerance = 8. * 0x1p-24 * exact.size + 0x1p-140;
            require(std::fabs(static_cast<double>(y[i]) - exact.value) <= tolerance,
                    [&] { return "a pixel is " + std::to_string(exact.value) + ", found " + std::to_string(y[i]); });
        }
    }
}

ImageTransform::Sizes take_sizes(Input& input) {
    ImageTransform::Sizes s;
    s.input_height = take_size(input, 1, 7, 20);
    s.input_width = take_size(input, 1, 9, 50);
    s.output_height = take_size(input, 1, 7, 20);
    s.output_width = take_size(input, 1, 9, 50);
    s.padded_height = s.output_height + input.number(0, 5);
    s.padded_width = s.output_width + input.number(0, 5);
    return s;
}

/// The picture's transform, and layers on top of it, as one step and as whole maps.
void row_layers(Input& input) {
    const ImageTransform::Sizes s = take_sizes(input);
    const std::size_t batch = input.number(0, 2);
    const std::size_t blocks = input.number(0, 2);
    ThreadPool& pool = pool_of(input.number(0, 1) == 1);
    Numbers numbers(input);
    const Floats pictures = numbers.floats(batch * 3 * s.input_height * s.input_width);
    const std::size_t channels = take_size(input, 2, 6, 20);
    const Layer stem = take_layer(take_window(input, 3, channels, 1), numbers);
    std::vector<Block> all;
    std::vector<bool> adds;
    for (std::size_t i = 0, inputs = channels; i < blocks; ++i) {
        all.push_back(take_block(input, numbers, inputs, input.number(0, 1)));
        adds.push_back(input.number(0, 1) == 1);
        inputs = all.back().project->p.output_channels;
    }
    const ImageTransform::Normalisation normalisation;
    const PlanarRows rows(pictures.data(), s.input_height, s.input_width);
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        const auto transform = ImageTransform::prepare(kernels, s, normalisation);
        require(transform.ok(), "a transform of sizes that make sense is prepared");
        RowLayers layers = transform->layers(rows);
        Floats expected = run(layers, batch, pool);
        require_transform(s, normalisation, pictures.span(), batch, expected.span());
        MapSize size{batch, s.padded_height, s.padded_width};
        const Convolution first = stem.prepare(kernels);
        std::vector<InvertedResidual::Steps> steps;
        if (append_convolution(*first, size.height, size.width, layers)) {
            expected = run(*first, expected.span(), size, {});
            for (std::size_t i = 0; i < all.size(); ++i) {
                steps.push_back(all[i].prepare(kernels));
                if (!append_inverted_residual(steps.back(), adds[i], size.height, size.width, layers)) break;
                const Floats before = expected;
                if (steps.back().expand) expected = run(*steps.back().expand, expected.span(), size, {});
                expected = run(*steps.back().depthwise, expected.span(), size, {});
                expected =
                    run(*steps.back().project, expected.span(), size, {.residual = adds[i] ? before.data() : nullptr});
            }
        }
        const Floats y = run(layers, batch, pool);
        require_same_bits(y.span(), expected.span(), "row by row gives what whole layers give", kernels.name);
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
    }
}

} // namespace

void kernels_fused(Bytes bytes) {
    Input input(bytes);
    if (input.number(0, 1) == 0) {
        inverted_residual(input);
    } else {
        row_layers(input);
    }
}

} // namespace detect::fuzz
