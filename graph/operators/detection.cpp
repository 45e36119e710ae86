// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "graph/geometry.h"
#include "graph/operators/families.h"
#include "graph/operators/shape_rules.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect {

using namespace rules;

namespace {

Result<void> require_one_of(const ShapeContext& context, std::string_view attribute, std::string_view fallback,
                            std::initializer_list<std::string_view> allowed) {
    const std::string value = context.node().string_or(attribute, fallback);
    if (std::ranges::find(allowed, std::string_view(value)) != allowed.end()) return {};
    return context.error(std::string(attribute) + " is '" + value + "', expected " + listed(allowed));
}

Result<void> roi_align(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_type(context, 2, int64_type));
    DETECT_TRY(require_rank(context, 0, 4));
    DETECT_TRY(require_rank(context, 1, 2));
    DETECT_TRY(require_rank(context, 2, 1));
    DETECT_TRY(require_one_of(context, "mode", "avg", {"avg", "max"}));
    DETECT_TRY(
        require_one_of(context, "coordinate_transformation_mode", "half_pixel", {"half_pixel", "output_half_pixel"}));
    if (context.opset() < 16 && context.node().attributes.contains("coordinate_transformation_mode")) {
        return context.error("'coordinate_transformation_mode' exists from opset 16 on");
    }
    const std::int64_t height = context.node().int_or("output_height", 1);
    const std::int64_t width = context.node().int_or("output_width", 1);
    const std::int64_t sampling = context.node().int_or("sampling_ratio", 0);
    constexpr std::int64_t limit = 1 << 20;
    if (height < 1 || width < 1 || height > limit || width > limit) {
        return context.error("the output size is " + std::to_string(height) + " x " + std::to_string(width));
    }
    if (sampling < 0 || sampling > limit) return context.error("sampling_ratio is " + std::to_string(sampling));
    constexpr std::int64_t most_samples = 1 << 24;
    if (height * width > most_samples || sampling * sampling > most_samples / (height * width)) {
        return context.error("a region takes more than " + std::to_string(most_samples) +
                             " samples: " + std::to_string(sampling) + " x " + std::to_string(sampling) +
                             " in each of " + std::to_string(height) + " x " + std::to_string(width) + " bins");
    }
    const float scale = context.node().float_or("spatial_scale", 1.0F);
    if (!std::isfinite(scale)) return context.error("spatial_scale is not a number");
    const auto& features = context.input(0).shape;
    const auto& rois = context.input(1).shape;
    const auto& images = context.input(2).shape;
    if (rois && differ((*rois)[1], 4)) return context.error("rois are " + to_string(rois) + ", expected [rois, 4]");
    if (rois && images && differ((*rois)[0], (*images)[0])) {
        return context.error("rois " + to_string(rois) + " and batch_indices " + to_string(images) +
                             " differ in number");
    }
    const Dim count = better_known(rois ? (*rois)[0] : Dim{}, images ? (*images)[0] : Dim{});
    context.set_output(0, context.input(0).type, Shape{count, features ? (*features)[1] : Dim{}, height, width});
    return {};
}

/// The number of selected boxes depends on the values: it stays unknown.
Result<void> non_max_suppression(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, type_set({DataType::float32})));
    DETECT_TRY(require_same_type(context, 0, 1));
    DETECT_TRY(require_rank(context, 0, 3));
    DETECT_TRY(require_rank(context, 1, 3));
    DETECT_TRY(require_type(context, 2, int64_type));
    DETECT_TRY(require_same_type(context, 0, 3));
    DETECT_TRY(require_same_type(context, 0, 4));
    for (std::size_t i = 2; i < 5; ++i) {
        const auto& shape = context.input(i).shape;
        if (shape && product(*shape, 0, shape->size()).size.value_or(1) != 1) {
            return context.error("input " + std::to_string(i) + " must be a single number, is " + to_string(shape));
        }
    }
    const std::int64_t form = context.node().int_or("center_point_box", 0);
    if (form != 0 && form != 1)
        return context.error("center_point_box is " + std::to_string(form) + ", expected 0 or 1");
    const auto& boxes = context.input(0).shape;
    const auto& scores = context.input(1).shape;
    if (boxes && differ((*boxes)[2], 4))
        return context.error("boxes are " + to_string(boxes) + ", expected [batch, boxes, 4]");
    if (boxes && scores && (differ((*boxes)[0], (*scores)[0]) || differ((*boxes)[1], (*scores)[2]))) {
        return context.error("boxes " + to_string(boxes) + " and scores " + to_string(scores) +
                             " do not belong together, expected [batch, boxes, 4] and [batch, classes, boxes]");
    }
    context.set_output(0, DataType::int64, Shape{Dim{}, 3});
    return {};
}

constexpr std::size_t no_input = static_cast<std::size_t>(-1);

/// Where an opset's Resize has its inputs.
struct ResizeInputs {
    std::size_t roi = no_input;
    std::size_t scales = 1;
    std::size_t sizes = no_input;
};

ResizeInputs resize_inputs(int opset) { return opset < 11 ? ResizeInputs{} : ResizeInputs{1, 2, 3}; }

enum class Given { no, perhaps, yes };

/// An input may be left out, or given as an empty tensor (the way opset 11 leaves it out).
Given given(const ShapeContext::Input& input) {
    if (!input.present) return Given::no;
    if (!input.shape || input.shape->size() != 1 || !input.shape->front().size) return Given::perhaps;
    return *input.shape->front().size == 0 ? Given::no : Given::yes;
}

Result<std::optional<std::vector<float>>> float_vector(const ShapeContext& context, std::size_t index,
                                                       std::size_t length) {
    const Tensor* tensor = context.input(index).constant;
    if (tensor == nullptr) return std::optional<std::vector<float>>{};
    if (static_cast<std::size_t>(tensor->element_count()) != length) {
        return context.error("input " + std::to_string(index) + " has " + std::to_string(tensor->element_count()) +
                             " values, expected " + std::to_string(length));
    }
    if (tensor->type() == DataType::float64) {
        std::vector<float> values;
        for (const double value : tensor->data<double>()) values.push_back(static_cast<float>(value));
        return std::optional(std::move(values));
    }
    const auto data = tensor->data<float>();
    return std::optional(std::vector<float>(data.begin(), data.end()));
}

Result<void> set_scaled_sizes(ShapeContext& context, const ResizeInputs& at, Shape& output) {
    const Shape& input = *context.input(0).shape;
    const std::size_t rank = input.size();
    DETECT_TRY_ASSIGN(const auto scales, float_vector(context, at.scales, rank));
    if (!scales) return {};
    const bool crops = context.node().string_or("coordinate_transformation_mode", "") == "tf_crop_and_resize";
    std::optional<std::vector<float>> roi;
    if (crops) {
        DETECT_TRY_ASSIGN(roi, float_vector(context, at.roi, 2 * rank));
        if (!roi) return {};
    }
    for (std::size_t i = 0; i < rank; ++i) {
        const float extent = crops ? (*roi)[rank + i] - (*roi)[i] : 1.0F;
        if (!input[i].size) {
            if ((*scales)[i] == 1.0F && extent == 1.0F) output[i] = input[i];
            continue;
        }
        const auto size = scaled_size(*input[i].size, (*scales)[i], extent);
        if (!size)
            return context.error("scale " + std::to_string((*scales)[i]) + " of axis " + std::to_string(i) +
                                 " is impossible");
        output[i] = *size;
    }
    return {};
}

Result<void> set_given_sizes(ShapeContext& context, const ResizeInputs& at, Shape& output) {
    const auto sizes = constant_integers(context.input(at.sizes));
    if (!sizes) return {};
    if (sizes->size() != output.size()) {
        return context.error("'sizes' has " + std::to_string(sizes->size()) + " values for " +
                             to_string(context.input(0).shape));
    }
    for (std::size_t i = 0; i < output.size(); ++i) {
        if ((*sizes)[i] < 0) return context.error("a size is " + std::to_string((*sizes)[i]));
        output[i] = (*sizes)[i];
    }
    return {};
}

Result<void> resize(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY(require_one_of(context, "mode", "nearest", {"nearest", "linear", "cubic"}));
    DETECT_TRY(require_one_of(context, "nearest_mode", "round_prefer_floor",
                              {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
    DETECT_TRY(require_one_of(context, "coordinate_transformation_mode", "half_pixel",
                              {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
                               "tf_half_pixel_for_nn"}));
    const ResizeInputs at = resize_inputs(context.opset());
    const Given scales = given(context.input(at.scales));
    const Given sizes = at.sizes == no_input ? Given::no : given(context.input(at.sizes));
    if (scales == sizes && scales != Given::perhaps) return context.error("needs either 'scales' or 'sizes'");
    const bool by_sizes = scales != Given::yes && sizes != Given::no;
    DETECT_TRY(require_type(context, at.scales, float_types));
    if (at.sizes != no_input) DETECT_TRY(require_type(context, at.sizes, int64_type));
    if (context.node().string_or("mode", "nearest") != "nearest") DETECT_TRY(require_type(context, 0, float_types));
    const bool crops = context.node().string_or("coordinate_transformation_mode", "") == "tf_crop_and_resize";
    if (crops && (at.roi == no_input || given(context.input(at.roi)) == Given::no))
        return context.error("tf_crop_and_resize needs 'roi'");
    if (at.roi != no_input) DETECT_TRY(require_type(context, at.roi, float_types));
    const auto& shape = context.input(0).shape;
    if (!shape) {
        context.set_output(0, context.input(0).type, std::nullopt);
        return {};
    }
    Shape output(shape->size());
    if (by_sizes) {
        DETECT_TRY(set_given_sizes(context, at, output));
    } else {
        DETECT_TRY(set_scaled_sizes(context, at, output));
    }
    for (std::size_t i = 0; i < output.size(); ++i) {
        if ((*shape)[i].size == 0 && output[i].size.value_or(0) != 0) {
            return context.error("cannot enlarge an empty axis: " + to_string(shape) + " to " + to_string(output));
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

/// Resize's ancestor, gone at opset 10. Its scales are an attribute before opset 9.
Result<void> upsample(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, number_types));
    DETECT_TRY(require_one_of(context, "mode", "nearest", {"nearest", "linear"}));
    if (context.opset() > 9) return context.error("does not exist from opset 10 on; it is called Resize there");
    if (context.node().string_or("mode", "nearest") != "nearest") DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_type(context, 1, type_set({DataType::float32})));
    const auto* attribute = context.node().attribute<std::vector<float>>("scales");
    if ((context.opset() < 9) != (attribute != nullptr) || context.has_input(1) == (attribute != nullptr)) {
        return context.error("'scales' is an attribute before opset 9 and an input from then on");
    }
    const auto& shape = context.input(0).shape;
    std::optional<Shape> output = shape;
    if (shape) {
        std::optional<std::vector<float>> scales;
        if (attribute != nullptr) {
            scales = *attribute;
        } else {
            DETECT_TRY_ASSIGN(scales, float_vector(context, 1, shape->size()));
        }
        if (scales && scales->size() != shape->size())
            return context.error("has " + std::to_string(scales->size()) + " scales for " + to_string(shape));
        for (std::size_t i = 0; i < shape->size(); ++i) {
            const auto& size = (*shape)[i].size;
            (*output)[i] = Dim{};
            if (!scales || !size) continue;
            const auto scaled = scaled_size(*size, (*scales)[i]);
            if (!scaled) return context.error("scale " + std::to_string((*scales)[i]) + " is impossible");
            (*output)[i] = *scaled;
        }
    }
    context.set_output(0, context.input(0).type, std::move(output));
    return {};
}

Result<void> grid_sample(ShapeContext& context) {
    DETECT_TRY(require_type(context, 0, float_types));
    DETECT_TRY(require_type(context, 1, float_types));
    DETECT_TRY(require_rank(context, 0, 4));
    DETECT_TRY(require_rank(context, 1, 4));
    DETECT_TRY(require_one_of(context, "mode", "bilinear", {"bilinear", "nearest", "bicubic"}));
    DETECT_TRY(require_one_of(context, "padding_mode", "zeros", {"zeros", "border", "reflection"}));
    const auto& image = context.input(0).shape;
    const auto& grid = context.input(1).shape;
    if (grid && differ((*grid)[3], 2))
        return context.error("grid is " + to_string(grid) + ", expected [batch, height, width, 2]");
    if (image && grid && differ((*image)[0], (*grid)[0])) {
        return context.error("image " + to_string(image) + " and grid " + to_string(grid) + " differ in their batch");
    }
    for (std::size_t axis = 1; image && axis < 4; ++axis) {
        if ((*image)[axis].size == 0) return context.error("samples an empty image: " + to_string(image));
    }
    const Dim batch = better_known(image ? (*image)[0] : Dim{}, grid ? (*grid)[0] : Dim{});
    context.set_output(0, context.input(0).type,
                       Shape{batch, image ? (*image)[1] : Dim{}, grid ? (*grid)[1] : Dim{}, grid ? (*grid)[2] : Dim{}});
    return {};
}

} // namespace

std::vector<Operator> detection_operators() {
    using enum AttributeKind;
    return {
        {.name = "GridSample",
         .since = 16,
         .inputs = 2,
         .attributes = {{"align_corners", integer}, {"mode", text}, {"padding_mode", text}},
         .infer = grid_sample,
         .work = Work::unbounded},
        {.name = "NonMaxSuppression",
         .since = 10,
         .inputs = between(2, 5),
         .attributes = {{"center_point_box", integer}},
         .infer = non_max_suppression,
         .work = Work::unbounded},
        {.name = "Resize",
         .since = 10,
         .inputs = between(1, 4),
         .attributes = {{"coordinate_transformation_mode", text},
                        {"cubic_coeff_a", real},
                        {"exclude_outside", integer},
                        {"extrapolation_value", real},
                        {"mode", text},
                        {"nearest_mode", text}},
         .infer = resize,
         .work = Work::unbounded},
        {.name = "RoiAlign",
         .since = 10,
         .inputs = 3,
         .attributes = {{"coordinate_transformation_mode", text},
                        {"mode", text},
                        {"output_height", integer},
                        {"output_width", integer},
                        {"sampling_ratio", integer},
                        {"spatial_scale", real}},
         .infer = roi_align,
         .work = Work::unbounded},
        {.name = "Upsample",
         .since = 7,
         .inputs = between(1, 2),
         .attributes = {{"mode", text}, {"scales", reals}},
         .infer = upsample},
    };
}

} // namespace detect
