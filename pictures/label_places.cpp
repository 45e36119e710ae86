// SPDX-License-Identifier: Apache-2.0
#include "pictures/label_places.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <unordered_map>

namespace detect {

namespace {

constexpr double most_of_own_frame = 0.10;
constexpr double most_of_other_frame = 0.05;
constexpr int most_plate_heights_away = 4;

double area(const PixelRect& rect) { return double(rect.width) * double(rect.height); }

double shared_area(const PixelRect& a, const PixelRect& b) {
    const int width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const int height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    return width > 0 && height > 0 ? double(width) * double(height) : 0.0;
}

/// A frame, or a plate or leader that has its place.
struct Taken {
    PixelRect rect;
    bool is_frame = false;
    /// What is inside of a frame's lines.
    PixelRect inside = {};
    /// How much of it is hidden, in pixels.
    double hidden = 0.0;
};

/// Rectangles by where they are. Each lies in one cell of a grid whose cells are no smaller than it is; there is a grid
/// for each power of two. So each search looks at few cells, however many rectangles there are.
class TakenRects {
public:
    void add(const Taken& taken) {
        std::size_t level = 0;
        while (cell_size(level) < std::max(taken.rect.width, taken.rect.height)) ++level;
        if (grids_.size() <= level) grids_.resize(level + 1);
        grids_[level][cell(taken.rect.x, taken.rect.y, level)].push_back(all_.size());
        all_.push_back(taken);
    }

    /// Calls `look` with the number and the shared area of each that `rect` touches, until it returns true: whether it
    /// did.
    template <class Look>
    bool any(const PixelRect& rect, Look look) const {
        const auto look_at = [&](const std::vector<std::size_t>& numbers) {
            return std::ranges::any_of(numbers, [&](std::size_t number) {
                const double shared = shared_area(all_[number].rect, rect);
                return shared > 0.0 && look(number, shared);
            });
        };
        for (std::size_t level = 0; level < grids_.size(); ++level) {
            const auto& grid = grids_[level];
            const int size = cell_size(level);
            const auto [left, top] = cell(rect.x - size, rect.y - size, level);
            const auto [right, bottom] = cell(rect.x + rect.width, rect.y + rect.height, level);
            const double cells = double(right - left + 1) * double(bottom - top + 1);
            if (cells > double(grid.size())) {
                for (const auto& [place, numbers] : grid) {
                    if (look_at(numbers)) return true;
                }
                continue;
            }
            for (int y = top; y <= bottom; ++y) {
                for (int x = left; x <= right; ++x) {
                    const auto found = grid.find({x, y});
                    if (found != grid.end() && look_at(found->second)) return true;
                }
            }
        }
        return false;
    }

    Taken& operator[](std::size_t number) { return all_[number]; }
    const Taken& operator[](std::size_t number) const { return all_[number]; }

private:
    struct Cell {
        int x;
        int y;
        bool operator==(const Cell&) const = default;
    };
    struct CellHash {
        std::size_t operator()(const Cell& cell) const {
            const auto x = static_cast<std::uint64_t>(static_cast<std::uint32_t>(cell.x));
            const auto y = static_cast<std::uint64_t>(static_cast<std::uint32_t>(cell.y));
            return static_cast<std::size_t>((x << 32U | y) * 0x9E3779B97F4A7C15U >> 16U);
        }
    };
    static int cell_size(std::size_t level) { return 32 << level; }
    /// Rounded down, also left of the picture and above it.
    static Cell cell(int x, int y, std::size_t level) {
        return {x >> (5 + static_cast<int>(level)), y >> (5 + static_cast<int>(level))};
    }

    std::vector<Taken> all_;
    std::vector<std::unordered_map<Cell, std::vector<std::size_t>, CellHash>> grids_;
};

class Placement {
public:
    Placement(std::span<const LabelRequest> requests, int width, int height)
        : requests_(requests), width_(width), height_(height) {
        for (const LabelRequest& request : requests)
            taken_.add({.rect = request.frame, .is_frame = true, .inside = request.box});
    }

    std::optional<LabelPlace> find(std::size_t number, Crowded crowded) {
        const LabelRequest& request = requests_[number];
        std::optional<LabelPlace> found;
        for (std::size_t i = 0; i < request.sizes.size() && !found; ++i) found = at_frame(number, i);
        for (std::size_t i = 0; i < request.sizes.size() && !found; ++i) found = away(number, i);
        if (!found && crowded == Crowded::squeezed_in) found = where_least_is_hidden(number);
        if (found) take(*found);
        return found;
    }

private:
    bool has_room(const PlateSize& size) const { return size.width <= width_ && size.height <= height_; }

    /// The places around a frame, best first, moved into the picture.
    std::array<PixelRect, 8> around(const PixelRect& frame, const PlateSize& size) const {
        const int right = frame.x + frame.width;
        const int below = frame.y + frame.height;
        const int aligned_right = right - size.width;
        const int above = frame.y - size.height;
        const std::array<std::array<int, 2>, 8> corners{{{frame.x, above},
                                                         {frame.x, below},
                                                         {aligned_right, above},
                                                         {aligned_right, below},
                                                         {right, frame.y},
                                                         {frame.x - size.width, frame.y},
                                                         {frame.x, frame.y},
                                                         {aligned_right, below - size.height}}};
        std::array<PixelRect, 8> places;
        std::ranges::transform(corners, places.begin(), [&](const auto& corner) {
            return PixelRect{std::clamp(corner[0], 0, width_ - size.width),
                             std::clamp(corner[1], 0, height_ - size.height), size.width, size.height};
        });
        return places;
    }

    bool hides_nothing(const PixelRect& rect, std::size_t own) const {
        return !taken_.any(rect, [&](std::size_t number, double shared) {
            const Taken& other = taken_[number];
            const double share = number == own ? most_of_own_frame : most_of_other_frame;
            return !other.is_frame || other.hidden + shared > share * area(other.rect);
        });
    }

    /// A line crosses a box only if that box holds all of its own.
    bool crosses_nothing(const PixelRect& leader, std::size_t own) const {
        const PixelRect& frame = requests_[own].frame;
        return !taken_.any(leader, [&](std::size_t number, double) {
            const Taken& other = taken_[number];
            return !other.is_frame || (number != own && shared_area(other.rect, frame) < area(frame));
        });
    }

    std::optional<LabelPlace> at_frame(std::size_t number, std::size_t size_number) const {
        const LabelRequest& request = requests_[number];
        const PlateSize& size = request.sizes[size_number];
        if (!has_room(size)) return std::nullopt;
        for (const PixelRect& place : around(request.frame, size)) {
            if (hides_nothing(place, number)) return LabelPlace{size_number, place};
        }
        return std::nullopt;
    }

    std::optional<LabelPlace> away(std::size_t number, std::size_t size_number) const {
        const LabelRequest& request = requests_[number];
        const PlateSize& size = request.sizes[size_number];
        if (!has_room(size)) return std::nullopt;
        for (int heights = 1; heights <= most_plate_heights_away; ++heights) {
            for (const LabelPlace& place : at_distance(request, size_number, heights * size.height)) {
                const PixelRect& plate = place.plate;
                const bool inside = plate.x >= 0 && plate.y >= 0 && plate.x + plate.width <= width_ &&
                                    plate.y + plate.height <= height_;
                if (inside && hides_nothing(plate, number) && crosses_nothing(*place.leader, number)) return place;
            }
        }
        return std::nullopt;
    }

    /// Above, below, right and left of the frame, at its visible part.
    std::array<LabelPlace, 4> at_distance(const LabelRequest& request, std::size_t size_number, int distance) const {
        const PixelRect& frame = request.frame;
        const PlateSize& size = request.sizes[size_number];
        const int line = request.line_width;
        const int x = std::max(frame.x, 0);
        const int y = std::max(frame.y, 0);
        const int plate_x = std::clamp(x, 0, width_ - size.width);
        const int plate_y = std::clamp(y, 0, height_ - size.height);
        const int line_x = std::clamp(x, plate_x, plate_x + size.width - 1);
        const int line_y = std::clamp(y, plate_y, plate_y + size.height - 1);
        const int right = frame.x + frame.width;
        const int below = frame.y + frame.height;
        return {{{size_number,
                  {plate_x, frame.y - distance - size.height, size.width, size.height},
                  PixelRect{line_x, frame.y - distance, line, distance}},
                 {size_number,
                  {plate_x, below + distance, size.width, size.height},
                  PixelRect{line_x, below, line, distance}},
                 {size_number,
                  {right + distance, plate_y, size.width, size.height},
                  PixelRect{right, line_y, distance, line}},
                 {size_number,
                  {frame.x - distance - size.width, plate_y, size.width, size.height},
                  PixelRect{frame.x - distance, line_y, distance, line}}}};
    }

    /// A hidden label is lost; a hidden part of a box is only ugly, and of a large one enough can still be seen.
    double hidden_by(const PixelRect& rect) const {
        constexpr double label_weight = 8.0;
        constexpr double line_weight = 0.05;
        double hidden = 0.0;
        taken_.any(rect, [&](std::size_t number, double shared) {
            const Taken& other = taken_[number];
            if (other.is_frame) {
                const double inside = shared_area(other.inside, rect);
                hidden += inside * inside / area(other.inside) + line_weight * shared;
            } else {
                hidden += label_weight * shared;
            }
            return false;
        });
        return hidden;
    }

    std::optional<LabelPlace> where_least_is_hidden(std::size_t number) const {
        std::optional<LabelPlace> best;
        double least = std::numeric_limits<double>::infinity();
        const LabelRequest& request = requests_[number];
        for (std::size_t i = 0; i < request.sizes.size(); ++i) {
            if (!has_room(request.sizes[i])) continue;
            // At the box, a plate hides the frame's own line instead of what is beyond it.
            for (const PixelRect& at : {request.frame, request.box}) {
                for (const PixelRect& place : around(at, request.sizes[i])) {
                    const double hidden = hidden_by(place);
                    if (hidden >= least) continue;
                    least = hidden;
                    best = LabelPlace{i, place};
                }
            }
        }
        return best;
    }

    void take(const LabelPlace& place) {
        for (const auto& rect : {std::optional(place.plate), place.leader}) {
            if (!rect) continue;
            taken_.any(*rect, [&](std::size_t number, double shared) {
                taken_[number].hidden += shared;
                return false;
            });
            taken_.add({.rect = *rect});
        }
    }

    std::span<const LabelRequest> requests_;
    int width_;
    int height_;
    TakenRects taken_;
};

} // namespace

std::vector<std::optional<LabelPlace>> place_labels(std::span<const LabelRequest> requests, int picture_width,
                                                    int picture_height, Crowded crowded) {
    Placement placement(requests, picture_width, picture_height);
    std::vector<std::optional<LabelPlace>> places;
    for (std::size_t i = 0; i < requests.size(); ++i) places.push_back(placement.find(i, crowded));
    return places;
}

} // namespace detect
