// SPDX-License-Identifier: Apache-2.0
#include "roi_heads/roi_align_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace detect {

namespace {

constexpr std::size_t most_taps = 256;
constexpr std::size_t most_bins_a_side = 16;
constexpr std::size_t most_merged_samples = 8;
constexpr float most_samples = 1048576.F;
constexpr std::size_t rois_per_task = 4;

/// One side of a RoI, in feature map pixels.
struct Side {
    float start = 0.F;
    float bin = 0.F;
    std::size_t samples = 0;
    std::size_t size = 0;

    [[nodiscard]] float position(std::size_t bin_index, std::size_t sample) const {
        return start + static_cast<float>(bin_index) * bin +
               (static_cast<float>(sample) + 0.5F) * bin / static_cast<float>(samples);
    }
};

Side make_side(const RoiAlignParameters& p, float low, float high, std::size_t pooled, std::size_t size) {
    const float offset = p.aligned ? 0.5F : 0.F;
    Side side;
    side.size = size;
    side.start = low * p.spatial_scale - offset;
    float length = high * p.spatial_scale - offset - side.start;
    if (!p.aligned && length < 1.F) length = 1.F;
    side.bin = length / static_cast<float>(pooled);
    side.samples = p.sampling_ratio;
    if (p.sampling_ratio == 0) {
        const float samples = std::ceil(length / static_cast<float>(pooled));
        side.samples = samples > 0.F ? static_cast<std::size_t>(std::min(samples, most_samples)) : 0;
    }
    return side;
}

/// The two pixels that a sample lies between, and their weights.
struct Neighbours {
    bool inside = false;
    std::size_t low = 0;
    std::size_t high = 0;
    float low_weight = 0.F;
    float high_weight = 0.F;
};

Neighbours neighbours(float position, std::size_t size) {
    // Written so that NaN is outside.
    if (!(position >= -1.F && position <= static_cast<float>(size))) return {};
    const float at = std::max(position, 0.F);
    const auto low = static_cast<std::size_t>(at);
    if (low + 1 >= size) return {true, size - 1, size - 1, 1.F, 0.F};
    const float fraction = at - static_cast<float>(low);
    return {true, low, low + 1, 1.F - fraction, fraction};
}

/// The pixels that a bin reads along one side, each once.
class BinPixels {
public:
    struct Pixel {
        std::size_t index = 0;
        float weight = 0.F;
    };

    void gather(const Side& side, std::size_t bin) {
        count_ = 0;
        for (std::size_t s = 0; s < side.samples; ++s) {
            const Neighbours at = neighbours(side.position(bin, s), side.size);
            if (!at.inside) continue;
            add(at.low, at.low_weight);
            add(at.high, at.high_weight);
        }
    }
    [[nodiscard]] std::span<const Pixel> pixels() const { return std::span(pixels_).first(count_); }

private:
    void add(std::size_t index, float weight) {
        for (std::size_t i = 0; i < count_; ++i) {
            if (pixels_[i].index != index) continue;
            pixels_[i].weight += weight;
            return;
        }
        pixels_[count_++] = {index, weight};
    }

    std::size_t count_ = 0;
    std::array<Pixel, 2 * most_merged_samples> pixels_;
};

/// Sums up one bin at a time.
class BinWriter {
public:
    BinWriter(WeightedSum weighted_sum, const RoiAlignParameters& parameters, std::size_t channels, float* y)
        : weighted_sum_(weighted_sum), channels_(channels), bins_(parameters.pooled_h * parameters.pooled_w), y_(y),
          layout_(parameters.layout) {}

    void write(std::size_t bin, const float* picture, std::span<const PixelTap> taps, bool resume) const {
        if (layout_ == RoiLayout::channels_last) {
            weighted_sum_(picture, taps.data(), taps.size(), channels_, resume, y_ + bin * channels_);
            return;
        }
        std::array<float, 64> part{};
        for (std::size_t c = 0; c < channels_; c += part.size()) {
            const std::size_t count = std::min(part.size(), channels_ - c);
            for (std::size_t i = 0; resume && i < count; ++i) part[i] = y_[(c + i) * bins_ + bin];
            weighted_sum_(picture + c, taps.data(), taps.size(), count, resume, part.data());
            for (std::size_t i = 0; i < count; ++i) y_[(c + i) * bins_ + bin] = part[i];
        }
    }

private:
    WeightedSum weighted_sum_;
    std::size_t channels_;
    std::size_t bins_;
    float* y_;
    RoiLayout layout_;
};

struct Map {
    const float* picture = nullptr;
    std::size_t width = 0;
    std::size_t channels = 0;

    [[nodiscard]] PixelTap tap(std::size_t row, std::size_t column, float weight) const {
        return {(row * width + column) * channels, weight};
    }
};

/// A bin of few samples along each side: weights are products of a row's and a column's.
void pool_merged(const RoiAlignParameters& p, const Map& map, const Side& down, const Side& across,
                 const BinWriter& writer) {
    const float count = static_cast<float>(down.samples * across.samples);
    std::array<BinPixels, most_bins_a_side> columns;
    for (std::size_t pw = 0; pw < p.pooled_w; ++pw) columns[pw].gather(across, pw);
    BinPixels rows;
    std::array<PixelTap, most_taps> taps;
    for (std::size_t ph = 0; ph < p.pooled_h; ++ph) {
        rows.gather(down, ph);
        for (std::size_t pw = 0; pw < p.pooled_w; ++pw) {
            std::size_t used = 0;
            for (const auto& row : rows.pixels()) {
                for (const auto& column : columns[pw].pixels()) {
                    taps[used++] = map.tap(row.index, column.index, row.weight * column.weight / count);
                }
            }
            writer.write(ph * p.pooled_w + pw, map.picture, std::span(taps).first(used), false);
        }
    }
}

/// The first sample of a bin that may lie inside the map: what a RoI has outside costs nothing.
std::size_t first_sample(const Side& side, std::size_t bin) {
    const float skipped = (-1.F - side.position(bin, 0)) / side.bin * static_cast<float>(side.samples);
    if (!(side.bin > 0.F) || !(skipped > 2.F)) return 0;
    return static_cast<std::size_t>(std::min(skipped, static_cast<float>(side.samples))) - 2;
}

/// Calls `body` with the neighbours of each sample of a bin that lies inside the map.
template <class Body>
void for_samples(const Side& side, std::size_t bin, const Body& body) {
    // Every position would be infinite or NaN, and none inside.
    if (!std::isfinite(side.start) || !std::isfinite(side.bin)) return;
    for (std::size_t s = first_sample(side, bin); s < side.samples; ++s) {
        const float position = side.position(bin, s);
        if (side.bin > 0.F && position > static_cast<float>(side.size)) return;
        const Neighbours at = neighbours(position, side.size);
        if (at.inside) body(at);
    }
}

/// Any number of samples and bins.
void pool_sampled(const RoiAlignParameters& p, const Map& map, const Side& down, const Side& across,
                  const BinWriter& writer) {
    const float count = std::max(static_cast<float>(down.samples) * static_cast<float>(across.samples), 1.F);
    std::array<PixelTap, most_taps> taps;
    for (std::size_t bin = 0; bin < p.pooled_h * p.pooled_w; ++bin) {
        std::size_t used = 0;
        bool resume = false;
        for_samples(down, bin / p.pooled_w, [&](const Neighbours& row) {
            for_samples(across, bin % p.pooled_w, [&](const Neighbours& column) {
                if (used + 4 > taps.size()) {
                    writer.write(bin, map.picture, std::span(taps).first(used), resume);
                    resume = true;
                    used = 0;
                }
                taps[used++] = map.tap(row.low, column.low, row.low_weight * column.low_weight / count);
                taps[used++] = map.tap(row.low, column.high, row.low_weight * column.high_weight / count);
                taps[used++] = map.tap(row.high, column.low, row.high_weight * column.low_weight / count);
                taps[used++] = map.tap(row.high, column.high, row.high_weight * column.high_weight / count);
            });
        });
        writer.write(bin, map.picture, std::span(taps).first(used), resume);
    }
}

} // namespace

void roi_align(WeightedSum weighted_sum, const RoiAlignParameters& p, const float* x, const MapSize& size,
               std::size_t channels, std::span<const float> rois, std::span<const std::int64_t> pictures, float* y,
               ThreadPool& pool) {
    const std::size_t roi_floats = p.pooled_h * p.pooled_w * channels;
    const bool merged = p.sampling_ratio >= 1 && p.sampling_ratio <= most_merged_samples &&
                        p.pooled_h <= most_bins_a_side && p.pooled_w <= most_bins_a_side;
    const bool empty = size.height == 0 || size.width == 0;
    pool.parallel_for(pictures.size(), rois_per_task, [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r) {
            float* of_roi = y + r * roi_floats;
            if (empty || pictures[r] < 0 || static_cast<std::size_t>(pictures[r]) >= size.batch) {
                std::fill_n(of_roi, roi_floats, 0.F);
                continue;
            }
            const std::span<const float> roi = rois.subspan(r * 4, 4);
            const Side across = make_side(p, roi[0], roi[2], p.pooled_w, size.width);
            const Side down = make_side(p, roi[1], roi[3], p.pooled_h, size.height);
            const std::size_t picture = static_cast<std::size_t>(pictures[r]) * size.height * size.width * channels;
            const Map map{x + picture, size.width, channels};
            const BinWriter writer(weighted_sum, p, channels, of_roi);
            if (merged) {
                pool_merged(p, map, down, across, writer);
            } else {
                pool_sampled(p, map, down, across, writer);
            }
        }
    });
}

} // namespace detect
