// SPDX-License-Identifier: Apache-2.0
#include "graph/operators/window_attributes.h"

#include "base/checked.h"
#include "base/try.h"

#include <algorithm>

namespace detect {

namespace {

Error bad(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }

/// A list attribute of `count` values within [least, 2^31); all `fallback` if it is not there.
Result<std::vector<std::int64_t>> list_attribute(const Node& node, std::string_view name, std::size_t count,
                                                 std::int64_t least, std::int64_t fallback) {
    const auto* values = node.attribute<std::vector<std::int64_t>>(name);
    if (values == nullptr) return std::vector<std::int64_t>(count, fallback);
    if (values->size() != count) {
        return bad("'" + std::string(name) + "' has " + std::to_string(values->size()) + " values, expected " +
                   std::to_string(count));
    }
    for (const std::int64_t value : *values) {
        if (value < least || value > INT32_MAX) {
            return bad("'" + std::string(name) + "' holds the impossible value " + std::to_string(value));
        }
    }
    return *values;
}

} // namespace

std::vector<AttributeRule> convolution_attributes() {
    using enum AttributeKind;
    return {{"auto_pad", text},         {"dilations", integers}, {"group", integer},
            {"kernel_shape", integers}, {"pads", integers},      {"strides", integers}};
}

Result<WindowAttributes> window_attributes(const Node& node, std::size_t spatial_rank,
                                           std::span<const std::int64_t> kernel) {
    WindowAttributes result;
    const auto auto_pad = parse_auto_pad(node.string_or("auto_pad", "NOTSET"));
    if (!auto_pad) return bad("auto_pad '" + node.string_or("auto_pad", "") + "' is unknown");
    result.auto_pad = *auto_pad;
    if (kernel.size() != spatial_rank) {
        return bad("the kernel has " + std::to_string(kernel.size()) + " dimensions, expected " +
                   std::to_string(spatial_rank));
    }
    DETECT_TRY_ASSIGN(const auto strides, list_attribute(node, "strides", spatial_rank, 1, 1));
    DETECT_TRY_ASSIGN(const auto dilations, list_attribute(node, "dilations", spatial_rank, 1, 1));
    DETECT_TRY_ASSIGN(const auto pads, list_attribute(node, "pads", 2 * spatial_rank, 0, 0));
    for (std::size_t i = 0; i < spatial_rank; ++i) {
        if (kernel[i] < 1 || kernel[i] > INT32_MAX) return bad("a kernel size is " + std::to_string(kernel[i]));
        result.axes.push_back({kernel[i], strides[i], dilations[i], pads[i], pads[spatial_rank + i]});
    }
    return result;
}

Result<TransposedAxis> transposed_axis(const Node& node, const WindowAttributes& windows, std::size_t axis,
                                       std::int64_t size) {
    const std::size_t rank = windows.axes.size();
    const Window& window = windows.axes[axis];
    DETECT_TRY_ASSIGN(const auto output_padding, list_attribute(node, "output_padding", rank, 0, 0));
    const bool gives_shape = node.attributes.contains("output_shape");
    std::vector<std::int64_t> output_shape;
    if (gives_shape) {
        DETECT_TRY_ASSIGN(output_shape, list_attribute(node, "output_shape", rank, 1, 1));
    }
    // stride × (size - 1) + output_padding + span of the kernel: the size before padding is cut off.
    const auto steps = checked_mul(window.stride, size - 1);
    const auto full =
        steps ? checked_add(*steps, output_padding[axis] + (window.kernel - 1) * window.dilation + 1) : std::nullopt;
    if (size < 1 || !full) return bad("spatial axis " + std::to_string(axis) + " is empty or too large");
    const bool same = windows.auto_pad == AutoPad::same_upper || windows.auto_pad == AutoPad::same_lower;
    TransposedAxis result;
    if (!gives_shape && !same) {
        const bool padded = windows.auto_pad == AutoPad::notset;
        result.pad_begin = padded ? window.pad_begin : 0;
        result.output_size = *full - (padded ? window.pad_begin + window.pad_end : 0);
    } else {
        const auto scaled = checked_mul(size, window.stride);
        if (!scaled) return bad("spatial axis " + std::to_string(axis) + " is too large");
        result.output_size = gives_shape ? output_shape[axis] : *scaled;
        const std::int64_t total = std::max<std::int64_t>(*full - result.output_size, 0);
        result.pad_begin = windows.auto_pad == AutoPad::same_upper ? total / 2 : total - total / 2;
    }
    if (result.output_size < 1) return bad("spatial axis " + std::to_string(axis) + " would have no output");
    return result;
}

} // namespace detect
