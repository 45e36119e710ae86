// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/image.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace detect::test {

/// samples/board.png, samples/board.json, and the checkpoint that comes with the program.
[[nodiscard]] std::filesystem::path board();
[[nodiscard]] std::filesystem::path board_truth();
[[nodiscard]] std::filesystem::path bundled_weights();

/// The bundled model, exported by the test that all others of the command wait for: pictures are scaled to 320 pixels.
[[nodiscard]] std::filesystem::path small_model();
/// The options that make the checkpoint the same model.
[[nodiscard]] std::vector<std::string> small_model_options();

/// What a model finds wherever it looks: four numbers a box (x1, y1, x2, y2), in the order of the scores.
struct FixedDetections {
    std::vector<float> boxes;
    std::vector<std::int64_t> labels;
    std::vector<float> scores;
    /// JSON: the names of the classes.
    std::string names;
};
/// A model of a few kilobytes with the inputs and outputs of an exported one, which finds these everywhere.
void write_fixed_model(const std::filesystem::path& path, const FixedDetections& found);

/// A model of a few kilobytes with the inputs and outputs of an exported one, which finds the same two objects wherever
/// it looks: (1, 2, 3, 4) of class 1 with score 0.9, (0, 0, 8, 8) of class 2 with score 0.6.
void write_tiny_model(const std::filesystem::path& path);

[[nodiscard]] std::vector<std::byte> read_bytes(const std::filesystem::path& path);
[[nodiscard]] std::string read_text(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, const std::vector<std::byte>& bytes);
void write_text(const std::filesystem::path& path, const std::string& text);
/// The first `size` bytes of a file, under another name.
void write_cut(const std::filesystem::path& from, std::uintmax_t size, const std::filesystem::path& to);

/// A picture of one colour (8 bits), as .png or .jpg.
void write_flat_picture(const std::filesystem::path& path, int width, int height, std::array<unsigned char, 3> colour);
/// A float32 TIFF, RGB, whose values run evenly from `low` to `high`.
void write_float_tiff(const std::filesystem::path& path, int width, int height, float low, float high);

} // namespace detect::test
