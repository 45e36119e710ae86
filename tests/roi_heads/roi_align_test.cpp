// SPDX-License-Identifier: Apache-2.0
// The fast RoIAlign kernel against the plain one of the reference interpreter, on regions drawn by chance.

#include "executor/kernels/kernels.h"
#include "executor/reference/interpreter.h"
#include "roi_heads/roi_align_kernel.h"
#include "tests/support/compare.h"
#include "tests/support/require.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace detect::test {
namespace {

struct Regions {
    Tensor boxes;  // [R, 4]
    Tensor images; // [R]
};

/// Random boxes, most of them within a picture of `width` × `height`; one in four is odd: without extent, upside down,
/// outside, huge, infinite or no number.
Regions random_regions(std::int64_t count, std::int64_t images, float width, float height) {
    std::mt19937 random(17);
    std::uniform_real_distribution<float> unit(0.0F, 1.0F);
    std::vector<float> boxes;
    std::vector<std::int64_t> image;
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (std::int64_t i = 0; i < count; ++i) {
        const float x = unit(random) * width;
        const float y = unit(random) * height;
        const float w = unit(random) * unit(random) * width;
        const float h = unit(random) * unit(random) * height;
        switch (i % 28) {
        case 0: boxes.insert(boxes.end(), {x, y, x, y}); break;
        case 4: boxes.insert(boxes.end(), {x + w, y + h, x, y}); break;
        case 8: boxes.insert(boxes.end(), {-3 * width, y, -2 * width, y + h}); break;
        case 12: boxes.insert(boxes.end(), {-1e6F, -1e6F, 1e6F, 1e6F}); break;
        case 16: boxes.insert(boxes.end(), {-infinity, y, infinity, y + h}); break;
        case 20: boxes.insert(boxes.end(), {x, std::numeric_limits<float>::quiet_NaN(), x + w, y + h}); break;
        case 24: boxes.insert(boxes.end(), {x - w, y - h, x + w, y + h}); break;
        default: boxes.insert(boxes.end(), {x, y, x + w, y + h}); break;
        }
        image.push_back(static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(images)));
    }
    return {Tensor::of<float>({count, 4}, boxes), Tensor::of<std::int64_t>({count}, image)};
}

struct Case {
    const char* name;
    std::int64_t pooled;
    std::int64_t sampling_ratio;
    float scale;
    bool aligned;
};

class RoiAlignAgainstReference : public testing::TestWithParam<Case> {
protected:
    static constexpr std::int64_t batch = 2, channels = 37, rows = 19, columns = 25;

    /// [batch, channels, rows, columns]
    static Tensor maps() {
        std::mt19937 random(3);
        std::uniform_real_distribution<float> values(-2.0F, 2.0F);
        Tensor map = require(Tensor::create(DataType::float32, {batch, channels, rows, columns}));
        for (float& value : map.mutable_data<float>()) value = values(random);
        return map;
    }

    /// The node, run by the interpreter: [R, channels, pooled, pooled].
    static Tensor reference(const Tensor& map, const Regions& regions) {
        Graph graph;
        const ValueId x = graph.add_input("x", DataType::float32, to_shape(map.dims()));
        const ValueId boxes = graph.add_input("boxes", DataType::float32, Shape{"rois", 4});
        const ValueId images = graph.add_input("images", DataType::int64, Shape{"rois"});
        const Case& tested = GetParam();
        graph.outputs =
            require(graph.add_node({.op = "RoiAlign",
                                    .name = "",
                                    .inputs = {x, boxes, images},
                                    .outputs = {},
                                    .attributes = {{"output_height", tested.pooled},
                                                   {"output_width", tested.pooled},
                                                   {"sampling_ratio", tested.sampling_ratio},
                                                   {"spatial_scale", tested.scale},
                                                   {"coordinate_transformation_mode",
                                                    std::string(tested.aligned ? "half_pixel" : "output_half_pixel")}},
                                    .domain = ""}));
        return require(interpret(graph, std::vector<Tensor>{map, regions.boxes, regions.images}))[0];
    }

    /// The kernel, whose map lies channels last.
    static Tensor kernel(const Tensor& map, const Regions& regions, Isa isa) {
        std::vector<float> channels_last(static_cast<std::size_t>(map.element_count()));
        for (std::size_t i = 0; i < channels_last.size(); ++i) {
            const std::size_t pixel = i % (rows * columns);
            const std::size_t channel = i / (rows * columns) % channels;
            const std::size_t image = i / (rows * columns * channels);
            channels_last[(image * rows * columns + pixel) * channels + channel] = map.data<float>()[i];
        }
        const Case& tested = GetParam();
        const RoiAlignParameters parameters{.pooled_h = static_cast<std::size_t>(tested.pooled),
                                            .pooled_w = static_cast<std::size_t>(tested.pooled),
                                            .sampling_ratio = static_cast<std::size_t>(tested.sampling_ratio),
                                            .spatial_scale = tested.scale,
                                            .aligned = tested.aligned,
                                            .layout = RoiLayout::channels_first};
        Tensor result = require(
            Tensor::create(DataType::float32, {regions.boxes.dims()[0], channels, tested.pooled, tested.pooled}));
        ThreadPool pool(2);
        roi_align(kernel_table(isa).weighted_sum, parameters, channels_last.data(), {batch, rows, columns}, channels,
                  regions.boxes.data<float>(), regions.images.data<std::int64_t>(), result.mutable_data<float>().data(),
                  pool);
        return result;
    }
};

TEST_P(RoiAlignAgainstReference, AgreesOnAnyRegion) {
    const float size = 1.0F / GetParam().scale;
    Regions regions = random_regions(560, batch, static_cast<float>(columns) * size, static_cast<float>(rows) * size);
    if (GetParam().sampling_ratio == 0) {
        // As many samples as a region has pixels: the reference refuses those without end.
        for (float& corner : regions.boxes.mutable_data<float>()) {
            corner = std::isfinite(corner) ? std::clamp(corner, -500.0F * size, 500.0F * size) : 0.0F;
        }
    }
    const Tensor map = maps();
    const Tensor expected = reference(map, regions);
    for (const Isa isa : available_isas()) {
        const Closeness close = compare_close(kernel(map, regions, isa), expected, 1e-5F, 2e-6F);
        EXPECT_TRUE(close.close) << close.report;
    }
}

TEST_P(RoiAlignAgainstReference, NoRegionsGiveNoRows) {
    const Regions none{Tensor::of<float>({0, 4}, {}), Tensor::of<std::int64_t>({0}, {})};
    const Tensor expected = reference(maps(), none);
    EXPECT_EQ(expected.element_count(), 0);
    for (const Isa isa : available_isas()) EXPECT_TRUE(same_bits(kernel(maps(), none, isa), expected));
}

INSTANTIATE_TEST_SUITE_P(, RoiAlignAgainstReference,
                         testing::Values(Case{"OfTheNetwork", 7, 2, 1.0F / 32.0F, false},
                                         Case{"Aligned", 7, 2, 1.0F / 32.0F, true},
                                         Case{"OneSample", 3, 1, 1.0F, false}, Case{"ManySamples", 2, 9, 0.25F, false},
                                         Case{"AsManySamplesAsPixels", 5, 0, 1.0F / 16.0F, false}),
                         [](const auto& tested) { return tested.param.name; });

} // namespace
} // namespace detect::test
