// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// The arithmetic of sizes that shape rules and kernels must agree on. All safe for any argument.
namespace detect {

/// Which elements of an axis a Slice takes: start, start + step, … (`count` of them, all inside the axis).
struct SliceRange {
    std::int64_t start = 0;
    std::int64_t step = 1;
    std::int64_t count = 0;
};

/// ONNX Slice along an axis of `size` elements; `step` must not be 0.
[[nodiscard]] SliceRange resolve_slice(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size);

/// One spatial axis of a convolution or pooling window.
struct Window {
    std::int64_t kernel = 1;
    std::int64_t stride = 1;
    std::int64_t dilation = 1;
    std::int64_t pad_begin = 0;
    std::int64_t pad_end = 0;
};

/// How padding is chosen (ONNX `auto_pad`).
enum class AutoPad { notset, same_upper, same_lower, valid };
[[nodiscard]] std::optional<AutoPad> parse_auto_pad(std::string_view text);

/// The window with its padding filled in for an input of `size` elements.
[[nodiscard]] Window resolve_padding(Window window, AutoPad auto_pad, std::int64_t size);

/// Number of window positions over `size` elements. nullopt if there is none or the sizes overflow. `ceil_mode` lets
/// the last window hang over the end, but not start behind the data and its left padding.
[[nodiscard]] std::optional<std::int64_t> window_count(const Window& window, std::int64_t size, bool ceil_mode);

/// floor(size × scale × extent), the size Resize gives an axis; nullopt if that is no size.
[[nodiscard]] std::optional<std::int64_t> scaled_size(std::int64_t size, float scale, float extent = 1.0F);

} // namespace detect
