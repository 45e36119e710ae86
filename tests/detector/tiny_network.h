// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detector.h"
#include "tests/detector/sample_network.h"

namespace detect::test {

/// A network of the bundled one's shape (transform, convolutions of all kinds to stride 32, proposals, RoIs, selection)
/// but a few channels wide, with made-up weights: it finds nothing in particular, and it finds it within a millisecond.
/// Classes "a", "b", "c". Pictures are scaled to 96 to 192 pixels.
[[nodiscard]] const Graph& tiny_graph();
[[nodiscard]] Detector tiny_detector(const DetectorOptions& options = {});

/// The same with pictures scaled to other sizes.
struct Scale {
    std::int64_t min_size = 96;
    std::int64_t max_size = 192;
};
[[nodiscard]] Detector tiny_detector(const DetectorOptions& options, const Scale& scale);

/// Coloured noise, the same for the same seed.
[[nodiscard]] Pixels noise(int width, int height, unsigned seed);

} // namespace detect::test
