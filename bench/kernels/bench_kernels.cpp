// SPDX-License-Identifier: Apache-2.0
// Every kernel at the shapes of the model (a picture of 800 × 1088), at each instruction set and 1 and 2 threads,
// beside oneDNN where it has the same step:
//     bench_kernels --benchmark_filter='pw_16_64.*threads:2'

#include "bench/kernels/peer.h"
#include "executor/kernels/kernels.h"
#include "tests/executor/kernels/model_layers.h"

#include <benchmark/benchmark.h>
#include <oneapi/tbb/cache_aligned_allocator.h>

#include <functional>
#include <iostream>
#include <random>

namespace {

using namespace detect;

/// Memory as the executor hands it out, on 64-byte boundaries.
using Floats = std::vector<float, oneapi::tbb::cache_aligned_allocator<float>>;
using Bytes = std::vector<std::byte, oneapi::tbb::cache_aligned_allocator<std::byte>>;

Floats random_floats(std::size_t floats) {
    std::mt19937 generator(1);
    std::uniform_real_distribution<float> uniform(-1.F, 1.F);
    Floats values(floats);
    for (float& value : values) value = uniform(generator);
    return values;
}

/// Work and traffic of one run.
struct Cost {
    double flops = 0;
    double bytes = 0;
};

void report(benchmark::State& state, const Cost& cost) {
    using benchmark::Counter;
    if (cost.flops > 0) {
        state.counters["FLOP/s"] = Counter(cost.flops, Counter::kIsIterationInvariantRate, Counter::kIs1000);
    }
    state.counters["B/s"] = Counter(cost.bytes, Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

/// Registers `prepare(kernels)`'s step for each instruction set and number of threads.
using Step = std::function<void(ThreadPool&)>;
void add(const std::string& name, const Cost& cost, const std::function<Step(const KernelTable&)>& prepare) {
    for (const Isa isa : available_isas()) {
        for (const int threads : {1, 2}) {
            const std::string full = name + "/" + std::string(to_string(isa)) + "/threads:" + std::to_string(threads);
            benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) {
                ThreadPool pool(threads);
                const Step step = prepare(kernel_table(isa));
                step(pool);
                for (auto _ : state) step(pool);
                report(state, cost);
            })->UseRealTime();
        }
    }
}

void add_peer(const std::string& name, const Cost& cost, const std::function<bench::Peer()>& prepare) {
    for (const int threads : {1, 2}) {
        const std::string full = name + "/onednn/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) {
            bench::set_peer_threads(threads);
            bench::Peer peer = prepare();
            peer.run();
            for (auto _ : state) peer.run();
            report(state, cost);
        })->UseRealTime();
    }
}

template <class T>
T unwrap(Result<T> result) {
    if (!result.ok()) {
        std::cerr << result.error().message << '\n';
        std::exit(1);
    }
    return *std::move(result);
}

void add_convolutions() {
    for (const test::ModelLayer& layer : test::model_layers()) {
        const Conv2dParameters& p = layer.parameters;
        const std::size_t pixels = p.output_height(layer.height) * p.output_width(layer.width);
        const std::size_t weights = p.output_channels * p.input_channels / p.groups * p.kernel_h * p.kernel_w;
        const std::size_t inputs = layer.height * layer.width * p.input_channels;
        const std::size_t outputs = pixels * p.output_channels;
        const Cost cost{2. * static_cast<double>(weights) * static_cast<double>(pixels),
                        4. * static_cast<double>(inputs + outputs + weights)};
        const MapSize input{1, layer.height, layer.width};
        add(layer.name, cost, [=](const KernelTable& kernels) -> Step {
            auto conv = std::make_shared<Conv2d>(
                unwrap(Conv2d::prepare(kernels, p, random_floats(weights), random_floats(p.output_channels))));
            return [=, x = random_floats(inputs), y = Floats(outputs), scratch = Bytes(conv->scratch_bytes(input, 2))](
                       ThreadPool& pool) mutable { conv->run(x.data(), input, y.data(), {}, scratch, pool); };
        });
        add_peer(layer.name, cost, [=] { return bench::Peer::conv(p, layer.height, layer.width); });
    }
}

/// A block's steps, prepared.
InvertedResidual::Steps make_steps(const KernelTable& kernels, const test::ModelBlock& b) {
    const auto prepare = [&](const Conv2dParameters& p) {
        const std::size_t weights = p.output_channels * (p.input_channels / p.groups) * p.kernel_h * p.kernel_w;
        return std::make_shared<const Conv2d>(
            unwrap(Conv2d::prepare(kernels, p, random_floats(weights), random_floats(p.output_channels))));
    };
    return {b.expanded == b.inputs ? nullptr : prepare(test::conv_layer(b.inputs, b.expanded, 1, 1, b.activation)),
            prepare(test::depthwise_layer(b.expanded, b.kernel, b.stride, b.activation)),
            b.gated ? nullptr : prepare(test::conv_layer(b.expanded, b.outputs, 1, 1, Activation::none))};
}

/// The model's blocks (of those with squeeze-excite, what comes before the gate), in one pass and step by step.
void add_blocks() {
    for (const test::ModelBlock& b : test::model_blocks()) {
        const MapSize input{1, b.height, b.width};
        const MapSize output{1, (b.height + b.stride - 1) / b.stride, (b.width + b.stride - 1) / b.stride};
        const double in_pixels = static_cast<double>(b.height * b.width);
        const double out_pixels = static_cast<double>(output.height * output.width);
        const std::size_t outputs = b.gated ? b.expanded : b.outputs;
        Cost cost;
        cost.flops = 2. * static_cast<double>(b.expanded) * static_cast<double>(b.kernel * b.kernel) * out_pixels;
        if (b.expanded != b.inputs) cost.flops += 2. * in_pixels * static_cast<double>(b.inputs * b.expanded);
        if (!b.gated) cost.flops += 2. * out_pixels * static_cast<double>(b.expanded * b.outputs);
        cost.bytes = 4. * (in_pixels * static_cast<double>(b.inputs) + out_pixels * static_cast<double>(outputs));
        const auto floats = [](const MapSize& size, std::size_t channels_of_map) {
            return Floats(size.height * size.width * channels_of_map);
        };
        const std::string name = b.name;
        add(name + "/fused", cost, [=](const KernelTable& kernels) -> Step {
            const auto fused = InvertedResidual::make(make_steps(kernels, b));
            return
                [=, x = random_floats(floats(input, b.inputs).size()), y = floats(output, outputs),
                 mean = Floats(b.expanded), scratch = Bytes(fused->scratch_bytes(input, 2))](ThreadPool& pool) mutable {
                    fused->run(x.data(), input, y.data(), nullptr, b.gated ? mean.data() : nullptr, scratch, pool);
                };
        });
        add(name + "/steps", cost, [=](const KernelTable& kernels) -> Step {
            const InvertedResidual::Steps steps = make_steps(kernels, b);
            return [=, x = random_floats(floats(input, b.inputs).size()), expanded = floats(input, b.expanded),
                    inner = floats(output, b.expanded), y = floats(output, outputs), mean = Floats(b.expanded),
                    scratch = Bytes(steps.depthwise->scratch_bytes(input, 2))](ThreadPool& pool) mutable {
                const float* from = x.data();
                if (steps.expand) {
                    steps.expand->run(from, input, expanded.data(), {}, {}, pool);
                    from = expanded.data();
                }
                const Conv2dExtras extras{.mean = b.gated ? mean.data() : nullptr};
                steps.depthwise->run(from, input, b.gated ? y.data() : inner.data(), extras, scratch, pool);
                if (!b.gated) steps.project->run(inner.data(), output, y.data(), {}, {}, pool);
            };
        });
    }
}

void add_products() {
    for (const test::ModelProduct& product : test::model_products()) {
        for (const std::size_t m : {30UL, 150UL, 333UL, 1000UL}) {
            const std::size_t k = product.k;
            const std::size_t n = product.n;
            const Cost cost{2. * static_cast<double>(m) * static_cast<double>(k * n),
                            4. * static_cast<double>(m * k + m * n + k * n)};
            const std::string name = std::string(product.name) + "/rois:" + std::to_string(m);
            add(name, cost, [=](const KernelTable& kernels) -> Step {
                // As the model packs them: fc6 in two parts, where there are tiles.
                const auto weights = Tensor::of<float>({static_cast<std::int64_t>(n), static_cast<std::int64_t>(k)},
                                                       random_floats(k * n));
                auto b =
                    std::make_shared<PackedMatrix>(unwrap(PackedMatrix::pack(kernels, weights, random_floats(n), 1)));
                return [=, a = random_floats(m * k), c = Floats(m * n),
                        scratch = Bytes(gemm_scratch_bytes(b->view(), m, 2))](ThreadPool& pool) mutable {
                    gemm(b->view(), a.data(), k, m, c.data(), n, {product.activation, nullptr, 0}, scratch, pool);
                };
            });
            add_peer(name, cost, [=] { return bench::Peer::product(m, k, n, product.activation); });
        }
    }
}

// The map that element-wise steps work on: the widest of the backbone at stride 16.
constexpr MapSize size{1, 50, 68};
constexpr std::size_t channels = 672;
constexpr std::size_t count = size.height * size.width * channels;

void add_elementwise() {
    constexpr Cost one_pass{0, 8. * count};
    constexpr Cost read_only{0, 4. * count};
    const auto over_map = [&](const std::string& name, const Cost& cost, auto body) {
        add(name, cost, [=](const KernelTable& kernels) -> Step {
            return [=, &kernels, x = random_floats(count), gate = random_floats(channels), y = Floats(count)](
                       ThreadPool& pool) mutable { body(kernels, x.data(), gate.data(), y.data(), pool); };
        });
    };
    over_map("hard_swish", one_pass,
             [](const KernelTable& kernels, const float* x, const float*, float* y, ThreadPool& pool) {
                 activate(kernels, Activation::hard_swish, x, y, count, pool);
             });
    over_map("add", one_pass, [](const KernelTable& kernels, const float* x, const float*, float* y, ThreadPool& pool) {
        add(kernels, Activation::none, x, y, y, count, pool);
    });
    over_map("scale_channels", one_pass,
             [](const KernelTable& kernels, const float* x, const float* gate, float* y, ThreadPool& pool) {
                 scale_channels(kernels, x, gate, size, channels, y, pool);
             });
    over_map("global_average_pool", read_only,
             [](const KernelTable& kernels, const float* x, const float*, float* y, ThreadPool& pool) {
                 global_average_pool(kernels, x, size, channels, y, pool);
             });
    over_map("max_pool_3x3_stride_2", one_pass,
             [](const KernelTable& kernels, const float* x, const float*, float* y, ThreadPool& pool) {
                 max_pool(kernels, {3, 3, 2, 2, 1, 1, 1, 1, 25, 34}, x, size, channels, y, pool);
             });
    over_map("to_channels_last", one_pass,
             [](const KernelTable&, const float* x, const float*, float* y, ThreadPool& pool) {
                 to_channels_last(x, size, channels, y, pool);
             });
    add("softmax_1000x91", {0, 8. * 91000}, [](const KernelTable& kernels) -> Step {
        return [&kernels, x = random_floats(91000), y = Floats(91000)](ThreadPool& pool) mutable {
            softmax_rows(kernels, x.data(), 1000, 91, y.data(), pool);
        };
    });
    add("scale_rows_960x160", {0, 8. * 960 * 160}, [](const KernelTable& kernels) -> Step {
        auto b = std::make_shared<PackedMatrix>(
            unwrap(PackedMatrix::pack(kernels, WeightOrder::output_major, random_floats(153600), 960, 160, {})));
        return [b, gate = random_floats(960), scaled = Floats(153600)](ThreadPool& pool) mutable {
            scale_rows(b->view(), gate.data(), scaled.data(), pool);
        };
    });
}

void add_image_transform() {
    for (const auto& [name, s] :
         {std::pair{"transform_800x1066", ImageTransform::Sizes{800, 1066, 800, 1066, 800, 1088}},
          {"transform_640x640_to_1024", ImageTransform::Sizes{640, 640, 1024, 1024, 1024, 1024}},
          {"transform_1080x1920_to_750", ImageTransform::Sizes{1080, 1920, 750, 1333, 768, 1344}}}) {
        const std::size_t pixels = s.padded_height * s.padded_width;
        const Cost cost{0, 12. * static_cast<double>(s.input_height * s.input_width + pixels)};
        add(name, cost, [=, s = s](const KernelTable& kernels) -> Step {
            auto transform = std::make_shared<ImageTransform>(unwrap(ImageTransform::prepare(kernels, s, {})));
            return [=, x = random_floats(3 * s.input_height * s.input_width), y = Floats(3 * pixels),
                    scratch = Bytes()](ThreadPool& pool) mutable {
                const PlanarRows rows(x.data(), s.input_height, s.input_width);
                const RowLayers layers = transform->layers(rows);
                const RowChain chain(layers);
                scratch.resize(chain.scratch_bytes(static_cast<std::size_t>(pool.threads())));
                chain.run(1, reinterpret_cast<std::byte*>(y.data()), scratch, pool);
            };
        });
    }
}

std::vector<float> random_boxes(std::size_t boxes_wanted) {
    std::mt19937 generator(1);
    std::uniform_real_distribution<float> position(0.F, 1000.F);
    std::uniform_real_distribution<float> side(8.F, 300.F);
    std::vector<float> boxes;
    for (std::size_t i = 0; i < boxes_wanted; ++i) {
        const float x = position(generator);
        const float y = position(generator) * 0.7F;
        boxes.insert(boxes.end(), {x, y, x + side(generator), y + side(generator)});
    }
    return boxes;
}

void add_detection() {
    for (const RoiLayout layout : {RoiLayout::channels_last, RoiLayout::channels_first}) {
        constexpr std::size_t rois = 1000;
        constexpr Cost cost{0, 4. * rois * 49 * 256};
        const std::string name =
            layout == RoiLayout::channels_last ? "roi_align_1000" : "roi_align_1000_channels_first";
        add(name, cost, [=](const KernelTable& kernels) -> Step {
            return [=, &kernels, x = random_floats(25 * 34 * 256), boxes = random_boxes(rois),
                    pictures = std::vector<std::int64_t>(rois), y = Floats(rois * 49 * 256)](ThreadPool& pool) mutable {
                roi_align(kernels.weighted_sum, {7, 7, 2, 1.F / 32.F, false, layout}, x.data(), {1, 25, 34}, 256, boxes,
                          pictures, y.data(), pool);
            };
        });
    }
    benchmark::RegisterBenchmark("nms_1000", [](benchmark::State& state) {
        const auto boxes = random_boxes(1000);
        const auto scores = random_floats(1000);
        Nms nms;
        for (auto _ : state) benchmark::DoNotOptimize(nms.run(boxes, scores, {.iou_threshold = 0.7F}));
    });
}

} // namespace

int main(int argc, char** argv) {
    add_convolutions();
    add_blocks();
    add_products();
    add_elementwise();
    add_image_transform();
    add_detection();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
