// SPDX-License-Identifier: Apache-2.0
#include "graph/geometry.h"

#include "base/checked.h"

#include <algorithm>
#include <cmath>

namespace detect {

SliceRange resolve_slice(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
    if (size <= 0 || step == 0) return {0, 1, 0};
    const auto from_front = [size](std::int64_t index) { return index < 0 ? index + size : index; };
    // The last admissible position depends on the direction: an end of -1 is "before the first" when going backwards.
    const std::int64_t low = step > 0 ? 0 : -1;
    const std::int64_t high = step > 0 ? size : size - 1;
    const std::int64_t first = std::clamp(from_front(start), std::int64_t{0}, high);
    const std::int64_t stop = std::clamp(from_front(end), low, high);
    // A start before a backward slice's first element takes nothing.
    if (step < 0 && from_front(start) < 0) return {0, step, 0};
    const std::int64_t distance = step > 0 ? stop - first : first - stop;
    if (distance <= 0) return {first, step, 0};
    const auto magnitude =
        step > 0 ? static_cast<std::uint64_t>(step) : std::uint64_t{0} - static_cast<std::uint64_t>(step);
    const auto count = (static_cast<std::uint64_t>(distance) - 1) / magnitude + 1;
    return {first, step, static_cast<std::int64_t>(count)};
}

std::optional<AutoPad> parse_auto_pad(std::string_view text) {
    if (text == "NOTSET" || text.empty()) return AutoPad::notset;
    if (text == "SAME_UPPER") return AutoPad::same_upper;
    if (text == "SAME_LOWER") return AutoPad::same_lower;
    if (text == "VALID") return AutoPad::valid;
    return std::nullopt;
}

namespace {

/// How many elements a window spans.
std::optional<std::int64_t> span_of(const Window& window) {
    const auto reach = checked_mul(window.kernel - 1, window.dilation);
    return reach ? checked_add(*reach, std::int64_t{1}) : std::nullopt;
}

} // namespace

Window resolve_padding(Window window, AutoPad auto_pad, std::int64_t size) {
    if (auto_pad == AutoPad::notset) return window;
    window.pad_begin = 0;
    window.pad_end = 0;
    if (auto_pad == AutoPad::valid || size <= 0) return window;
    const std::int64_t count = (size - 1) / window.stride + 1;
    const auto span = span_of(window);
    if (!span) return window;
    // (count - 1) × stride ≤ size - 1, so this only overflows if the span does.
    const auto needed = checked_add((count - 1) * window.stride - size, *span);
    const std::int64_t total = std::max<std::int64_t>(needed.value_or(0), 0);
    const std::int64_t half = total / 2;
    window.pad_begin = auto_pad == AutoPad::same_upper ? half : total - half;
    window.pad_end = total - window.pad_begin;
    return window;
}

std::optional<std::int64_t> window_count(const Window& window, std::int64_t size, bool ceil_mode) {
    const auto span = span_of(window);
    const auto left = checked_add(size, window.pad_begin);
    const auto padded = left ? checked_add(*left, window.pad_end) : std::nullopt;
    if (!span || !padded || *padded < *span) return std::nullopt;
    const std::int64_t room = *padded - *span;
    std::int64_t count = room / window.stride + 1;
    if (ceil_mode && room % window.stride != 0) {
        const auto start = checked_mul(count, window.stride);
        if (start && *start < *left) ++count;
    }
    return count;
}

std::optional<std::int64_t> scaled_size(std::int64_t size, float scale, float extent) {
    if (!(scale > 0.0F) || !std::isfinite(scale) || !std::isfinite(extent) || size < 0) return std::nullopt;
    // float32 arithmetic, as ONNX Runtime does it; double would round 7 × (1/7) differently.
    const float scaled = std::floor(static_cast<float>(size) * extent * scale);
    if (!(scaled >= 0.0F && scaled < 9.0e18F)) return std::nullopt;
    return static_cast<std::int64_t>(scaled);
}

} // namespace detect
