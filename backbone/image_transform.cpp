// SPDX-License-Identifier: Apache-2.0
#include "backbone/image_transform.h"

namespace detect {

namespace {

/// scale = min(min_size / shorter side, max_size / longer side), in float32 as torch computes a number divided by a
/// tensor: the number times the reciprocal, which is not always the quotient. It has to be the operator Reciprocal:
/// runtimes turn a product with 1 / x back into a quotient.
ValueId add_scale(GraphBuilder& b, ValueId height, ValueId width, const ImageTransformSettings& settings) {
    const ValueId h = b.cast(height, DataType::float32);
    const ValueId w = b.cast(width, DataType::float32);
    const ValueId min_size = b.setting("min_size", Tensor::of<float>({1}, {static_cast<float>(settings.min_size)}));
    const ValueId max_size = b.setting("max_size", Tensor::of<float>({1}, {static_cast<float>(settings.max_size)}));
    return b.min(b.mul(min_size, b.node("Reciprocal", {b.min(h, w)})),
                 b.mul(max_size, b.node("Reciprocal", {b.max(h, w)})));
}

/// floor(sizes × scale), exactly: torchvision widens the float32 scale to double, and a float32 product would give 800
/// where it gets 799. The scale's first 40 bits after the point, which is all that a float32 of at least 2^-16 has, are
/// taken ten at a time, exact in float32, and multiplied by hand: neither float64 nor any integer beyond 32 bits is
/// needed, which some runtimes lack or cut off. A side never becomes 0.
ValueId add_resized_sizes(GraphBuilder& b, ValueId sizes, ValueId scale) {
    constexpr std::size_t digit_count = 4;
    const ValueId base = b.vector({1024.0F});
    const ValueId whole_base = b.vector({std::int64_t{1024}});
    std::vector<ValueId> digits; // the first with what is before the point
    ValueId rest = scale;
    for (std::size_t i = 0; i < digit_count; ++i) {
        const ValueId shifted = b.mul(rest, base);
        const ValueId digit = b.node("Floor", {shifted});
        digits.push_back(b.cast(digit, DataType::int64));
        rest = b.sub(shifted, digit);
    }
    ValueId product = b.div(b.mul(sizes, digits.back()), whole_base);
    for (std::size_t i = digit_count - 1; i-- > 0;) {
        product = b.div(b.add(b.mul(sizes, digits[i]), product), whole_base);
    }
    return b.max(product, b.vector({std::int64_t{1}}));
}

/// How much is missing to the next multiple of 32, the stride of the deepest feature map.
ValueId add_padding(GraphBuilder& b, ValueId size) {
    const ValueId stride = b.vector({std::int64_t{32}});
    const ValueId rounded_up = b.mul(b.div(b.add(size, b.vector({std::int64_t{31}})), stride), stride);
    return b.sub(rounded_up, size);
}

} // namespace

TransformedImages add_image_transform(GraphBuilder& b, ValueId input, const ImageTransformSettings& settings) {
    const auto scope = b.scope("transform");

    // 1. Normalise, before the resize (so that padding is not black but mean-coloured).
    const ValueId mean = b.constant("image_mean", Tensor::of<float>({1, 3, 1, 1}, settings.mean));
    const ValueId std = b.constant("image_std", Tensor::of<float>({1, 3, 1, 1}, settings.deviation));
    const ValueId normalised = b.div(b.sub(input, mean), std);

    // 2. The new size.
    const ValueId height = b.size_of(input, 2);
    const ValueId width = b.size_of(input, 3);
    const ValueId scale = add_scale(b, height, width, settings);
    const ValueId new_sizes = add_resized_sizes(b, b.concat({height, width}, 0), scale);
    const ValueId new_height = b.slice(new_sizes, 0, 1, 0);
    const ValueId new_width = b.slice(new_sizes, 1, 2, 0);

    // 3. Bilinear resize: half-pixel centres, no antialiasing, sampling ratio new/old.
    const ValueId batch_and_channels =
        b.node("Slice", {b.shape_of(input), b.vector({std::int64_t{0}}), b.vector({std::int64_t{2}})});
    const ValueId resized =
        b.node("Resize", {normalised, ValueId{}, ValueId{}, b.concat({batch_and_channels, new_sizes}, 0)},
               {{"mode", std::string("linear")},
                {"coordinate_transformation_mode", std::string("half_pixel")},
                {"nearest_mode", std::string("floor")}});

    // 4. Zeros on the right and at the bottom.
    const ValueId no_padding = b.constant("no_padding", Tensor::of<std::int64_t>({6}, {0, 0, 0, 0, 0, 0}));
    const ValueId pads = b.concat({no_padding, add_padding(b, new_height), add_padding(b, new_width)}, 0);
    const ValueId padded = b.node("Pad", {resized, pads}, {{"mode", std::string("constant")}});

    // 5. The way back: limits for clipping, and torchvision's float32 ratios original/resized per axis.
    const ValueId new_h = b.cast(new_height, DataType::float32);
    const ValueId new_w = b.cast(new_width, DataType::float32);
    const ValueId ratio_h = b.div(b.cast(height, DataType::float32), new_h);
    const ValueId ratio_w = b.div(b.cast(width, DataType::float32), new_w);
    return {.images = b.named(padded, "transformed_images"),
            .resized_limits = b.concat({new_w, new_h, new_w, new_h}, 0),
            .to_input_scale = b.concat({ratio_w, ratio_h, ratio_w, ratio_h}, 0)};
}

} // namespace detect
