// SPDX-License-Identifier: Apache-2.0
#include "pictures/own_pictures.h"

#include "base/regular_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace detect {

namespace {

/// The text of a picture stands before its pixels, that of a video at its end.
constexpr std::size_t looked_at = 4096;

std::string number(std::size_t value, bool big_endian) {
    std::string bytes;
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((value >> shift) & 0xFFU);
    if (big_endian) std::ranges::reverse(bytes);
    return bytes;
}

std::string mark_for(const std::string& extension) {
    const std::string mark(own_mark);
    // ISO/IEC 14496-12: a box of free space. Its size counts the 8 bytes before the text.
    if (extension == ".mp4") return number(mark.size() + 8, true) + "free" + mark;
    // RIFF: a chunk of an even number of bytes.
    if (extension == ".avi")
        return "JUNK" + number(mark.size() + mark.size() % 2, false) + mark + std::string(mark.size() % 2, ' ');
    // RFC 8794: a Void element, its size in one byte.
    if (extension == ".mkv") return "\xEC" + std::string(1, static_cast<char>(0x80U + mark.size())) + mark;
    return {};
}

} // namespace

bool is_ours(const std::filesystem::path& file) {
    const auto opened = RegularFile::open(file);
    if (!opened) return false;
    const auto has_mark = [&](std::uint64_t offset) {
        std::array<std::byte, looked_at> buffer{};
        const auto count = opened->read_at(offset, buffer);
        const std::string_view text(reinterpret_cast<const char*>(buffer.data()), count ? *count : 0);
        return text.find(own_mark) != std::string_view::npos;
    };
    return has_mark(0) || (opened->size() > looked_at && has_mark(opened->size() - looked_at));
}

Result<void> mark_video(const std::filesystem::path& file) {
    const std::string mark = mark_for(file.extension().string());
    if (mark.empty()) return {};
    std::ofstream stream(file, std::ios::binary | std::ios::app);
    stream << mark << std::flush;
    if (stream) return {};
    return Error{ErrorCode::unwritable_output, file.string() + ": cannot be written"};
}

} // namespace detect
