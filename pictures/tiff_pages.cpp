// SPDX-License-Identifier: Apache-2.0
#include "pictures/picture_pages.h"

#include <array>
#include <optional>
#include <set>

// TIFF 6.0, section 2: a header, and a chain of directories of entries. BigTIFF has wider numbers.
namespace detect::picture_file {

namespace {

constexpr std::uint64_t new_subfile_type_tag = 254;
constexpr std::uint64_t old_subfile_type_tag = 255;
constexpr std::uint64_t dng_version_tag = 50706;
/// Directories of any kind; more than pages, since a pyramid has several levels for each.
constexpr std::size_t most_directories = 16 * max_picture_pages;

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

    /// What a directory says that matters here.
    struct Directory {
        bool is_page = true;
        bool is_raw = false;
        std::uint64_t next = 0;
    };

    /// Nothing if it lies outside the file.
    [[nodiscard]] std::optional<Directory> directory(std::uint64_t offset) const {
        const std::size_t count_bytes = wide_ ? 8 : 2;
        const std::size_t entry_bytes = wide_ ? 20 : 12;
        const std::size_t value_at = wide_ ? 12 : 8;
        const auto count = at(offset, count_bytes);
        if (!count || *count > 65535) return std::nullopt;
        std::vector<std::byte> entries(static_cast<std::size_t>(*count) * entry_bytes);
        if (!read_(offset + count_bytes, entries)) return std::nullopt;
        Directory found;
        for (std::size_t entry = 0; entry < entries.size(); entry += entry_bytes) {
            const std::uint64_t tag = number(entries, entry, 2);
            const bool is_short = number(entries, entry + 2, 2) == 3;
            const std::uint64_t value = number(entries, entry + value_at, is_short ? 2 : 4);
            constexpr std::uint64_t reduced_or_mask = 1 | 4;
            if (tag == new_subfile_type_tag && (value & reduced_or_mask) != 0) found.is_page = false;
            if (tag == old_subfile_type_tag && value == 2) found.is_page = false;
            if (tag == dng_version_tag) found.is_raw = true;
        }
        const auto next = at(offset + count_bytes + entries.size(), wide_ ? 8 : 4);
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

Result<TiffPages> tiff_pages(const ReadAt& read) {
    TiffPages found;
    TiffReader tiff(read);
    if (!tiff.open()) return found;
    const std::uint64_t first = tiff.first_directory().value_or(0);
    std::set<std::uint64_t> visited;
    const auto after = [&] { return "after " + std::to_string(visited.size()) + " directories, "; };
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
