// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

namespace detect {

/// Where a run's pictures come from when there is no tensor of them: rows are asked for as they are needed, by several
/// threads at once, some more than once.
class PictureRows {
public:
    PictureRows() = default;
    PictureRows(const PictureRows&) = delete;
    PictureRows& operator=(const PictureRows&) = delete;
    virtual ~PictureRows() = default;

    /// Writes row `row` of picture `picture` of the batch as it would stand in the tensor: `planes` [3, width].
    virtual void read(std::size_t picture, std::size_t row, float* planes) const = 0;
};

/// The rows of pictures that stand in memory, [N, 3, height, width].
class PlanarRows final : public PictureRows {
public:
    PlanarRows(const float* pictures, std::size_t height, std::size_t width)
        : pictures_(pictures), height_(height), width_(width) {}

    void read(std::size_t picture, std::size_t row, float* planes) const override {
        for (std::size_t plane = 0; plane < 3; ++plane) {
            std::copy_n(pictures_ + ((3 * picture + plane) * height_ + row) * width_, width_, planes + plane * width_);
        }
    }

private:
    const float* pictures_;
    std::size_t height_;
    std::size_t width_;
};

} // namespace detect
