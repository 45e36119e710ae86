// SPDX-License-Identifier: Apache-2.0
// The kernels of 8-bit networks at the shapes of the model (a picture of 800 × 1088), at each kind of them and 1 and 2
// threads:
//     bench_int8_kernels --benchmark_filter='block_14.*amx'

#include "executor/kernels/int8/inverted_residual.h"
#include "tests/executor/kernels/model_layers.h"

#include <benchmark/benchmark.h>
#include <oneapi/tbb/cache_aligned_allocator.h>

#include <functional>
#include <iostream>
#include <random>

namespace {

using namespace detect;

template <class T>
using Aligned = std::vector<T, oneapi::tbb::cache_aligned_allocator<T>>;

template <class T>
Aligned<T> random_bytes(std::size_t count) {
    std::mt19937 generator(1);
    Aligned<T> values(count);
    for (T& value : values) value = static_cast<T>(generator());
    return values;
}

template <class T>
T unwrap(Result<T> result) {
    if (!result.ok()) {
        std::cerr << result.error().message << '\n';
        std::exit(1);
    }
    return *std::move(result);
}

/// Registers `prepare(kernels)`'s step, of so many multiply-accumulates, for all kernels and numbers of threads.
using Step = std::function<void(ThreadPool&)>;
void add(const std::string& name, double macs, const std::function<Step(const Int8Kernels&)>& prepare) {
    for (const Int8Kernels* kernels : available_int8_kernels()) {
        for (const int threads : {1, 2}) {
            const std::string full = name + "/" + std::string(kernels->name) + "/threads:" + std::to_string(threads);
            benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) {
                ThreadPool pool(threads);
                const Step step = prepare(*kernels);
                step(pool);
                for (auto _ : state) step(pool);
                using benchmark::Counter;
                state.counters["MAC/s"] = Counter(macs, Counter::kIsIterationInvariantRate, Counter::kIs1000);
            })->UseRealTime();
        }
    }
}

constexpr Quantisation unit{0.02F, 120};

std::shared_ptr<const Int8Conv> make_conv(const Int8Kernels& kernels, const Conv2dParameters& shape) {
    const std::size_t inputs = shape.input_channels / shape.groups * shape.kernel_h * shape.kernel_w;
    const auto weights = random_bytes<std::int8_t>(shape.output_channels * inputs);
    const std::vector<float> scales(shape.output_channels, 0.01F);
    const Int8ConvParameters p{
        .shape = shape, .input = unit, .gated = {}, .rounding = {}, .residual = {}, .output = unit};
    return std::make_shared<const Int8Conv>(unwrap(Int8Conv::prepare(
        kernels, p, {.bytes = weights, .scales = scales, .bias = {}, .outputs = shape.output_channels})));
}

void add_convolutions() {
    for (const test::ModelLayer& layer : test::model_layers()) {
        const Conv2dParameters& p = layer.parameters;
        // Depthwise ones are in the blocks.
        if (p.is_depthwise() || !Int8Conv::supports(int8_kernels(detect_isa()), p)) continue;
        const std::size_t pixels = layer.height * layer.width;
        const double macs =
            static_cast<double>(pixels * p.output_channels * p.input_channels * p.kernel_h * p.kernel_w);
        const MapSize size{1, layer.height, layer.width};
        add(layer.name, macs, [=](const Int8Kernels& kernels) -> Step {
            const auto conv = make_conv(kernels, p);
            return [=, x = random_bytes<std::uint8_t>(pixels * p.input_channels),
                    y = Aligned<std::uint8_t>(pixels * p.output_channels),
                    scratch = Aligned<std::byte>(conv->scratch_bytes(size, 2))](ThreadPool& pool) mutable {
                conv->run({.x = x.data(), .bytes = y.data()}, size, scratch, pool);
            };
        });
    }
}

void add_blocks() {
    for (const test::ModelBlock& b : test::model_blocks()) {
        const MapSize size{1, b.height, b.width};
        const std::size_t in_pixels = b.height * b.width;
        const std::size_t out_pixels = divide_up(b.height, b.stride) * divide_up(b.width, b.stride);
        const bool expands = b.expanded != b.inputs;
        const std::size_t macs = out_pixels * b.expanded * (b.kernel * b.kernel + (b.gated ? 0 : b.outputs)) +
                                 (expands ? in_pixels * b.inputs * b.expanded : 0);
        add(std::string(b.name) + "/fused", static_cast<double>(macs), [=](const Int8Kernels& kernels) -> Step {
            const auto block = std::make_shared<const Int8InvertedResidual>(*Int8InvertedResidual::make(
                {expands ? make_conv(kernels, test::conv_layer(b.inputs, b.expanded, 1, 1, b.activation)) : nullptr,
                 make_conv(kernels, test::depthwise_layer(b.expanded, b.kernel, b.stride, b.activation)),
                 b.gated ? nullptr
                         : make_conv(kernels, test::conv_layer(b.expanded, b.outputs, 1, 1, Activation::none))}));
            return [=, x = random_bytes<std::uint8_t>(in_pixels * b.inputs),
                    y = Aligned<std::uint8_t>(out_pixels * (b.gated ? b.expanded : b.outputs)),
                    mean = Aligned<float>(b.expanded),
                    scratch = Aligned<std::byte>(block->scratch_bytes(size, 2))](ThreadPool& pool) mutable {
                block->run({.x = x.data(), .bytes = y.data()}, size, b.gated ? mean.data() : nullptr, scratch, pool);
            };
        });
    }
}

void add_products() {
    for (const test::ModelProduct& product : test::model_products()) {
        for (const std::size_t m : {30UL, 150UL, 333UL, 1000UL}) {
            const std::size_t k = product.k;
            const std::size_t n = product.n;
            const std::string name = std::string(product.name) + "/rois:" + std::to_string(m);
            add(name, static_cast<double>(m * k * n), [=](const Int8Kernels& kernels) -> Step {
                const auto weights = random_bytes<std::int8_t>(k * n);
                const std::vector<float> scales(n, 0.01F);
                const auto b = std::make_shared<const Int8Matrix>(
                    unwrap(Int8Matrix::pack(kernels, {.bytes = weights, .scales = scales, .bias = {}, .outputs = n}, 1,
                                            true, unit, unit_of(product.activation, &unit))));
                return
                    [=, a = random_bytes<std::uint8_t>(m * k), c = Aligned<std::uint8_t>(m * n),
                     scratch = Aligned<std::byte>(int8_gemm_scratch_bytes(*b, m, false, 2))](ThreadPool& pool) mutable {
                        Int8Finish finish;
                        finish.unit = unit_of(product.activation, &unit);
                        finish.activation = product.activation;
                        finish.bytes = c.data();
                        finish.stride = n;
                        finish.output = unit;
                        int8_gemm(*b, a.data(), k, m, finish, {}, scratch, pool);
                    };
            });
        }
    }
}

void add_elementwise() {
    // The first convolution's output.
    constexpr std::size_t channels = 16;
    constexpr std::size_t count = std::size_t{400} * 544 * channels;
    add("quantise", 0, [](const Int8Kernels& kernels) -> Step {
        return [&kernels, x = Aligned<float>(count, 0.3F), y = Aligned<std::uint8_t>(count)](ThreadPool&) mutable {
            kernels.quantise(x.data(), count, unit, y.data());
        };
    });
    add("dequantise", 0, [](const Int8Kernels& kernels) -> Step {
        return [&kernels, x = random_bytes<std::uint8_t>(count), y = Aligned<float>(count)](ThreadPool&) mutable {
            kernels.dequantise(x.data(), count, unit, y.data());
        };
    });
    add("rescale", 0, [](const Int8Kernels& kernels) -> Step {
        return [&kernels, x = random_bytes<std::uint8_t>(count), gate = Aligned<float>(channels, 0.7F),
                y = Aligned<std::uint8_t>(count)](ThreadPool&) mutable {
            kernels.rescale(x.data(), count / channels, channels, 120, gate.data(), 120, y.data());
        };
    });
}

} // namespace

int main(int argc, char** argv) {
    add_convolutions();
    add_blocks();
    add_products();
    add_elementwise();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
