// SPDX-License-Identifier: Apache-2.0
// Draws a picture of a bare circuit board as a binarised line scan shows it (copper black, ground white), with known
// defects of six classes, and writes down where they are. Every run gives the same picture.
//
//     detect_draw_board board.png board.json

#include "pictures/picture.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace {

constexpr int side = 640;
const cv::Scalar black(0);
const cv::Scalar white(255);

/// The classes in the order of the model's labels 1 to 6.
enum class Defect { open = 1, short_circuit, mousebite, spur, copper, pin_hole };
constexpr std::array<const char*, 6> class_names{"open", "short", "mousebite", "spur", "copper", "pin-hole"};

struct Annotation {
    Defect defect;
    cv::Rect box;
};

/// A small generator of our own: the standard library's distributions differ between implementations.
class Noise {
public:
    /// Uniform in [-limit, limit].
    int operator()(int limit) {
        state_ = state_ * 1664525U + 1013904223U;
        return static_cast<int>((state_ >> 16U) % static_cast<std::uint32_t>(2 * limit + 1)) - limit;
    }

private:
    std::uint32_t state_ = 20240607U;
};

class Board {
public:
    void trace(const std::vector<cv::Point>& points, int width) {
        cv::polylines(image_, std::vector{points}, false, black, width, cv::LINE_8);
    }
    void area(const std::vector<cv::Point>& outline) { cv::fillPoly(image_, std::vector{outline}, black); }
    void pad(cv::Rect rectangle) { cv::rectangle(image_, rectangle, black, cv::FILLED); }
    void via(cv::Point centre, int radius, int hole) {
        cv::circle(image_, centre, radius, black, cv::FILLED);
        cv::circle(image_, centre, hole, white, cv::FILLED);
    }
    void hole(cv::Point centre, int radius) { cv::circle(image_, centre, radius, white, cv::FILLED); }
    void octagon(cv::Rect r, int corner) {
        const int right = r.x + r.width;
        const int bottom = r.y + r.height;
        area({{r.x + corner, r.y},
              {right - corner, r.y},
              {right, r.y + corner},
              {right, bottom - corner},
              {right - corner, bottom},
              {r.x + corner, bottom},
              {r.x, bottom - corner},
              {r.x, r.y + corner}});
    }

    /// Etching and the scanner's threshold leave no edge quite straight: moves some edge pixels by one.
    void roughen_edges() {
        const cv::Mat before = image_.clone();
        for (int y = 1; y < side - 1; ++y) {
            for (int x = 1; x < side - 1; ++x) {
                const bool edge = before.at<std::uint8_t>(y, x) != before.at<std::uint8_t>(y, x - 1) ||
                                  before.at<std::uint8_t>(y, x) != before.at<std::uint8_t>(y - 1, x);
                if (edge && noise_(9) == 0) image_.at<std::uint8_t>(y, x) ^= 0xFFU;
            }
        }
    }

    /// A trace interrupted: `along` is half the gap's extent in x and y.
    void open(cv::Point centre, cv::Size half) { blob(Defect::open, centre, half, white); }
    void mousebite(cv::Point edge, cv::Size half) { blob(Defect::mousebite, edge, half, white); }
    void spur(cv::Point edge, cv::Size half) { blob(Defect::spur, edge, half, black); }
    void stray_copper(cv::Point centre, cv::Size half) { blob(Defect::copper, centre, half, black); }
    void pin_hole(cv::Point centre, cv::Size half) { blob(Defect::pin_hole, centre, half, white); }
    void short_circuit(cv::Point from, cv::Point to, int width) {
        const cv::Mat before = image_.clone();
        cv::line(image_, from, to, black, width, cv::LINE_8);
        annotate(Defect::short_circuit, before);
    }

    [[nodiscard]] const cv::Mat& image() const { return image_; }
    [[nodiscard]] const std::vector<Annotation>& annotations() const { return annotations_; }

private:
    /// An irregular spot: a polygon of twelve corners near an ellipse.
    void blob(Defect defect, cv::Point centre, cv::Size half, const cv::Scalar& colour) {
        // Sines of the twelve directions in thousandths; integers, so that every machine draws the same.
        constexpr std::array<int, 12> sines{0, 500, 866, 1000, 866, 500, 0, -500, -866, -1000, -866, -500};
        std::vector<cv::Point> corners;
        for (std::size_t i = 0; i < sines.size(); ++i) {
            const int stretch = 1000 + noise_(220);
            const int x = half.width * sines[(i + 3) % 12] / 1000 * stretch / 1000;
            const int y = half.height * sines[i] / 1000 * stretch / 1000;
            corners.push_back(centre + cv::Point(x, y));
        }
        const cv::Mat before = image_.clone();
        cv::fillPoly(image_, std::vector{corners}, colour);
        annotate(defect, before);
    }

    /// The box of a defect: the pixels that it changed, and a margin that shows what it belongs to.
    void annotate(Defect defect, const cv::Mat& before) {
        constexpr int margin = 11;
        const cv::Rect extent = cv::boundingRect(image_ != before);
        const cv::Rect grown(extent.x - margin, extent.y - margin, extent.width + 2 * margin,
                             extent.height + 2 * margin);
        annotations_.push_back({defect, grown & cv::Rect(0, 0, side, side)});
    }

    cv::Mat image_{side, side, CV_8UC1, white};
    std::vector<Annotation> annotations_;
    Noise noise_;
};

void draw_copper(Board& board) {
    // Upper left: two octagonal pads on a wide supply trace, a bus of four below.
    board.octagon({40, 36, 84, 96}, 18);
    board.hole({82, 84}, 13);
    board.octagon({212, 36, 84, 96}, 18);
    board.hole({254, 84}, 13);
    board.trace({{82, 120}, {82, 176}, {122, 216}, {430, 216}, {470, 176}, {470, 0}}, 26);
    for (int i = 0; i < 4; ++i) {
        const int y = 270 + 22 * i;
        board.trace({{0, y}, {360 - 9 * i, y}, {470 - 9 * i, y + 110}, {640, y + 110}}, 9);
    }
    // Right: a ground area with mounting holes and chamfered corners.
    board.area({{540, 0},
                {640, 0},
                {640, 330},
                {560, 330},
                {524, 294},
                {524, 230},
                {548, 206},
                {548, 120},
                {524, 96},
                {524, 24}});
    board.hole({592, 60}, 15);
    board.hole({592, 270}, 15);
    // Middle top: surface-mount pads.
    for (int i = 0; i < 4; ++i) {
        board.pad({344, 24 + 40 * i, 34, 20});
        board.pad({406, 24 + 40 * i, 34, 20});
    }
    // Lower left: an area with vias, and round pads in a row.
    board.area({{0, 400}, {150, 400}, {190, 440}, {190, 560}, {160, 590}, {60, 590}, {30, 620}, {0, 620}});
    board.hole({40, 440}, 12);
    board.hole({150, 550}, 12);
    for (int i = 0; i < 3; ++i) board.via({260 + 100 * i, 500}, 30, 11);
    // No bar joins two of them, or one and the area: without a plan of the board nobody could tell it from a short.
    board.trace({{260, 520}, {260, 590}, {290, 620}, {640, 620}}, 14);
    board.trace({{360, 520}, {360, 560}, {390, 590}, {640, 590}}, 14);
    // Lower right: a rounded area with a slot.
    board.octagon({530, 470, 110, 90}, 24);
    board.hole({585, 515}, 14);
}

void draw_defects(Board& board) {
    board.open({290, 216}, {9, 17});
    board.open({150, 292}, {8, 8});
    board.short_circuit({255, 314}, {255, 336}, 7);
    board.short_circuit({540, 590}, {540, 620}, 7);
    board.short_circuit({475, 62}, {530, 62}, 6);
    board.mousebite({110, 590}, {9, 11});
    board.mousebite({524, 262}, {11, 8});
    board.mousebite({360, 203}, {8, 9});
    board.spur({110, 400}, {6, 13});
    board.spur({483, 130}, {13, 6});
    board.stray_copper({170, 164}, {8, 10});
    board.stray_copper({420, 552}, {10, 7});
    board.pin_hole({92, 500}, {7, 7});
    board.pin_hole({590, 160}, {8, 6});
    board.pin_hole({570, 540}, {6, 7});
}

nlohmann::ordered_json to_coco(const Board& board, const std::string& file_name) {
    nlohmann::ordered_json annotations = nlohmann::ordered_json::array();
    for (const Annotation& annotation : board.annotations()) {
        const cv::Rect& box = annotation.box;
        annotations.push_back({{"id", annotations.size() + 1},
                               {"image_id", 1},
                               {"category_id", static_cast<int>(annotation.defect)},
                               {"bbox", {box.x, box.y, box.width, box.height}},
                               {"area", box.area()},
                               {"iscrowd", 0}});
    }
    nlohmann::ordered_json categories = nlohmann::ordered_json::array();
    for (const char* const name : class_names) categories.push_back({{"id", categories.size() + 1}, {"name", name}});
    nlohmann::ordered_json image{{"id", 1}, {"file_name", file_name}, {"width", side}, {"height", side}};
    return {{"images", nlohmann::ordered_json::array({std::move(image)})},
            {"annotations", std::move(annotations)},
            {"categories", std::move(categories)}};
}

} // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: detect_draw_board OUT.png OUT.json\n");
        return 2;
    }
    const std::string picture_path = arguments[1];
    const std::string json_path = arguments[2];

    Board board;
    draw_copper(board);
    draw_defects(board);
    board.roughen_edges();

    const cv::Mat& image = board.image();
    const auto written =
        detect::write_picture(picture_path, {image.data, side, side, image.step[0], detect::PixelFormat::grey8});
    if (!written) {
        std::fprintf(stderr, "%s\n", written.error().message.c_str());
        return 1;
    }
    const std::string file_name = picture_path.substr(picture_path.find_last_of('/') + 1);
    std::ofstream json(json_path);
    json << to_coco(board, file_name).dump(1) << '\n';
    if (!json.flush()) {
        std::fprintf(stderr, "%s: cannot be written\n", json_path.c_str());
        return 1;
    }
    return 0;
}
