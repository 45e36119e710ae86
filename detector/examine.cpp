// SPDX-License-Identifier: Apache-2.0
#include "base/exceptions.h"
#include "base/try.h"
#include "detect/detector.h"
#include "detector/implementation.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture_statistics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace detect {

namespace {

/// Without a picture to compare with: as little as this is not a matter of taste.
constexpr double least_mean = 0.02;
constexpr double most_mean = 0.98;
constexpr double least_deviation = 0.02;
/// A share of what the verified picture has.
constexpr double much_less = 0.2;
/// Objects of less than half the size are often missed; of more than four times, they leave the anchors behind.
constexpr double much_smaller = 0.5;
constexpr double much_larger = 4.0;
/// Without a picture to compare with: pictures are mostly about as large as the network makes them.
constexpr double shrunk = 1.0 / 3.0;

/// The picture that the export was verified on.
struct VerifiedPicture {
    int width = 0;
    int height = 0;
    double mean = 0.0;
    double deviation = 0.0;
};

std::optional<double> read_number(const std::map<std::string, std::string>& metadata, const char* key) {
    const auto entry = metadata.find(key);
    double value = 0.0;
    if (entry == metadata.end()) return std::nullopt;
    const char* const end = entry->second.data() + entry->second.size();
    const auto read = std::from_chars(entry->second.data(), end, value);
    return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

std::optional<VerifiedPicture> verified_picture(const std::map<std::string, std::string>& metadata) {
    const auto width = read_number(metadata, "verified_picture_width");
    const auto height = read_number(metadata, "verified_picture_height");
    const auto mean = read_number(metadata, "verified_picture_mean");
    const auto deviation = read_number(metadata, "verified_picture_deviation");
    const auto is_side = [](const std::optional<double>& side) { return side && *side >= 1.0 && *side <= 1e9; };
    if (!is_side(width) || !is_side(height) || !mean || !deviation) return std::nullopt;
    return VerifiedPicture{static_cast<int>(*width), static_cast<int>(*height), *mean, *deviation};
}

std::string text(const char* form, auto... values) {
    std::array<char, 256> buffer{};
    std::snprintf(buffer.data(), buffer.size(), form, values...);
    return buffer.data();
}

std::optional<Doubt> doubt_of_values(const PictureStatistics& found, const std::optional<VerifiedPicture>& verified) {
    const std::string values = text("mean %.3f, deviation %.3f, of 0 to 1", found.mean, found.standard_deviation);
    const std::string compared =
        verified ? text("; the picture that the model was verified on has mean %.3f, deviation %.3f", verified->mean,
                        verified->deviation)
                 : "";
    if (found.is_flat()) return Doubt{"flat", "the picture is flat: there is nothing to see in it (" + values + ")"};
    if (found.mean < (verified ? much_less * verified->mean : least_mean))
        return Doubt{"dark", "the picture is nearly black (" + values + ")" + compared};
    if (1.0 - found.mean < (verified ? much_less * (1.0 - verified->mean) : 1.0 - most_mean))
        return Doubt{"bright", "the picture is nearly white (" + values + ")" + compared};
    if (found.standard_deviation < (verified ? much_less * verified->deviation : least_deviation))
        return Doubt{"flat", "the picture has little contrast (" + values + ")" + compared};
    return std::nullopt;
}

Result<std::vector<Doubt>> find_doubts(const Detector::Implementation& self, const ImageView& image) {
    DETECT_TRY_ASSIGN(const PictureStatistics found, measure(image));
    const auto verified = verified_picture(self.metadata);
    std::vector<Doubt> doubts;
    if (auto doubt = doubt_of_values(found, verified)) doubts.push_back(*std::move(doubt));

    // Tiles are scaled each by itself.
    const int longer = std::max(image.width, image.height);
    const bool tiled = self.tiling && self.tiling->when == TileWhen::larger_than_a_tile && longer > self.tiling->tile;
    const double scale =
        tiled ? self.scale(self.tiling->tile, self.tiling->tile) : self.scale(image.width, image.height);
    const double usual = verified ? self.scale(verified->width, verified->height) : 1.0;
    if (scale <= 0.0 || usual <= 0.0) return doubts;
    const std::string sizes = text("%d x %d pixels are scaled by %.2f", tiled ? self.tiling->tile : image.width,
                                   tiled ? self.tiling->tile : image.height, scale);
    const std::string than = verified
                                 ? text(" than in the one that the model was verified on (%d x %d, scaled by %.2f)",
                                        verified->width, verified->height, usual)
                                 : " than they are";
    if (scale / usual < (verified ? much_smaller : shrunk)) {
        const int tile =
            verified ? std::max(verified->width, verified->height) : std::max(32, static_cast<int>(longer * scale));
        doubts.push_back({"scale", sizes + text(": objects appear %.1f times smaller", usual / scale) + than +
                                       " and may be missed; look at it in tiles of " + std::to_string(tile)});
    } else if (verified && scale / usual > much_larger) {
        doubts.push_back(
            {"scale", sizes + text(": objects appear %.1f times larger", scale / usual) + than + " and may be missed"});
    }
    return doubts;
}

} // namespace

Result<std::vector<Doubt>> Detector::examine(const ImageView& image) const {
    return without_exceptions([&] { return find_doubts(*implementation_, image); });
}

} // namespace detect
