// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pictures/drawing_style.h"
#include "pictures/plate.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace detect {

struct LegendEntry {
    /// What stands at the box; empty: only its colour does.
    std::string mark;
    Colour colour = {};
    std::string name;
    /// Behind the name, which may be cut.
    std::string figure;
};

/// A list beside a picture: in columns, on a ground of its own.
class Legend {
public:
    /// How much room it may take.
    enum class Room { picture_once_more, any };

    /// To the right of the picture; below it, if that is more than 1.6 times as wide as high; or where it fits. Letters
    /// become smaller where there are many. A name that is too long ends with "…". None if there is no such place, and
    /// where a side would be longer than a JPEG's may be.
    [[nodiscard]] static std::optional<Legend> plan(std::span<const LegendEntry> entries, int picture_width,
                                                    int picture_height, const DrawingStyle& style,
                                                    const TextRenderer& renderer, Room room);

    /// The picture as it was, in the upper left corner, and the legend.
    [[nodiscard]] Picture beside(const Picture& picture) const;

private:
    struct Row {
        Plate mark;
        Colour colour = {};
        TextBitmap text;
    };
    [[nodiscard]] static std::vector<Row> rows_of(std::span<const LegendEntry> entries, int font_size, int widest,
                                                  const TextRenderer& renderer);
    /// Its columns: beside the picture they fill its height, below it its width.
    void arrange(bool below, int picture_width, int picture_height);

    std::vector<Row> rows_;
    bool below_ = false;
    int font_size_ = 0;
    int margin_ = 0;
    int gap_ = 0;
    int mark_width_ = 0;
    int column_width_ = 0;
    int row_height_ = 0;
    int rows_in_column_ = 1;
    int width_ = 0;
    int height_ = 0;
};

/// At most `widest` pixels of a text, with "…" where it was cut.
[[nodiscard]] std::string cut_to_width(const std::string& text, const std::string& behind, int font_size, int widest,
                                       const TextRenderer& renderer);

} // namespace detect
