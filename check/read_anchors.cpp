// SPDX-License-Identifier: Apache-2.0
#include "check/read_anchors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace detect::checking {

namespace {

/// As many as anybody has; more would take long to try.
constexpr std::size_t most_anchors = 256;
constexpr double largest_half_side = 1 << 16;

/// Half the sides of an anchor around the origin, in pixels.
struct HalfSides {
    double width = 0.0;
    double height = 0.0;
};

bool is_whole(float value) { return std::abs(value) <= largest_half_side && value == std::nearbyint(value); }

/// Whole numbers, (-w, -h, w, h) each.
bool are_anchors(std::span<const float> cells) {
    if (cells.empty() || cells.size() % 4 != 0 || cells.size() > 4 * most_anchors) return false;
    for (std::size_t i = 0; i < cells.size(); i += 4) {
        const float width = cells[i + 2];
        const float height = cells[i + 3];
        if (!is_whole(width) || !is_whole(height) || width < 1.0F || height < 1.0F) return false;
        if (cells[i] != -width || cells[i + 1] != -height) return false;
    }
    return true;
}

HalfSides anchor_at(std::span<const float> cells, std::size_t index) {
    return {static_cast<double>(cells[4 * index + 2]), static_cast<double>(cells[4 * index + 3])};
}

/// The number with the fewest decimals in [least, most].
std::optional<float> plainest(double least, double most) {
    for (double parts = 1.0; parts <= 1e6; parts *= 10.0) {
        const double value = std::ceil(least * parts - 1e-9) / parts;
        if (value >= least - 1e-9 && value <= most + 1e-9 && value > 0.0) return static_cast<float>(value);
    }
    return std::nullopt;
}

/// height / width of anchors of one ratio, one for each size: what all of them can be rounded from.
std::optional<float> ratio_of(std::span<const float> cells, std::size_t first, const std::vector<std::int64_t>& sizes) {
    // width = size / sqrt(ratio), height = size · sqrt(ratio); half of each is rounded to a whole number.
    double least_root = 0.0;
    double most_root = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto half = static_cast<double>(sizes[i]) / 2.0;
        const HalfSides sides = anchor_at(cells, first + i);
        least_root = std::max({least_root, half / (sides.width + 0.5), (sides.height - 0.5) / half});
        most_root = std::min({most_root, half / (sides.width - 0.5), (sides.height + 0.5) / half});
    }
    if (least_root > most_root) return std::nullopt;
    return plainest(least_root * least_root, most_root * most_root);
}

/// Sizes from the ratio whose anchors are closest to squares: there half the size is a side, but for its rounding.
std::vector<std::int64_t> sizes_of(std::span<const float> cells, std::size_t ratios, std::size_t count) {
    const auto elongation = [&](std::size_t ratio) {
        const HalfSides last = anchor_at(cells, ratio * count + count - 1);
        return std::abs(std::log(last.height / last.width));
    };
    std::size_t squarest = 0;
    for (std::size_t ratio = 1; ratio < ratios; ++ratio) {
        if (elongation(ratio) < elongation(squarest)) squarest = ratio;
    }
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < count; ++i) {
        const HalfSides sides = anchor_at(cells, squarest * count + i);
        sizes.push_back(static_cast<std::int64_t>(std::llround(2.0 * std::sqrt(sides.width * sides.height))));
    }
    return sizes;
}

bool gives(const AnchorSettings& settings, std::span<const float> cells) {
    const Tensor made = cell_anchors(settings);
    return std::ranges::equal(made.data<float>(), cells);
}

std::optional<AnchorSettings> with_sizes(std::span<const float> cells, std::vector<std::int64_t> sizes) {
    AnchorSettings settings{.sizes = std::move(sizes), .aspect_ratios = {}};
    const std::size_t count = settings.sizes.size();
    for (std::size_t first = 0; first < cells.size() / 4; first += count) {
        const auto ratio = ratio_of(cells, first, settings.sizes);
        if (!ratio) return std::nullopt;
        settings.aspect_ratios.push_back(*ratio);
    }
    return gives(settings, cells) ? std::optional(std::move(settings)) : std::nullopt;
}

/// Half of an odd size is rounded too, so that each may be one smaller or larger than it looks.
std::optional<AnchorSettings> near_sizes(std::span<const float> cells, const std::vector<std::int64_t>& sizes) {
    constexpr std::array<std::int64_t, 3> steps{0, -1, 1};
    constexpr std::size_t most_varied = 6;
    std::size_t choices = 1;
    for (std::size_t i = 0; i < std::min(sizes.size(), most_varied); ++i) choices *= steps.size();
    for (std::size_t choice = 0; choice < choices; ++choice) {
        std::vector<std::int64_t> varied = sizes;
        std::size_t rest = choice;
        for (std::size_t i = 0; rest > 0; ++i, rest /= steps.size()) varied[i] += steps[rest % steps.size()];
        if (auto settings = with_sizes(cells, std::move(varied))) return settings;
    }
    return std::nullopt;
}

} // namespace

std::optional<AnchorSettings> anchors_from_cells(std::span<const float> cells) {
    if (!are_anchors(cells)) return std::nullopt;
    const std::size_t anchors = cells.size() / 4;
    // Many sizes of few ratios, rather than the reverse: that is what anchors around the origin are like.
    for (std::size_t ratios = 1; ratios <= anchors; ++ratios) {
        if (anchors % ratios != 0) continue;
        if (auto settings = near_sizes(cells, sizes_of(cells, ratios, anchors / ratios))) return settings;
    }
    return std::nullopt;
}

std::optional<AnchorSettings> read_anchors(const Graph& graph) {
    std::span<const float> cells;
    for (const Value& value : graph.values) {
        const Tensor& tensor = value.constant;
        if (!tensor.defined() || tensor.type() != DataType::float32 || tensor.dims().rank() < 2) continue;
        if (tensor.dims()[tensor.dims().rank() - 1] != 4 || !are_anchors(tensor.data<float>())) continue;
        if (!cells.empty() && !std::ranges::equal(cells, tensor.data<float>())) return std::nullopt;
        cells = tensor.data<float>();
    }
    return anchors_from_cells(cells);
}

} // namespace detect::checking
