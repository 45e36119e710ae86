// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/picture_format.h"

namespace detect {

/// Pascal VOC's annotation files.
extern const PictureFormat voc_format;

/// An XML document. Corners are numbers of whole pixels counted from 1, the last included, as VOC defines them.
/// `depth`: channels of the picture. Each object also has its `score`.
[[nodiscard]] std::string to_voc(const PictureResult& result, std::span<const std::string> names, int depth);

} // namespace detect
