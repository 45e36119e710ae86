// SPDX-License-Identifier: Apache-2.0
#include "pictures/image_to_tensor.h"

#include "base/checked.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace detect {

namespace {

Error invalid(std::string message) { return Error{ErrorCode::invalid_argument, std::move(message)}; }

/// Numbers as a person writes them: 255, 1.5, -2.117.
std::string number(float value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g", static_cast<double>(value));
    return text.data();
}

std::string range_message(float lowest, float highest) {
    const std::string found = "pixel values range from " + number(lowest) + " to " + number(highest) +
                              ", but the model takes RGB in [0, 1]: ";
    if (lowest < -unit_range_tolerance) {
        return found + "negative values look normalised already; hand the picture in without subtracting the mean, "
                       "the model normalises by itself";
    }
    if (highest <= 255.5F) return found + "values reach " + number(highest) + ": divide by 255";
    if (highest <= 65535.5F) return found + "values reach " + number(highest) + ": divide by 65535 (16-bit data)";
    return found + "values reach " + number(highest) + ": scale them down first";
}

struct Planes {
    float* red;
    float* green;
    float* blue;
};

/// sample / white, looked up where there are few: a division takes longer.
float scaled(std::uint8_t sample, float /*white*/) {
    static constexpr auto values = [] {
        std::array<float, 256> table{};
        for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i) / 255.0F;
        return table;
    }();
    return values[sample];
}
float scaled(std::uint16_t sample, float white) { return static_cast<float>(sample) / white; }

/// One row of interleaved samples to three planes. `Red`, `Green`, `Blue` are the channels' places in a pixel.
template <class Sample, int Channels, int Red, int Green, int Blue>
void convert_row(const Sample* row, int width, Planes out, float white = 255.0F) {
    for (int x = 0; x < width; ++x) {
        const Sample* pixel = row + static_cast<std::ptrdiff_t>(x) * Channels;
        out.red[x] = scaled(pixel[Red], white);
        out.green[x] = scaled(pixel[Green], white);
        out.blue[x] = scaled(pixel[Blue], white);
    }
}

void convert_float_row(const float* row, int width, Planes out) {
    for (int x = 0; x < width; ++x) {
        const float* pixel = row + static_cast<std::ptrdiff_t>(x) * 3;
        out.red[x] = pixel[0];
        out.green[x] = pixel[1];
        out.blue[x] = pixel[2];
    }
}

void convert_row(const std::byte* row, const ImageView& view, Planes out) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(row);
    const auto* words = reinterpret_cast<const std::uint16_t*>(row);
    const auto white = static_cast<float>(white_of(view));
    switch (view.format) {
    case PixelFormat::grey8: return convert_row<std::uint8_t, 1, 0, 0, 0>(bytes, view.width, out);
    case PixelFormat::grey16: return convert_row<std::uint16_t, 1, 0, 0, 0>(words, view.width, out, white);
    case PixelFormat::rgb8: return convert_row<std::uint8_t, 3, 0, 1, 2>(bytes, view.width, out);
    case PixelFormat::bgr8: return convert_row<std::uint8_t, 3, 2, 1, 0>(bytes, view.width, out);
    case PixelFormat::rgba8: return convert_row<std::uint8_t, 4, 0, 1, 2>(bytes, view.width, out);
    case PixelFormat::bgra8: return convert_row<std::uint8_t, 4, 2, 1, 0>(bytes, view.width, out);
    case PixelFormat::rgb16: return convert_row<std::uint16_t, 3, 0, 1, 2>(words, view.width, out, white);
    case PixelFormat::rgb_float: return convert_float_row(reinterpret_cast<const float*>(row), view.width, out);
    }
}

std::size_t sample_bytes(PixelFormat format) {
    switch (format) {
    case PixelFormat::grey16:
    case PixelFormat::rgb16: return 2;
    case PixelFormat::rgb_float: return 4;
    default: return 1;
    }
}

constexpr int least_bits = 8;
constexpr int sample_bits = 16;

/// A full range that ends below this much of white is more likely one of fewer bits.
constexpr std::array usual_bits{8, 10, 12, 14};

Result<void> check_words(const ImageView& view) {
    if (view.bits == sample_bits) return {};
    std::uint16_t largest = 0;
    const std::size_t words = static_cast<std::size_t>(view.width) * bytes_per_pixel(view.format) / 2;
    for (std::size_t row = 0; row < static_cast<std::size_t>(view.height); ++row) {
        const auto* samples = reinterpret_cast<const std::uint16_t*>(row_of(view, row));
        for (std::size_t i = 0; i < words; ++i) largest = std::max(largest, samples[i]);
    }
    if (view.bits != 0) {
        if (largest <= white_of(view)) return {};
        return invalid("the largest value is " + std::to_string(largest) + ", which " + std::to_string(view.bits) +
                       " bits do not hold");
    }
    const auto bits = std::ranges::find_if(usual_bits, [&](int each) { return largest < (1U << unsigned(each)); });
    if (largest == 0 || bits == usual_bits.end()) return {};
    return invalid("the largest value is " + std::to_string(largest) + " of 65535: this looks like " +
                   std::to_string(*bits) + " bits in 16; set bits to " + std::to_string(*bits) +
                   " (or 16, if it is meant to be that dark)");
}

} // namespace

Result<void> check_view(const ImageView& view) {
    if (view.pixels == nullptr) return invalid("image view: pixels is null");
    if (view.width <= 0 || view.height <= 0) {
        return invalid("image view: width " + std::to_string(view.width) + ", height " + std::to_string(view.height) +
                       "; both must be at least 1");
    }
    const std::size_t pixel = bytes_per_pixel(view.format);
    if (pixel == 0) return invalid("image view: format is not one of PixelFormat");

    const auto row = checked_mul(static_cast<std::size_t>(view.width), pixel);
    const auto stride = static_cast<std::ptrdiff_t>(view.stride_bytes);
    const std::size_t distance = stride < 0 ? std::size_t{0} - view.stride_bytes : view.stride_bytes;
    if (!row || distance < *row) {
        return invalid("image view: stride_bytes is " + std::to_string(stride) + ", but a row of " +
                       std::to_string(view.width) + " pixels takes " + std::to_string(row.value_or(0)) +
                       " bytes (the stride is in bytes, not in pixels)");
    }
    const auto extent = checked_mul(static_cast<std::size_t>(view.height), distance);
    if (!extent || *extent > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max())) {
        return invalid("image view: height * stride_bytes does not fit into memory");
    }
    const std::size_t alignment = sample_bytes(view.format);
    if (reinterpret_cast<std::uintptr_t>(view.pixels) % alignment != 0 || distance % alignment != 0) {
        return invalid("image view: pixels and stride_bytes must be multiples of " + std::to_string(alignment) +
                       " bytes for this format");
    }
    if (view.bits != 0 && (alignment != 2 || view.bits < least_bits || view.bits > sample_bits)) {
        return invalid("image view: bits is " + std::to_string(view.bits) +
                       "; it is 8 to 16 for the 16-bit formats, and 0 for the others");
    }
    return {};
}

std::uint32_t white_of(const ImageView& view) {
    switch (sample_bytes(view.format)) {
    case 1: return 255;
    case 2: return (1U << static_cast<unsigned>(view.bits == 0 ? sample_bits : view.bits)) - 1U;
    default: return 1;
    }
}

Result<void> image_to_tensor(const ImageView& view, std::span<float> output) {
    DETECT_TRY(check_view(view));
    const auto width = static_cast<std::size_t>(view.width);
    const auto height = static_cast<std::size_t>(view.height);
    const auto area = checked_mul(width, height);
    const auto values = area ? checked_mul(*area, std::size_t{3}) : std::nullopt;
    if (!values || output.size() != *values) {
        return invalid("image_to_tensor: the output holds " + std::to_string(output.size()) +
                       " floats, needed are 3 x " + std::to_string(view.height) + " x " + std::to_string(view.width));
    }
    if (view.format != PixelFormat::rgb_float) DETECT_TRY(check_samples(view));
    for (std::size_t row = 0; row < height; ++row) {
        float* const red = output.data() + row * width;
        convert_row(row_of(view, row), view, {red, red + *area, red + 2 * *area});
    }
    if (view.format == PixelFormat::rgb_float) return check_unit_range(output);
    return {};
}

void image_row_to_planes(const ImageView& view, std::size_t row, float* planes) {
    const auto width = static_cast<std::size_t>(view.width);
    convert_row(row_of(view, row), view, {planes, planes + width, planes + 2 * width});
}

Result<void> check_unit_range(std::span<const float> values) {
    // Independent lanes let the compiler use vector minima; a NaN or infinity is found by x - x, which is 0 for all
    // else.
    constexpr std::size_t lanes = 16;
    std::array<float, lanes> lowest;
    std::array<float, lanes> highest;
    std::array<float, lanes> not_finite{};
    lowest.fill(std::numeric_limits<float>::infinity());
    highest.fill(-std::numeric_limits<float>::infinity());
    const auto visit = [&](std::size_t lane, float value) {
        lowest[lane] = value < lowest[lane] ? value : lowest[lane];
        highest[lane] = value > highest[lane] ? value : highest[lane];
        not_finite[lane] += value - value;
    };
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) visit(lane, values[i + lane]);
    }
    for (; i < values.size(); ++i) visit(0, values[i]);

    const bool finite = std::all_of(not_finite.begin(), not_finite.end(), [](float sum) { return sum == 0.0F; });
    if (!finite) {
        const auto found =
            std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
        return invalid(std::string("pixel values contain ") + (std::isnan(*found) ? "NaN" : "infinity") +
                       " (first at index " + std::to_string(found - values.begin()) +
                       "), but the model takes RGB in [0, 1]: replace such values first");
    }
    if (values.empty()) return {};
    const float least = *std::min_element(lowest.begin(), lowest.end());
    const float most = *std::max_element(highest.begin(), highest.end());
    if (least < -unit_range_tolerance || most > 1.0F + unit_range_tolerance) return invalid(range_message(least, most));
    return {};
}

Result<void> check_samples(const ImageView& view) {
    if (sample_bytes(view.format) == 2) return check_words(view);
    if (view.format != PixelFormat::rgb_float) return {};
    const auto height = static_cast<std::size_t>(view.height);
    const std::size_t row_floats = 3 * static_cast<std::size_t>(view.width);
    const auto* floats = static_cast<const float*>(view.pixels);
    if (view.stride_bytes == row_floats * sizeof(float))
        return check_unit_range(std::span(floats, height * row_floats));
    for (std::size_t row = 0; row < height; ++row) {
        DETECT_TRY(check_unit_range(std::span(reinterpret_cast<const float*>(row_of(view, row)), row_floats)));
    }
    return {};
}

} // namespace detect
