// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_pages.h"

#include "base/regular_file.h"
#include "base/text.h"
#include "pictures/picture_kinds.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

namespace detect {

namespace {

using namespace std::string_view_literals;
using picture_file::ReadAt;

/// Chunks and markers of one file that are walked over; none has so many before its pixels.
constexpr int most_parts = 100'000;

template <std::size_t Size>
std::optional<std::array<std::byte, Size>> bytes_at(const ReadAt& read, std::uint64_t offset) {
    std::array<std::byte, Size> bytes{};
    return read(offset, bytes) ? std::optional(bytes) : std::nullopt;
}

std::uint64_t big_endian(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes) value = (value << 8U) | std::to_integer<std::uint64_t>(byte);
    return value;
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i]);
    return value;
}

bool is(std::span<const std::byte> bytes, std::string_view text) {
    return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::string counted(std::uint64_t count, const char* one, const char* several) {
    return std::to_string(count) + " " + (count == 1 ? one : several);
}

std::string frames_left_out(std::uint64_t count, const char* kind) {
    if (count == 0) return {};
    return std::string("is ") + kind + ": " + counted(count, "further frame is", "further frames are") +
           " not looked at; save the frames as pictures of their own";
}

/// An APNG has acTL before its pixels. Its first frame is the picture that others see, if fcTL stands before it.
std::string png_frames(const ReadAt& read) {
    std::uint64_t frames = 0;
    bool first_is_a_frame = false;
    std::uint64_t offset = 8;
    for (int part = 0; part < most_parts; ++part) {
        const auto head = bytes_at<12>(read, offset);
        if (!head) break;
        const auto kind = std::span(*head).subspan(4, 4);
        if (is(kind, "IDAT"sv)) break;
        if (is(kind, "acTL"sv)) frames = big_endian(std::span(*head).subspan(8, 4));
        if (is(kind, "fcTL"sv)) first_is_a_frame = true;
        offset += 12 + big_endian(std::span(*head).first(4));
    }
    return frames_left_out(first_is_a_frame && frames > 0 ? frames - 1 : frames, "an animated PNG");
}

/// Each frame of an animation has a chunk ANMF.
std::string webp_frames(const ReadAt& read) {
    std::uint64_t frames = 0;
    std::uint64_t offset = 12;
    for (int part = 0; part < most_parts; ++part) {
        const auto head = bytes_at<8>(read, offset);
        if (!head) break;
        if (is(*head, "ANMF"sv)) ++frames;
        const std::uint64_t size = little_endian(std::span(*head).subspan(4, 4));
        offset += 8 + size + size % 2;
    }
    return frames_left_out(frames > 0 ? frames - 1 : 0, "an animated WebP");
}

/// Pictures besides the first one in a Multi-Picture Format block (CIPA DC-007): a TIFF header and a directory.
/// Thumbnails do not count.
std::uint64_t pictures_listed(std::span<const std::byte> block) {
    const auto value_at = [&, big = is(block, "MM"sv)](std::uint64_t offset,
                                                       std::size_t size) -> std::optional<std::uint64_t> {
        if (offset > block.size() || block.size() - offset < size) return std::nullopt;
        const auto bytes = block.subspan(static_cast<std::size_t>(offset), size);
        return big ? big_endian(bytes) : little_endian(bytes);
    };
    const std::uint64_t directory = value_at(4, 4).value_or(0);
    std::uint64_t pictures = 0;
    std::uint64_t list = 0;
    const std::uint64_t entries = value_at(directory, 2).value_or(0);
    for (std::uint64_t i = 0; i < entries; ++i) {
        const std::uint64_t entry = directory + 2 + 12 * i;
        const auto tag = value_at(entry, 2);
        if (!tag) break;
        const std::uint64_t value = value_at(entry + 8, 4).value_or(0);
        if (*tag == 0xB001) pictures = value;
        if (*tag == 0xB002) list = value;
    }
    std::uint64_t others = 0;
    for (std::uint64_t i = 1; i < std::min<std::uint64_t>(pictures, 4096); ++i) {
        const std::uint64_t type = list == 0 ? 0 : value_at(list + 16 * i, 4).value_or(0) & 0xFFFFFFU;
        const bool is_thumbnail = (type & 0xFF0000U) == 0x010000U;
        if (!is_thumbnail) ++others;
    }
    return others;
}

/// The second picture of an "Ultra HDR" photo says how bright each place is: it shows nothing else.
bool tells_of_gain_map(std::span<const std::byte> xmp) {
    constexpr std::string_view mark = "http://ns.adobe.com/hdr-gain-map/";
    return std::search(xmp.begin(), xmp.end(), mark.begin(), mark.end(),
                       [](std::byte a, char b) { return a == static_cast<std::byte>(b); }) != xmp.end();
}

std::string jpeg_pictures(const ReadAt& read) {
    std::uint64_t others = 0;
    bool gain_map = false;
    std::uint64_t offset = 2;
    for (int part = 0; part < most_parts; ++part) {
        const auto head = bytes_at<4>(read, offset);
        if (!head || (*head)[0] != std::byte{0xFF}) break;
        const auto marker = std::to_integer<unsigned>((*head)[1]);
        if (marker == 0xFF) { // a filling byte
            ++offset;
            continue;
        }
        constexpr unsigned start_of_scan = 0xDA;
        constexpr unsigned end_of_image = 0xD9;
        if (marker == start_of_scan || marker == end_of_image) break;
        const std::uint64_t size = big_endian(std::span(*head).subspan(2, 2));
        if (size < 2) break;
        if (marker == 0xE1 || marker == 0xE2) {
            std::vector<std::byte> block(static_cast<std::size_t>(size - 2));
            if (!read(offset + 4, block)) break;
            if (marker == 0xE2 && is(block, "MPF\0"sv)) others = pictures_listed(std::span(block).subspan(4));
            if (marker == 0xE1 && tells_of_gain_map(block)) gain_map = true;
        }
        offset += 2 + size;
    }
    if (gain_map && others > 0) --others;
    if (others == 0) return {};
    return "is a multi-picture JPEG: " + counted(others, "further picture is", "further pictures are") +
           " not looked at; save them as files of their own";
}

} // namespace

Result<PicturePages> find_pages(const std::filesystem::path& path) {
    const auto file = RegularFile::open(path);
    if (!file) return PicturePages(); // reading it says why
    std::array<std::byte, picture_kind_bytes> head{};
    const auto length = file->read_at(0, head);
    const auto kind = picture_kind(std::span(head).first(length ? *length : 0));
    const ReadAt read = [&](std::uint64_t offset, std::span<std::byte> target) {
        const auto count = file->read_at(offset, target);
        return count && *count == target.size();
    };
    PicturePages found;
    switch (kind ? kind->codec : PictureCodec::none) {
    case PictureCodec::png: found.left_out = png_frames(read); break;
    case PictureCodec::webp: found.left_out = webp_frames(read); break;
    case PictureCodec::jpeg: found.left_out = jpeg_pictures(read); break;
    case PictureCodec::tiff: {
        auto pages = picture_file::tiff_pages(read);
        if (!pages) return Error{pages.error().code, printable_path(path) + ": " + pages.error().message};
        found.pages = std::max<std::int64_t>(1, static_cast<std::int64_t>(pages->offsets.size()));
        if (!pages->broken.empty())
            found.left_out = "is damaged: " + pages->broken + "; what else is in it is not looked at";
        break;
    }
    default: break;
    }
    return found;
}

} // namespace detect
