// SPDX-License-Identifier: Apache-2.0
#include "pictures/drawing.h"

#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "pictures/class_colours.h"
#include "pictures/image_to_tensor.h"
#include "pictures/legend.h"
#include "pictures/plate.h"
#include "pictures/raster.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace detect {

namespace {

constexpr std::size_t longest_name = 120;
/// More labels than this, and than one in so many, that stand away from their boxes are harder to follow than numbers.
constexpr std::size_t two_may_move = 2;
constexpr std::size_t one_may_move_of = 5;
constexpr std::size_t most_listed_one_by_one = 500;
constexpr std::size_t most_classes_listed = 100;
constexpr Colour rim_colour{24, 24, 24};

/// A detection as it is drawn.
struct DrawnBox {
    /// Its place in the list of detections, from 1.
    std::size_t number = 0;
    int label = 0;
    std::string name;
    /// " 0.97"
    std::string score;
    PixelRect box;
    int line_width = 1;
    int font_size = 0;

    [[nodiscard]] int rim() const { return std::max(1, line_width / 4); }
    /// All that is drawn around the box.
    [[nodiscard]] PixelRect frame() const {
        const int outer = line_width + 2 * rim();
        return {box.x - outer, box.y - outer, box.width + 2 * outer, box.height + 2 * outer};
    }
};

std::string name_on_picture(int label, std::span<const std::string> names) {
    const std::string whole = without_controls(valid_utf8(label_name(label, names)), ' ');
    const std::string_view start = first_letters(whole, longest_name);
    return std::string(start) + (start.size() < whole.size() ? "…" : "");
}

std::string score_text(float score) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), " %.2f", static_cast<double>(score));
    return text.data();
}

/// The highest score first.
std::vector<DrawnBox> boxes_to_draw(const Picture& picture, std::span<const Detection> detections,
                                    std::span<const std::string> names, const DrawingStyle& style) {
    std::vector<std::size_t> by_score(detections.size());
    std::iota(by_score.begin(), by_score.end(), std::size_t{0});
    std::ranges::stable_sort(by_score,
                             [&](std::size_t a, std::size_t b) { return detections[a].score > detections[b].score; });
    std::vector<DrawnBox> boxes;
    for (const std::size_t i : by_score) {
        const Detection& detection = detections[i];
        const PixelRect box = covered_pixels(detection.box, picture.width, picture.height);
        boxes.push_back({.number = i + 1,
                         .label = detection.label,
                         .name = name_on_picture(detection.label, names),
                         .score = score_text(detection.score),
                         .box = box,
                         .line_width = style.line_width(box),
                         .font_size = style.font_size(box)});
    }
    return boxes;
}

/// A coloured frame between two thin dark ones, so that it stands out from light and dark ground alike. It lies around
/// the box, not over what it shows.
void draw_frame(Raster& raster, const DrawnBox& drawn) {
    const PixelRect& box = drawn.box;
    const auto ring = [&](int inner, int outer, const Colour& colour) {
        const int width = outer - inner;
        const PixelRect all{box.x - outer, box.y - outer, box.width + 2 * outer, box.height + 2 * outer};
        raster.fill({all.x, all.y, all.width, width}, colour);
        raster.fill({all.x, all.y + all.height - width, all.width, width}, colour);
        raster.fill({all.x, all.y, width, all.height}, colour);
        raster.fill({all.x + all.width - width, all.y, width, all.height}, colour);
    };
    const int rim = drawn.rim();
    ring(0, drawn.line_width + 2 * rim, rim_colour);
    ring(rim, rim + drawn.line_width, class_colour(drawn.label));
}

/// The plates of a picture: for each box those that it may have, and which one got what place.
struct Plates {
    std::vector<std::vector<Plate>> possible;
    std::vector<std::optional<LabelPlace>> places;

    [[nodiscard]] bool all_have_a_place() const {
        return std::ranges::all_of(places, [](const auto& place) { return place.has_value(); });
    }
    [[nodiscard]] bool are_easy_to_follow() const {
        const auto moved = static_cast<std::size_t>(
            std::ranges::count_if(places, [](const auto& place) { return place && place->leader.has_value(); }));
        return moved <= std::max(two_may_move, places.size() / one_may_move_of);
    }
};

/// `smaller`: sizes of text to try where the box's own does not fit.
template <class TextOf>
Plates place_plates(const Picture& picture, std::span<const DrawnBox> boxes, std::span<const int> smaller,
                    const TextRenderer& renderer, Crowded crowded, TextOf text_of) {
    Plates plates;
    std::vector<LabelRequest> requests;
    for (const DrawnBox& box : boxes) {
        std::vector<Plate> possible;
        possible.push_back(make_plate(renderer, text_of(box), box.font_size));
        for (const int size : smaller) {
            if (size < box.font_size) possible.push_back(make_plate(renderer, text_of(box), size));
        }
        LabelRequest request{.box = box.box, .frame = box.frame(), .sizes = {}, .line_width = box.line_width};
        for (const Plate& plate : possible) request.sizes.push_back(plate.size);
        requests.push_back(std::move(request));
        plates.possible.push_back(std::move(possible));
    }
    plates.places = place_labels(requests, picture.width, picture.height, crowded);
    return plates;
}

/// The best one last, on top.
void draw_all(Picture& picture, std::span<const DrawnBox> boxes, const Plates& plates) {
    Raster raster(picture);
    for (std::size_t rank = boxes.size(); rank-- > 0;) draw_frame(raster, boxes[rank]);
    for (std::size_t rank = plates.places.size(); rank-- > 0;) {
        const auto& place = plates.places[rank];
        if (!place) continue;
        const Colour colour = class_colour(boxes[rank].label);
        if (place->leader) raster.fill(*place->leader, colour);
        draw_plate(raster, plates.possible[rank][place->size], place->plate.x, place->plate.y, colour);
    }
}

/// In the order of the detections.
std::vector<LegendEntry> entries_of(std::span<const DrawnBox> boxes) {
    std::vector<LegendEntry> entries(boxes.size());
    for (const DrawnBox& box : boxes)
        entries[box.number - 1] = {std::to_string(box.number), class_colour(box.label), box.name, box.score};
    return entries;
}

std::vector<LegendEntry> classes_of(std::span<const DrawnBox> boxes) {
    std::map<int, std::pair<const DrawnBox*, std::size_t>> classes;
    for (const DrawnBox& box : boxes) {
        auto& [example, count] = classes[box.label];
        example = &box;
        ++count;
    }
    std::vector<LegendEntry> entries;
    for (const auto& [label, of_label] : classes) {
        if (entries.size() == most_classes_listed) {
            entries.push_back(
                {"", {245, 245, 245}, "and " + counted(classes.size() - most_classes_listed, "more class"), ""});
            break;
        }
        entries.push_back({"", class_colour(label), of_label.first->name, ": " + std::to_string(of_label.second)});
    }
    return entries;
}

class Drawing {
public:
    Drawing(Picture picture, std::span<const Detection> detections, std::span<const std::string> names,
            const TextRenderer* renderer, const DrawingOptions& options)
        : picture_(std::move(picture)), renderer_(renderer), options_(options),
          style_(picture_.width, picture_.height, options), boxes_(boxes_to_draw(picture_, detections, names, style_)) {
    }

    DrawnPicture draw() {
        const bool has_labels =
            options_.labels_on != LabelsOn::none && renderer_ != nullptr && renderer_->has_fonts() && !boxes_.empty();
        if (!has_labels) return finish({}, LabelsOn::none);
        const bool may_have_legend = !options_.keeps_size;
        if (options_.labels_on == LabelsOn::box) {
            Plates plates = labels(Crowded::left_out);
            if (plates.all_have_a_place() && (plates.are_easy_to_follow() || !may_have_legend))
                return finish(plates, LabelsOn::box);
        }
        if (may_have_legend) {
            if (auto drawn = with_legend()) return *std::move(drawn);
        }
        return finish(labels(Crowded::squeezed_in), LabelsOn::box);
    }

private:
    Plates labels(Crowded crowded) const {
        const std::array smaller{style_.smallest_font_size()};
        return place_plates(picture_, boxes_, smaller, *renderer_, crowded,
                            [](const DrawnBox& box) { return box.name + box.score; });
    }

    DrawnPicture finish(const Plates& plates, LabelsOn labels_on) {
        const PixelRect place{0, 0, picture_.width, picture_.height};
        draw_all(picture_, boxes_, plates);
        return {std::move(picture_), place, labels_on};
    }

    std::optional<Legend> plan_legend(std::span<const LegendEntry> entries, Legend::Room room) const {
        return Legend::plan(entries, picture_.width, picture_.height, style_, *renderer_, room);
    }

    std::optional<DrawnPicture> with_legend() {
        std::optional<Legend> legend;
        if (boxes_.size() <= most_listed_one_by_one)
            legend = plan_legend(entries_of(boxes_), Legend::Room::picture_once_more);
        const bool lists_classes = !legend;
        if (lists_classes) legend = plan_legend(classes_of(boxes_), Legend::Room::any);
        if (!legend) return std::nullopt;
        Plates numbers;
        if (!lists_classes) {
            const std::array smaller{style_.smallest_font_size(), style_.smallest_number_size()};
            numbers = place_plates(picture_, boxes_, smaller, *renderer_, Crowded::squeezed_in,
                                   [](const DrawnBox& box) { return std::to_string(box.number); });
        }
        DrawnPicture drawn = finish(numbers, LabelsOn::legend);
        drawn.picture = legend->beside(drawn.picture);
        drawn.lists_classes = lists_classes;
        return drawn;
    }

    Picture picture_;
    const TextRenderer* renderer_;
    DrawingOptions options_;
    DrawingStyle style_;
    std::vector<DrawnBox> boxes_;
};

} // namespace

Result<DrawnPicture> draw_detections(Picture picture, std::span<const Detection> detections,
                                     std::span<const std::string> names, const TextRenderer* renderer,
                                     const DrawingOptions& options) {
    if (picture.format != PixelFormat::rgb8)
        return Error{ErrorCode::invalid_argument, "draw_detections: draws on rgb8 only; convert with to_rgb8"};
    DETECT_TRY(check_view(picture.view()));
    return Drawing(std::move(picture), detections, names, renderer, options).draw();
}

} // namespace detect
