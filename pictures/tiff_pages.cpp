// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_pages.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

// TIFF 6.0, section 2: a header, and a chain of directories of entries. BigTIFF has wider numbers.
namespace detect::picture_file {

namespace {

constexpr std::uint64_t new_subfile_type_tag = 254;
constexpr std::uint64_t old_subfile_type_tag = 255;
constexpr std::uint64_t dng_version_tag = 50706;
constexpr std::uint64_t strip_offsets_tag = 273;
constexpr std::uint64_t rows_of_strip_tag = 278;
constexpr std::uint64_t strip_lengths_tag = 279;
constexpr std::uint64_t tile_offsets_tag = 324;
constexpr std::uint64_t tile_lengths_tag = 325;
/// Directories of any kind; more than pages, since a pyramid has several levels for each.
constexpr std::size_t most_directories = 16 * max_picture_pages;
/// Of a directory.
constexpr std::uint64_t most_entries = 4096;
/// Of all directories together, which may overlap and so be many in a small file. A page has about 20.
constexpr std::uint64_t most_entries_of_all = 64 * std::uint64_t{most_directories};

class TiffReader {
public:
    explicit TiffReader(const ReadAt& read) : read_(read) {}

    /// False if this is no TIFF.
    bool open() {
        std::array<std::byte, 4> mark{};
        if (!read_(0, mark)) return false;
        big_endian_ = mark[0] == std::byte{'M'};
        const auto version = number(mark, 2, 2);
        wide_ = version == 43;
        return version == 42 || version == 43;
    }

    [[nodiscard]] std::optional<std::uint64_t> first_directory() const { return wide_ ? at(8, 8) : at(4, 4); }

    /// Calls `visit(tag, count, value)` with each entry of a directory, the value as far as it stands there.
    /// Returns where the entries end; nothing if that is outside the file.
    template <class Visit>
    [[nodiscard]] std::optional<std::uint64_t> for_each_entry(std::uint64_t offset, Visit visit) const {
        const std::size_t count_bytes = wide_ ? 8 : 2;
        const std::size_t entry_bytes = wide_ ? 20 : 12;
        const std::size_t value_at = wide_ ? 12 : 8;
        const auto count = at(offset, count_bytes);
        if (!count || *count > most_entries) return std::nullopt;
        std::vector<std::byte> entries(static_cast<std::size_t>(*count) * entry_bytes);
        if (!read_(offset + count_bytes, entries)) return std::nullopt;
        for (std::size_t entry = 0; entry < entries.size(); entry += entry_bytes) {
            const bool is_short = number(entries, entry + 2, 2) == 3;
            visit(number(entries, entry, 2), number(entries, entry + 4, wide_ ? 8 : 4),
                  number(entries, entry + value_at, is_short ? 2 : 4));
        }
        return offset + count_bytes + entries.size();
    }

    /// What a directory says that matters here.
    struct Directory {
        bool is_page = true;
        bool is_raw = false;
        std::uint64_t next = 0;
        std::uint64_t entries = 0;
    };

    /// Nothing if it lies outside the file.
    [[nodiscard]] std::optional<Directory> directory(std::uint64_t offset) const {
        Directory found;
        const auto end = for_each_entry(offset, [&](std::uint64_t tag, std::uint64_t, std::uint64_t value) {
            ++found.entries;
            constexpr std::uint64_t reduced_or_mask = 1 | 4;
            if (tag == new_subfile_type_tag && (value & reduced_or_mask) != 0) found.is_page = false;
            if (tag == old_subfile_type_tag && value == 2) found.is_page = false;
            if (tag == dng_version_tag) found.is_raw = true;
        });
        if (!end) return std::nullopt;
        const auto next = at(*end, wide_ ? 8 : 4);
        // Some programs leave the last one out.
        found.next = next.value_or(0);
        return found;
    }

private:
    [[nodiscard]] std::uint64_t number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) const {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t place = big_endian_ ? i : size - 1 - i;
            value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[offset + place]);
        }
        return value;
    }

    [[nodiscard]] std::optional<std::uint64_t> at(std::uint64_t offset, std::size_t size) const {
        std::array<std::byte, 8> bytes{};
        if (!read_(offset, std::span(bytes).first(size))) return std::nullopt;
        return number(bytes, 0, size);
    }

    const ReadAt& read_;
    bool big_endian_ = false;
    bool wide_ = false;
};

} // namespace

std::optional<TiffBlockLists> tiff_block_lists(const ReadAt& read, std::uint64_t directory, bool tiled) {
    TiffReader tiff(read);
    if (!tiff.open()) return std::nullopt;
    TiffBlockLists lists;
    // Some programs list tiles under the tags of strips, which libtiff takes, too.
    const auto end = tiff.for_each_entry(directory, [&](std::uint64_t tag, std::uint64_t count, std::uint64_t value) {
        if (tag == strip_offsets_tag || (tiled && tag == tile_offsets_tag))
            lists.places = std::max(lists.places, count);
        if (tag == rows_of_strip_tag && !tiled) lists.rows = value;
        if (tag == strip_lengths_tag || (tiled && tag == tile_lengths_tag))
            lists.lengths = std::max(lists.lengths.value_or(0), count);
    });
    if (!end) return std::nullopt;
    lists.begin = directory;
    lists.end = *end;
    return lists;
}

Result<TiffPages> tiff_pages(const ReadAt& read) {
    TiffPages found;
    TiffReader tiff(read);
    if (!tiff.open()) return found;
    const std::uint64_t first = tiff.first_directory().value_or(0);
    std::set<std::uint64_t> visited;
    const auto after = [&] { return "after " + std::to_string(visited.size()) + " directories, "; };
    std::uint64_t entries = 0;
    for (std::uint64_t offset = first; offset != 0;) {
        if (visited.contains(offset)) {
            found.broken = after() + "the list of pages leads back to an earlier one";
            break;
        }
        const auto directory = tiff.directory(offset);
        if (!directory) {
            if (!visited.empty()) found.broken = after() + "the list of pages leads out of the file";
            break;
        }
        entries += directory->entries;
        if (entries > most_entries_of_all) {
            return Error{ErrorCode::resource_limit, "has directories of more than " +
                                                        std::to_string(most_entries_of_all) +
                                                        " entries, the limit for a TIFF; none is looked at: split it"};
        }
        if (visited.empty()) found.is_raw = directory->is_raw;
        visited.insert(offset);
        if (directory->is_page) found.offsets.push_back(offset);
        if (found.offsets.size() > max_picture_pages || visited.size() > most_directories) {
            return Error{ErrorCode::resource_limit, "has more than " + std::to_string(max_picture_pages) +
                                                        " pages, the limit for a TIFF; none is looked at: split it"};
        }
        offset = directory->next;
    }
    if (found.offsets.empty() && !visited.empty()) found.offsets.push_back(first);
    return found;
}

} // namespace detect::picture_file
