// SPDX-License-Identifier: Apache-2.0
#include "pictures/decoders.h"

#include <algorithm>
#include <array>

// EXIF is a small TIFF file: byte order mark, 42, offset of a directory of 12-byte entries (Exif 2.32, section 4.5).
namespace detect::picture_file {

namespace {

class ByteReader {
public:
    ByteReader(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

    [[nodiscard]] std::optional<std::uint32_t> unsigned_at(std::size_t offset, std::size_t count) const {
        if (offset > bytes_.size() || bytes_.size() - offset < count) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t place = big_endian_ ? i : count - 1 - i;
            value = (value << 8) | std::to_integer<std::uint32_t>(bytes_[offset + place]);
        }
        return value;
    }

private:
    Bytes bytes_;
    bool big_endian_;
};

bool starts_with(Bytes bytes, std::string_view prefix) {
    return bytes.size() >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                      [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

} // namespace

std::optional<int> exif_orientation(Bytes block) {
    constexpr std::string_view marker{"Exif\0\0", 6};
    constexpr std::uint32_t orientation_tag = 0x0112;
    constexpr std::uint32_t short_type = 3;
    if (starts_with(block, marker)) block = block.subspan(marker.size());

    const bool big_endian = starts_with(block, "MM");
    if (!big_endian && !starts_with(block, "II")) return std::nullopt;
    const ByteReader read(block, big_endian);
    const auto directory = read.unsigned_at(4, 4);
    if (!directory || read.unsigned_at(2, 2) != 42U) return std::nullopt;
    const std::uint32_t entries = read.unsigned_at(*directory, 2).value_or(0);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = std::size_t{*directory} + 2 + 12 * i;
        const auto tag = read.unsigned_at(entry, 2);
        if (!tag) break; // behind the block's end, however many entries it states
        if (*tag != orientation_tag) continue;
        const auto value = read.unsigned_at(entry + 8, 2);
        if (read.unsigned_at(entry + 2, 2) != short_type || !value || *value < 1 || *value > 8) return std::nullopt;
        return static_cast<int>(*value);
    }
    return std::nullopt;
}

std::optional<int> xmp_orientation(Bytes packet) {
    constexpr std::string_view name = "tiff:Orientation";
    const std::string_view text(reinterpret_cast<const char*>(packet.data()), packet.size());
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at)) {
        at += name.size();
        // tiff:Orientation="6" or <tiff:Orientation>6</tiff:Orientation>, with room around.
        std::string_view rest = text.substr(at, 64);
        const std::size_t digit = rest.find_first_not_of(" \t\r\n=>\"'");
        if (digit == 0 || digit == std::string_view::npos || digit + 1 >= rest.size()) continue;
        const bool alone = rest[digit + 1] < '0' || rest[digit + 1] > '9';
        if (alone && rest[digit] >= '1' && rest[digit] <= '8') return rest[digit] - '0';
    }
    return std::nullopt;
}

} // namespace detect::picture_file
