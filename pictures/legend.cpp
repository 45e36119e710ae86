// SPDX-License-Identifier: Apache-2.0
#include "pictures/legend.h"

#include "base/text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace detect {

namespace {

constexpr Colour legend_ground{245, 245, 245};
constexpr Colour legend_ink{0, 0, 0};
/// Of a JPEG.
constexpr int longest_side = 65500;
/// However small the picture is, a legend may be as large as this, in pixels.
constexpr std::int64_t always_granted = 65536;
constexpr double wide_picture = 1.6;
/// A name has room for this many ems, in however narrow a picture.
constexpr int least_name_ems = 20;
constexpr int least_rows = 8;

} // namespace

std::string cut_to_width(const std::string& text, const std::string& behind, int font_size, int widest,
                         const TextRenderer& renderer) {
    const auto fits = [&](const std::string& whole) { return renderer.render(whole, font_size).width <= widest; };
    if (fits(text + behind)) return text + behind;
    std::size_t least = 0;
    std::size_t most = text.size(); // letters: at most as many as bytes
    const auto cut = [&](std::size_t letters) { return std::string(first_letters(text, letters)) + "…" + behind; };
    while (least < most) {
        const std::size_t middle = (least + most + 1) / 2;
        if (fits(cut(middle))) {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    return cut(least);
}

std::vector<Legend::Row> Legend::rows_of(std::span<const LegendEntry> entries, int font_size, int widest,
                                         const TextRenderer& renderer) {
    std::vector<Row> rows;
    for (const LegendEntry& entry : entries) {
        rows.push_back(
            {.mark = make_plate(renderer, entry.mark.empty() ? " " : entry.mark, font_size),
             .colour = entry.colour,
             .text = renderer.render(cut_to_width(entry.name, entry.figure, font_size, widest, renderer), font_size)});
    }
    return rows;
}

void Legend::arrange(bool below, int picture_width, int picture_height) {
    below_ = below;
    margin_ = std::max(4, font_size_ / 2);
    gap_ = std::max(2, font_size_ / 3);
    int widest_text = 0;
    int highest = 0;
    mark_width_ = 2 * margin_;
    for (const Row& row : rows_) {
        mark_width_ = std::max(mark_width_, row.mark.size.width);
        widest_text = std::max(widest_text, row.text.width);
        highest = std::max({highest, row.mark.size.height, row.text.height()});
    }
    row_height_ = highest + gap_;
    column_width_ = mark_width_ + gap_ + widest_text + margin_;
    const int count = static_cast<int>(rows_.size());
    if (below_) {
        const int columns = std::max(1, (picture_width - margin_) / column_width_);
        rows_in_column_ = (count + columns - 1) / columns;
    } else {
        rows_in_column_ = std::max((picture_height - 2 * margin_ + gap_) / row_height_, std::min(count, least_rows));
    }
    const int columns = (count + rows_in_column_ - 1) / rows_in_column_;
    width_ = margin_ + columns * column_width_;
    height_ = 2 * margin_ + std::min(count, rows_in_column_) * row_height_ - gap_;
}

std::optional<Legend> Legend::plan(std::span<const LegendEntry> entries, int picture_width, int picture_height,
                                   const DrawingStyle& style, const TextRenderer& renderer, Room room) {
    const bool prefers_below = picture_width > wide_picture * picture_height;
    for (int size = style.legend_font_size();; size = std::max(style.smallest_font_size(), size * 6 / 7)) {
        const int widest = std::max(least_name_ems * size, picture_width / 2);
        Legend legend;
        legend.font_size_ = size;
        legend.rows_ = rows_of(entries, size, widest, renderer);
        for (const bool below : {prefers_below, !prefers_below}) {
            legend.arrange(below, picture_width, picture_height);
            const std::int64_t most = std::max(always_granted, std::int64_t{picture_width} * picture_height);
            const int width = below ? std::max(picture_width, legend.width_) : picture_width + legend.width_;
            const int height = below ? picture_height + legend.height_ : std::max(picture_height, legend.height_);
            const bool is_small = room == Room::any ||
                                  std::int64_t{width} * height - std::int64_t{picture_width} * picture_height <= most;
            if (is_small && width <= longest_side && height <= longest_side) return legend;
        }
        if (size <= style.smallest_font_size()) return std::nullopt;
    }
}

Picture Legend::beside(const Picture& picture) const {
    Picture whole{.width = below_ ? std::max(picture.width, width_) : picture.width + width_,
                  .height = below_ ? picture.height + height_ : std::max(picture.height, height_),
                  .format = PixelFormat::rgb8,
                  .pixels = {}};
    const std::size_t row_bytes = 3 * static_cast<std::size_t>(whole.width);
    whole.pixels.resize(row_bytes * static_cast<std::size_t>(whole.height));
    Raster raster(whole);
    raster.fill({picture.width, 0, whole.width - picture.width, whole.height}, legend_ground);
    raster.fill({0, picture.height, picture.width, whole.height - picture.height}, legend_ground);
    const std::size_t bytes = 3 * static_cast<std::size_t>(picture.width);
    for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y)
        std::memcpy(whole.pixels.data() + y * row_bytes, picture.pixels.data() + y * bytes, bytes);
    const int left = (below_ ? 0 : picture.width) + margin_;
    const int top = (below_ ? picture.height : 0) + margin_;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const Row& row = rows_[i];
        const int number = static_cast<int>(i);
        const int x = left + number / rows_in_column_ * column_width_;
        const int y = top + number % rows_in_column_ * row_height_;
        Plate mark = row.mark;
        mark.padding += (mark_width_ - mark.size.width) / 2;
        mark.size.width = mark_width_;
        draw_plate(raster, mark, x, y, row.colour);
        // On one line with the mark, however high its letters are.
        const int rim = (mark.size.height - mark.text->height()) / 2;
        const int baseline = y + rim + mark.text->ascent;
        raster.write(row.text, x + mark_width_ + gap_, baseline - row.text.ascent, row.text.width, legend_ink);
    }
    return whole;
}

} // namespace detect
