// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/files.h"

#include "graph/builder.h"
#include "onnx/writer.h"
#include "pictures/picture.h"
#include "tests/support/require.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>

namespace detect::test {

std::filesystem::path board() { return std::filesystem::path(DETECT_SAMPLES_DIR) / "board.png"; }
std::filesystem::path board_truth() { return std::filesystem::path(DETECT_SAMPLES_DIR) / "board.json"; }
std::filesystem::path bundled_weights() {
    return std::filesystem::path(DETECT_SAMPLES_DIR) / "model/circuit_board.safetensors";
}

std::filesystem::path small_model() {
    std::filesystem::path path = DETECT_CLI_MODEL;
    if (!std::filesystem::exists(path))
        throw std::runtime_error("run the test cli_model first: it makes " + path.string());
    return path;
}

std::vector<std::string> small_model_options() { return {"--min-size", "320", "--max-size", "320"}; }

void write_fixed_model(const std::filesystem::path& path, const FixedDetections& found) {
    const ParameterMap no_parameters;
    GraphBuilder b(no_parameters);
    const ValueId input = b.input("input", DataType::float32, {"batch", 3, "height", "width"});
    const ValueId batch = b.size_of(input, 0);
    const auto for_each_picture = [&](const char* name, Tensor values, const std::vector<std::int64_t>& sizes) {
        const ValueId tail = b.constant(std::string(name) + "_sizes",
                                        Tensor::of<std::int64_t>({static_cast<std::int64_t>(sizes.size())}, sizes));
        const ValueId shape = sizes.empty() ? batch : b.concat({batch, tail}, 0);
        return b.node("Expand", {b.constant(std::string(name) + "_values", std::move(values)), shape});
    };
    const auto n = static_cast<std::int64_t>(found.labels.size());
    b.output("boxes", for_each_picture("boxes", Tensor::of<float>({n, 4}, found.boxes), {n, 4}), Shape{"batch", n, 4});
    b.output("labels", for_each_picture("labels", Tensor::of<std::int64_t>({n}, found.labels), {n}), Shape{"batch", n});
    b.output("scores", for_each_picture("scores", Tensor::of<float>({n}, found.scores), {n}), Shape{"batch", n});
    b.output("valid_detections", for_each_picture("valid", Tensor::of<std::int64_t>({1}, {n}), {}), Shape{"batch"});
    Graph graph = require(b.finish());
    graph.metadata["labels"] = found.names;
    write_text(path, require(write_onnx(graph)));
}

void write_tiny_model(const std::filesystem::path& path) {
    write_fixed_model(path, {.boxes = {1, 2, 3, 4, 0, 0, 8, 8},
                             .labels = {1, 2},
                             .scores = {0.9F, 0.6F},
                             .names = R"(["first","second"])"});
}

std::vector<std::byte> read_bytes(const std::filesystem::path& path) {
    const std::string text = read_text(path);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::filesystem::path& path, const std::vector<std::byte>& bytes) {
    write_text(path, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void write_text(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void write_cut(const std::filesystem::path& from, std::uintmax_t size, const std::filesystem::path& to) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(to, size);
}

void write_flat_picture(const std::filesystem::path& path, int width, int height, std::array<unsigned char, 3> colour) {
    std::vector<unsigned char> pixels;
    for (int i = 0; i < width * height; ++i) pixels.insert(pixels.end(), colour.begin(), colour.end());
    const ImageView view{pixels.data(), width, height, 3 * static_cast<std::size_t>(width), PixelFormat::rgb8};
    require(write_picture(path, view));
}

void write_float_tiff(const std::filesystem::path& path, int width, int height, float low, float high) {
    static_assert(std::endian::native == std::endian::little);
    std::string file("II*\0", 4);
    const auto u16 = [&](unsigned value) { file += {static_cast<char>(value & 255U), static_cast<char>(value >> 8U)}; };
    const auto u32 = [&](std::uint32_t value) { u16(value & 0xFFFFU), u16(value >> 16U); };
    struct Entry {
        unsigned tag, type;
        std::uint32_t count, value;
    };
    const auto samples = 3 * static_cast<std::uint32_t>(width) * static_cast<std::uint32_t>(height);
    constexpr std::uint32_t three_words = 8;                      // where the values that do not fit into an entry are
    constexpr std::uint32_t directory = three_words + 12;         // behind them
    constexpr std::uint32_t pixels = directory + 2 + 10 * 12 + 4; // behind the directory of ten entries
    u32(directory);
    for (const unsigned bits : {32U, 32U, 32U, 3U, 3U, 3U}) u16(bits); // bits per sample; sample format: float
    u16(10);
    for (const auto& [tag, type, count, value] :
         {Entry{256, 4, 1, static_cast<std::uint32_t>(width)}, Entry{257, 4, 1, static_cast<std::uint32_t>(height)},
          Entry{258, 3, 3, three_words}, Entry{259, 3, 1, 1}, // no compression
          Entry{262, 3, 1, 2},                                // RGB
          Entry{273, 4, 1, pixels},                           // the only strip
          Entry{277, 3, 1, 3},                                // samples per pixel
          Entry{278, 4, 1, static_cast<std::uint32_t>(height)}, Entry{279, 4, 1, 4 * samples},
          Entry{339, 3, 3, three_words + 6}}) {
        u16(tag), u16(type), u32(count), u32(value);
    }
    u32(0); // no further page
    for (std::uint32_t i = 0; i < samples; ++i) {
        const float share = samples > 1 ? static_cast<float>(i) / static_cast<float>(samples - 1) : 0.0F;
        u32(std::bit_cast<std::uint32_t>(low + share * (high - low)));
    }
    write_text(path, file);
}

} // namespace detect::test
