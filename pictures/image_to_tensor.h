// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "detect/image.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace detect {

/// How far a value may lie outside [0, 1] and still count as rounding. Resizing or decoding in float overshoots by a
/// few 1e-7; one step of an 8-bit picture is 4e-3, so a real mistake of scale is far larger.
inline constexpr float unit_range_tolerance = 1e-4F;

/// Checks that a view describes memory that can be read: pixels present, sizes positive, rows not overlapping,
/// its last byte addressable, samples of several bytes aligned to their size, `bits` a number of them that there is.
/// Fails with `invalid_argument`.
Result<void> check_view(const ImageView& view);

/// The whole number that stands for white, in a view that passed `check_view`; 1 for floats.
[[nodiscard]] std::uint32_t white_of(const ImageView& view);

/// Writes a picture as float32 [3, height, width], planar RGB in [0, 1]: 8-bit samples divided by 255, 16-bit ones by
/// what is white to them, after `check_samples`; floats copied after `check_unit_range`. Grey is repeated on the three
/// planes, alpha is left out. `output` must hold exactly 3 * height * width values. Fails with `invalid_argument`.
Result<void> image_to_tensor(const ImageView& view, std::span<float> output);

/// One row of the same, [3, width], of a view that passed `check_view`; floats are not checked.
void image_row_to_planes(const ImageView& view, std::size_t row, float* planes);

/// Refuses values that the network was not trained on: NaN, infinity, or a range beyond [0, 1] by more than
/// `unit_range_tolerance`. The message names the range found and what to do about it.
/// Fails with `invalid_argument`.
Result<void> check_unit_range(std::span<const float> values);
/// The same for a picture of floats that passed `check_view`. Of 16-bit samples it refuses those above white, and,
/// where `bits` is 0, all if the largest suggests fewer bits. 8-bit samples are in range by their format.
Result<void> check_samples(const ImageView& view);

} // namespace detect
