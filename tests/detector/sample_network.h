// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/detector.h"
#include "export/network.h"

#include <cstdint>
#include <vector>

namespace detect::test {

/// The bundled network, with pictures scaled to 320 pixels so that tests are quick.
[[nodiscard]] const Graph& sample_graph(OutputLayout layout = OutputLayout::batched);
[[nodiscard]] Detector sample_detector(const DetectorOptions& options = {},
                                       OutputLayout layout = OutputLayout::batched);
/// The same with pictures scaled to another size.
[[nodiscard]] Graph sample_graph(std::int64_t size, OutputLayout layout = OutputLayout::batched);

/// A picture of one byte a sample that owns its pixels, rows densely packed.
struct Pixels {
    int width = 0;
    int height = 0;
    PixelFormat format = PixelFormat::rgb8;
    std::vector<std::uint8_t> bytes;

    [[nodiscard]] ImageView view() const;
};

/// The sample board (samples/board.png) as rgb8. Its colours are changed so that no two channels are alike.
[[nodiscard]] const Pixels& sample_board();
/// A part of a picture, with pixels of its own.
[[nodiscard]] Pixels crop(const Pixels& picture, int x, int y, int width, int height);

/// Pictures of equal size as the network takes them.
[[nodiscard]] std::vector<float> to_batch(const std::vector<Pixels>& pictures);

} // namespace detect::test
