// SPDX-License-Identifier: Apache-2.0
#include "tests/detector/sample_network.h"

#include "detector/detector_from_graph.h"
#include "export/checkpoint_graph.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"
#include "tests/support/require.h"

#include <algorithm>

namespace detect::test {

const Graph& sample_graph(OutputLayout layout) {
    constexpr std::int64_t size = 320;
    if (layout == OutputLayout::torchvision) {
        static const Graph one_by_one = sample_graph(size, OutputLayout::torchvision);
        return one_by_one;
    }
    static const Graph batched = sample_graph(size, OutputLayout::batched);
    return batched;
}

Graph sample_graph(std::int64_t size, OutputLayout layout) {
    const std::string checkpoint = DETECT_SAMPLES_DIR "/model/circuit_board.safetensors";
    return require(graph_from_checkpoint(checkpoint, {.min_size = size, .max_size = size}, layout, 17)).graph;
}

Detector sample_detector(const DetectorOptions& options, OutputLayout layout) {
    return require(detector_from_graph(sample_graph(layout), options));
}

ImageView Pixels::view() const {
    return {bytes.data(), width, height, static_cast<std::size_t>(width) * bytes_per_pixel(format), format};
}

const Pixels& sample_board() {
    static const Pixels board = [] {
        const Picture read = require(read_picture(DETECT_SAMPLES_DIR "/board.png"));
        const Picture rgb = require(to_rgb8(read.view()));
        Pixels pixels{.width = rgb.width, .height = rgb.height, .bytes = {}};
        // Black and white become dark blue and light yellow: a mix-up of channels would show.
        for (std::size_t i = 0; i < rgb.pixels.size(); ++i) {
            const bool bright = rgb.pixels[i] != std::byte{0};
            constexpr std::uint8_t dark[] = {0, 10, 40};
            constexpr std::uint8_t light[] = {255, 245, 205};
            pixels.bytes.push_back(bright ? light[i % 3] : dark[i % 3]);
        }
        return pixels;
    }();
    return board;
}

Pixels crop(const Pixels& picture, int x, int y, int width, int height) {
    const std::size_t pixel = bytes_per_pixel(picture.format);
    Pixels part{.width = width, .height = height, .format = picture.format, .bytes = {}};
    for (int row = y; row < y + height; ++row) {
        const auto begin = picture.bytes.begin() +
                           static_cast<std::ptrdiff_t>((static_cast<std::size_t>(row * picture.width + x)) * pixel);
        part.bytes.insert(part.bytes.end(), begin,
                          begin + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(width) * pixel));
    }
    return part;
}

std::vector<float> to_batch(const std::vector<Pixels>& pictures) {
    std::vector<float> batch;
    for (const Pixels& picture : pictures) {
        std::vector<float> planes(3 * static_cast<std::size_t>(picture.width) *
                                  static_cast<std::size_t>(picture.height));
        require(image_to_tensor(picture.view(), planes));
        batch.insert(batch.end(), planes.begin(), planes.end());
    }
    return batch;
}

} // namespace detect::test
