// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/kernel.h"
#include "fuzz/kernel_numbers.h"
#include "fuzz/targets.h"
#include "tests/postprocess/plain_nms.h"

/// RoIAlign and non-maximum suppression of any numbers at all: the kernels, the reference interpreter, and what their
/// headers say.
namespace detect::fuzz {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

using Attributes = std::map<std::string, Attribute, std::less<>>;

Result<Tensor> interpreted(const std::string& op, std::vector<Tensor> inputs, Attributes attributes) {
    Node node;
    node.op = op;
    node.attributes = std::move(attributes);
    for (std::size_t i = 0; i < inputs.size(); ++i) node.inputs.push_back(ValueId{static_cast<std::int32_t>(i)});
    node.outputs.push_back(ValueId{100});
    std::vector<Tensor> outputs(1);
    KernelResources resources;
    constexpr int opset = 17;
    KernelContext context(node, opset, inputs, outputs, resources);
    const auto done = find_reference_kernel("", op)(context);
    if (!done.ok()) return done.error();
    return outputs.front();
}

Tensor tensor(const Dims& dims, std::span<const float> values) { return Tensor::of<float>(dims, values); }

/// Corners as models and attackers give them: near the map, on its edge, or anything.
float take_corner(Input& input, Numbers& numbers) {
    switch (input.number(0, 7)) {
    case 0: return numbers.one();
    case 1: return input.take<float>();
    case 2: return std::array{0.F, -1.F, 1e9F, -1e9F, infinity, -infinity, 3e38F, -3e38F}[input.number(0, 7)];
    default: return static_cast<float>(input.take<std::int16_t>()) / 64.F;
    }
}

struct Regions {
    RoiAlignParameters p;
    MapSize size;
    std::size_t channels = 0;
    Floats x;
    Floats rois;
    Exact<std::int64_t> pictures;

    [[nodiscard]] std::size_t bins() const { return p.pooled_h * p.pooled_w; }
    [[nodiscard]] std::size_t outputs() const { return pictures.size() * bins() * channels; }
};

Regions take_regions(Input& input) {
    RoiAlignParameters p;
    p.pooled_h = take_size(input, 1, 3, 8);
    p.pooled_w = take_size(input, 1, 3, 8);
    if (input.number(0, 15) == 15) p.pooled_w = 17;
    p.sampling_ratio = input.number(0, 4);
    if (input.number(0, 7) == 7) {
        p.sampling_ratio = input.number(5, 40);
        p.pooled_h = p.pooled_w = input.number(1, 2);
    }
    p.spatial_scale = input.number(0, 3) == 3 ? input.take<float>() : 0.25F;
    p.aligned = input.number(0, 1) == 1;
    p.layout = input.number(0, 1) == 1 ? RoiLayout::channels_first : RoiLayout::channels_last;
    const MapSize size{input.number(1, 2), input.number(0, 9), input.number(0, 9)};
    const std::size_t channels = take_size(input, 1, 9, 70);
    const std::size_t count = input.number(0, 3);
    // The operator's rule lets no other scale through.
    if (!std::isfinite(p.spatial_scale)) p.spatial_scale = 1.F;
    Numbers numbers(input);
    Regions r{p,
              size,
              channels,
              numbers.floats(size.batch * size.height * size.width * channels),
              Floats(4 * count),
              Exact<std::int64_t>(count)};
    for (float& corner : r.rois.span()) corner = take_corner(input, numbers);
    for (std::int64_t& picture : r.pictures.span()) picture = static_cast<std::int64_t>(input.number(0, 3)) - 1;
    return r;
}

/// By RoI, [channels, bins]: what the interpreter gives for a map.
std::vector<float> plain_regions(const Regions& r, std::span<const float> last) {
    const std::size_t pixels = r.size.height * r.size.width;
    std::vector<float> first(last.size());
    for (std::size_t i = 0; i < last.size(); ++i) {
        const std::size_t n = i / (pixels * r.channels);
        first[(n * r.channels + i % r.channels) * pixels + i / r.channels % pixels] = last[i];
    }
    const auto size = [](std::size_t value) { return static_cast<std::int64_t>(value); };
    std::vector<std::int64_t> pictures;
    for (const std::int64_t picture : r.pictures.span())
        pictures.push_back(std::clamp(picture, std::int64_t{0}, size(r.size.batch) - 1));
    const auto y = interpreted(
        "RoiAlign",
        {tensor({size(r.size.batch), size(r.channels), size(r.size.height), size(r.size.width)}, first),
         tensor({size(r.pictures.size()), 4}, r.rois.span()),
         Tensor::of<std::int64_t>({size(r.pictures.size())}, std::span<const std::int64_t>(pictures))},
        {{"output_height", size(r.p.pooled_h)},
         {"output_width", size(r.p.pooled_w)},
         {"sampling_ratio", size(r.p.sampling_ratio)},
         {"spatial_scale", r.p.spatial_scale},
         {"coordinate_transformation_mode", std::string(r.p.aligned ? "half_pixel" : "output_half_pixel")}});
    require(y.ok(), "the interpreter pools any regions");
    const auto values = y->data<float>();
    return {values.begin(), values.end()};
}

/// Samples of a bin that may lie inside the map, at most: as many as it takes, or two a pixel.
std::size_t most_samples(const Regions& r) {
    const auto along = [&](std::size_t size) { return r.p.sampling_ratio > 0 ? r.p.sampling_ratio : 2 * (size + 4); };
    return along(r.size.height) * along(r.size.width);
}

/// Each adds up four pixels for a sample, in float: the weights of merged samples are sums of up to 8 · 8, and products
/// and a quotient of these.
void require_regions(const Regions& r, std::span<const float> y, std::string_view kernels) {
    const auto of_map = [&](const auto& function) {
        std::vector<float> map(r.x.span().begin(), r.x.span().end());
        for (float& value : map) value = function(value);
        return plain_regions(r, map);
    };
    const std::vector<float> expected = plain_regions(r, r.x.span());
    const std::vector<float> sizes = of_map([](float value) { return std::fabs(value); });
    // Finite unless something that is not is read.
    const std::vector<float> marks = of_map([](float value) { return value - value; });
    const double tolerance = 2. * (4. * static_cast<double>(most_samples(r)) + 24.) * 0x1p-24;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const std::size_t roi = i / (r.bins() * r.channels);
        const std::size_t within = i % (r.bins() * r.channels);
        const bool last = r.p.layout == RoiLayout::channels_last;
        const std::size_t bin = last ? within / r.channels : within % r.bins();
        const std::size_t c = last ? within % r.channels : within / r.bins();
        const std::size_t at = (roi * r.channels + c) * r.bins() + bin;
        const std::int64_t picture = r.pictures[roi];
        const auto place = [&] {
            return std::string(kernels) + "'s RoI " + std::to_string(roi) + ", bin " + std::to_string(bin);
        };
        if (picture < 0 || picture >= static_cast<std::int64_t>(r.size.batch)) {
            require(y[i] == 0.F, [&] { return place() + " is 0 without a picture"; });
        } else if (std::isnan(marks[at])) {
            require(!std::isfinite(y[i]), [&] { return place() + " reads what is not finite"; });
        } else if (sizes[at] < 0x1p100F) {
            const double error = std::fabs(static_cast<double>(y[i]) - static_cast<double>(expected[at]));
            require(error <= tolerance * static_cast<double>(sizes[at]) + 0x1p-130, [&] {
                return place() + " is " + std::to_string(expected[at]) + ", found " + std::to_string(y[i]);
            });
        }
    }
}

void pooled(Input& input) {
    const Regions r = take_regions(input);
    Agreement agreement;
    for (const Isa isa : available_isas()) {
        const KernelTable& kernels = kernel_table(isa);
        Floats y(r.outputs(), std::numeric_limits<float>::quiet_NaN());
        roi_align(kernels.weighted_sum, r.p, r.x.data(), r.size, r.channels, r.rois.span(), r.pictures.span(), y.data(),
                  pool_of(false));
        agreement.see(kernels, y.span(), "instruction sets that fuse give the same bits");
        if (isa == Isa::portable || isa == detect_isa()) require_regions(r, y.span(), kernels.name);
    }
}

void suppressed(Input& input) {
    const std::size_t count = input.number(0, 60);
    const bool in_order = input.number(0, 1) == 1;
    NmsParameters p;
    p.iou_threshold = std::array{0.F, 0.3F, 0.5F, 0.7F, 1.F, 1e-30F, 0.99999F, 2.F}[input.number(0, 7)];
    p.score_threshold = input.number(0, 3) == 3 ? input.take<float>() : -infinity;
    p.max_output = input.number(0, 3) == 3 ? input.number(0, 20) : SIZE_MAX;
    Numbers numbers(input);
    const Floats scores = numbers.floats(count);
    Floats boxes(4 * count);
    for (float& corner : boxes.span()) corner = take_corner(input, numbers);
    for (std::size_t i = 0; i < count && in_order; ++i) {
        for (const std::size_t axis : {0U, 1U}) {
            float& low = boxes[4 * i + axis];
            float& high = boxes[4 * i + axis + 2];
            if (low > high) std::swap(low, high);
        }
    }
    Nms nms;
    const auto kept = nms.run(boxes.span(), scores.span(), p);
    const test::Indices found(kept.begin(), kept.end());
    require(found == test::plain_nms(boxes.span(), scores.span(), p), "what torchvision's loop keeps is kept");
    if (!in_order || count == 0 || p.iou_threshold > 1.F) return;
    // ONNX has corners as y, x, y, x.
    std::vector<float> corners;
    for (std::size_t i = 0; i < boxes.size(); ++i) corners.push_back(boxes[i ^ 1U]);
    const auto boxes_count = static_cast<std::int64_t>(count);
    const std::array most{p.max_output == SIZE_MAX ? std::numeric_limits<std::int64_t>::max()
                                                   : static_cast<std::int64_t>(p.max_output)};
    const auto y =
        interpreted("NonMaxSuppression",
                    {tensor({1, boxes_count, 4}, corners), tensor({1, 1, boxes_count}, scores.span()),
                     Tensor::of<std::int64_t>({1}, std::span<const std::int64_t>(most)),
                     tensor({1}, std::span(&p.iou_threshold, 1)), tensor({1}, std::span(&p.score_threshold, 1))},
                    {});
    require(y.ok(), "the interpreter suppresses any boxes");
    test::Indices expected;
    const auto values = y->data<std::int64_t>();
    for (std::size_t i = 2; i < values.size(); i += 3) expected.push_back(values[i]);
    require(found == expected, "what the interpreter keeps is kept");
}

} // namespace

void regions(Bytes bytes) {
    Input input(bytes);
    if (input.number(0, 3) == 0) {
        suppressed(input);
    } else {
        pooled(input);
    }
}

} // namespace detect::fuzz
