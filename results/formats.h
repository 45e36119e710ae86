// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/collected_format.h"
#include "results/picture_format.h"

#include <span>

/// All formats that results can be written in, in the order that help shows them.
namespace detect {

[[nodiscard]] std::span<const CollectedFormat* const> collected_formats();
[[nodiscard]] std::span<const PictureFormat* const> picture_formats();

} // namespace detect
