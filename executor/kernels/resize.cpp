#include "executor/kernels/resize.h"

#include "executor/kernels/rounding.h"

#include <algorithm>
#include <limits>
#include <new>
#include <string>

namespace detect {

namespace {

/// Pieces that a picture's rows are split into, each with scratch memory of its own.
constexpr std::size_t row_blocks = 16;
constexpr std::size_t channels = 3;

} // namespace

/// The rows of one picture, or of one plane.
struct BilinearResize::RowSource {
    /// Planes, or null: then rows are read one by one, and normalised.
    const float* plane = nullptr;
    const PictureRows* pictures = nullptr;
    std::size_t picture = 0;
    const Normalisation* normalisation = nullptr;
};

/// Source rows already resized along their width: an output row needs two, and the next one mostly the same two.
class BilinearResize::RowCache {
public:
    RowCache(const BilinearResize& resize, std::size_t planes, const Axis& across, float* scratch)
        : resize_(resize), planes_(planes), across_(across),
          read_(scratch), rows_{scratch + whole_lines(planes * resize.sizes_.input_width),
                                scratch + whole_lines(planes * resize.sizes_.input_width) + whole_lines(row_floats())} {
    }

    [[nodiscard]] std::size_t row_floats() const { return across_.first.size(); }

    /// Source row `row`.
    const float* row(const RowSource& source, std::size_t row) {
        const std::size_t slot = row % 2;
        if (held_[slot] == row) return rows_[slot];
        const Sizes& sizes = resize_.sizes_;
        const KernelTable& kernels = *resize_.kernels_;
        const float* from = source.plane + (source.plane == nullptr ? 0 : row * sizes.input_width);
        if (source.plane == nullptr) {
            source.pictures->read(source.picture, row, read_);
            for (std::size_t plane = 0; plane < planes_; ++plane) {
                float* const values = read_ + plane * sizes.input_width;
                kernels.normalise(values, source.normalisation->mean[plane], source.normalisation->deviation[plane],
                                  sizes.input_width, values);
            }
            from = read_;
        }
        const GatheredBlend blend{across_.first.data(), across_.second.data(), across_.first_weight.data(),
                                  across_.second_weight.data()};
        kernels.blend_gathered(from, blend, row_floats(), rows_[slot]);
        held_[slot] = row;
        return rows_[slot];
    }

    /// Output row `i`.
    void write(const RowSource& source, std::size_t i, float* y) {
        const Axis& down = resize_.down_;
        const float* first = row(source, static_cast<std::size_t>(down.first[i]));
        const float* second = row(source, static_cast<std::size_t>(down.second[i]));
        resize_.kernels_->blend_rows(first, down.first_weight[i], second, down.second_weight[i], row_floats(), y);
    }

private:
    const BilinearResize& resize_;
    std::size_t planes_;
    const Axis& across_;
    float* read_;
    std::array<float*, 2> rows_;
    std::array<std::size_t, 2> held_{SIZE_MAX, SIZE_MAX};
};

BilinearResize::Axis BilinearResize::make_axis(std::size_t input, std::size_t output, float ratio) {
    Axis axis;
    for (std::size_t i = 0; i < output; ++i) {
        const double centre = static_cast<double>(ratio) * (static_cast<double>(i) + 0.5) - 0.5;
        const double at = std::clamp(centre, 0.0, static_cast<double>(input - 1));
        const auto first = static_cast<std::int32_t>(at);
        const auto weight = static_cast<float>(at - static_cast<double>(first));
        axis.first.push_back(first);
        axis.second.push_back(std::min(first + 1, static_cast<std::int32_t>(input - 1)));
        axis.first_weight.push_back(1.F - weight);
        axis.second_weight.push_back(weight);
    }
    return axis;
}

BilinearResize::Axis BilinearResize::interleave(const Axis& axis, std::size_t planes, std::size_t plane) {
    Axis pixels;
    for (std::size_t i = 0; i < axis.first.size(); ++i) {
        for (std::size_t p = 0; p < planes; ++p) {
            const auto offset = static_cast<std::int32_t>(p * plane);
            pixels.first.push_back(axis.first[i] + offset);
            pixels.second.push_back(axis.second[i] + offset);
            pixels.first_weight.push_back(axis.first_weight[i]);
            pixels.second_weight.push_back(axis.second_weight[i]);
        }
    }
    return pixels;
}

Result<BilinearResize> BilinearResize::prepare(const KernelTable& kernels, const Sizes& sizes,
                                               std::optional<float> ratio_h, std::optional<float> ratio_w) {
    // Positions are computed in float32, which counts exactly up to 2^24.
    constexpr std::size_t most = std::size_t{1} << 24U;
    for (const std::size_t size : {sizes.input_height, sizes.input_width, sizes.output_height, sizes.output_width}) {
        if (size == 0 || size > most) {
            return Error{ErrorCode::invalid_argument, "cannot resize: sizes must be 1 to " + std::to_string(most) +
                                                          ", found " + std::to_string(size)};
        }
    }
    const float down =
        ratio_h.value_or(static_cast<float>(sizes.input_height) / static_cast<float>(sizes.output_height));
    const float across =
        ratio_w.value_or(static_cast<float>(sizes.input_width) / static_cast<float>(sizes.output_width));
    for (const float ratio : {down, across}) {
        if (!(ratio > 0.F) || ratio > static_cast<float>(most)) {
            return Error{ErrorCode::invalid_argument, "cannot resize by a ratio of " + std::to_string(ratio)};
        }
    }
    try {
        BilinearResize resize;
        resize.kernels_ = &kernels;
        resize.sizes_ = sizes;
        resize.down_ = make_axis(sizes.input_height, sizes.output_height, down);
        resize.across_ = make_axis(sizes.input_width, sizes.output_width, across);
        resize.across_pixels_ = interleave(resize.across_, channels, sizes.input_width);
        return resize;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::resource_limit, "not enough memory to prepare a resize: use smaller pictures"};
    }
}

std::size_t BilinearResize::scratch_bytes() const {
    const std::size_t block =
        whole_lines(channels * sizes_.input_width) + 2 * whole_lines(channels * sizes_.output_width);
    return row_blocks * block * sizeof(float);
}

void BilinearResize::resize_planes(const float* x, std::size_t planes, float* y, std::span<std::byte> scratch,
                                   ThreadPool& pool) const {
    const std::size_t block = scratch.size() / sizeof(float) / row_blocks / floats_per_line * floats_per_line;
    float* memory = reinterpret_cast<float*>(scratch.data());
    pool.parallel_for(row_blocks, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            for (std::size_t plane = 0; plane < planes; ++plane) {
                RowCache cache(*this, 1, across_, memory + task * block);
                const RowSource from{.plane = x + plane * sizes_.input_height * sizes_.input_width};
                float* to = y + plane * sizes_.output_height * sizes_.output_width;
                for (std::size_t i = sizes_.output_height * task / row_blocks;
                     i < sizes_.output_height * (task + 1) / row_blocks; ++i) {
                    cache.write(from, i, to + i * sizes_.output_width);
                }
            }
        }
    });
}

void BilinearResize::transform(const PictureRows& pictures, std::size_t batch, const Normalisation& normalisation,
                               std::size_t padded_height, std::size_t padded_width, float* y,
                               std::span<std::byte> scratch, ThreadPool& pool) const {
    const std::size_t block = scratch.size() / sizeof(float) / row_blocks / floats_per_line * floats_per_line;
    float* memory = reinterpret_cast<float*>(scratch.data());
    const std::size_t filled = channels * sizes_.output_width;
    pool.parallel_for(row_blocks, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t task = begin; task < end; ++task) {
            for (std::size_t n = 0; n < batch; ++n) {
                RowCache cache(*this, channels, across_pixels_, memory + task * block);
                const RowSource from{.pictures = &pictures, .picture = n, .normalisation = &normalisation};
                for (std::size_t i = padded_height * task / row_blocks; i < padded_height * (task + 1) / row_blocks;
                     ++i) {
                    float* to = y + (n * padded_height + i) * padded_width * channels;
                    const std::size_t used = i < sizes_.output_height ? filled : 0;
                    if (used > 0) cache.write(from, i, to);
                    std::fill(to + used, to + padded_width * channels, 0.F);
                }
            }
        }
    });
}

} // namespace detect
