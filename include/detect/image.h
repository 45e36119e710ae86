// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// How a caller hands a picture to the detector. No third-party type: a camera's buffer, a cv::Mat or a QImage
/// is described by five fields.
namespace detect {

/// How one pixel lies in memory. Channels are interleaved. 16-bit samples are in the machine's byte order;
/// `ImageView::bits` says how many of their bits are used.
/// An alpha channel is ignored, as PIL's `convert("RGB")` does: the colour below it is used as it is stored.
enum class PixelFormat {
    grey8,
    grey16,
    rgb8,
    bgr8,
    rgba8,
    bgra8,
    rgb16,
    /// 32-bit floats, already scaled to [0, 1].
    rgb_float,
};

/// Bytes of one pixel.
[[nodiscard]] constexpr std::size_t bytes_per_pixel(PixelFormat format) {
    switch (format) {
    case PixelFormat::grey8: return 1;
    case PixelFormat::grey16: return 2;
    case PixelFormat::rgb8:
    case PixelFormat::bgr8: return 3;
    case PixelFormat::rgba8:
    case PixelFormat::bgra8: return 4;
    case PixelFormat::rgb16: return 6;
    case PixelFormat::rgb_float: return 12;
    }
    return 0;
}

/// A picture that somebody else owns; row 0 is the top. The pixels must stay valid for the length of the call.
struct ImageView {
    const void* pixels = nullptr;
    int width = 0;
    int height = 0;
    /// From the first byte of a row to the first byte of the next: at least `width * bytes_per_pixel(format)`,
    /// more when rows are padded or the view is a part of a larger picture. Rows that go upwards in memory, as in a
    /// Windows bitmap, have a negative one, converted to this type; `pixels` is the top row then, too.
    std::size_t stride_bytes = 0;
    PixelFormat format = PixelFormat::rgb8;
    /// Of the 16-bit formats: how many bits the samples have, 8 to 16, the lowest ones; white is 2^bits - 1. A camera's
    /// Mono10 or Mono12 is grey16 with 10 or 12. 0: all 16 are taken to be used, and a picture whose largest sample
    /// suggests fewer (it has no more than 14 bits, and is not 0) is refused; 16 says that it is meant so.
    int bits = 0;
};

/// The first byte of a row, 0 the top one, of a view that makes sense.
[[nodiscard]] inline const std::byte* row_of(const ImageView& view, std::size_t row) {
    return static_cast<const std::byte*>(view.pixels) +
           static_cast<std::ptrdiff_t>(row) * static_cast<std::ptrdiff_t>(view.stride_bytes);
}

/// A batch of pictures as the network takes it: float32 [batch, 3, height, width], densely packed, RGB, each value
/// in [0, 1] and not normalised by mean and deviation (the model does that itself).
struct TensorView {
    const float* data = nullptr;
    int batch = 0;
    int height = 0;
    int width = 0;
};

} // namespace detect
