// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/zip_archive.h"

#include "base/byte_cursor.h"
#include "base/text.h"
#include "base/try.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

/// Layouts and names are those of the ZIP specification (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 to 4.3.16, 4.5.3).
namespace detect {

namespace {

constexpr std::uint32_t local_header_signature = 0x04034b50;
constexpr std::uint32_t central_header_signature = 0x02014b50;
constexpr std::uint32_t end_signature = 0x06054b50;
constexpr std::uint32_t zip64_end_signature = 0x06064b50;
constexpr std::uint32_t zip64_locator_signature = 0x07064b50;
constexpr std::size_t end_size = 22;
constexpr std::size_t zip64_locator_size = 20;
constexpr std::size_t local_header_size = 30;
constexpr std::uint32_t in_zip64_field = 0xffffffff;

Error damaged_archive(const std::string& cause) {
    return {ErrorCode::unreadable_input, "damaged ZIP archive: " + cause};
}

struct Directory {
    std::uint64_t entry_count = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
};

/// A record of fixed layout whose bounds were checked once.
class Record {
public:
    explicit Record(std::span<const std::byte> bytes) : bytes_(bytes) {}
    template <class T>
    [[nodiscard]] T at(std::size_t offset) const {
        return ByteCursor(bytes_, offset).read<T>().value_or(T{});
    }

private:
    std::span<const std::byte> bytes_;
};

/// The end record is the last thing in the file but for a comment of at most 65535 bytes.
std::optional<std::size_t> find_end(std::span<const std::byte> file) {
    if (file.size() < end_size) return std::nullopt;
    const std::size_t last = file.size() - end_size;
    const std::size_t first = last - std::min<std::size_t>(last, 0xffff);
    for (std::size_t at = last + 1; at-- > first;) {
        const Record record(file.subspan(at));
        if (record.at<std::uint32_t>(0) == end_signature &&
            at + end_size + record.at<std::uint16_t>(20) == file.size()) {
            return at;
        }
    }
    return std::nullopt;
}

Result<Directory> find_directory(std::span<const std::byte> file) {
    const auto end = find_end(file);
    if (!end) return damaged_archive("it has no directory at its end (is the file cut off?)");
    const Record record(file.subspan(*end, end_size));
    Directory directory{record.at<std::uint16_t>(10), record.at<std::uint32_t>(12), record.at<std::uint32_t>(16)};
    if (*end >= zip64_locator_size) {
        const Record locator(file.subspan(*end - zip64_locator_size, zip64_locator_size));
        if (locator.at<std::uint32_t>(0) == zip64_locator_signature) {
            const auto zip64_offset = locator.at<std::uint64_t>(8);
            auto cursor =
                zip64_offset <= file.size() ? ByteCursor(file, static_cast<std::size_t>(zip64_offset)) : ByteCursor({});
            const auto zip64_end = cursor.take(56);
            if (!zip64_end || Record(*zip64_end).at<std::uint32_t>(0) != zip64_end_signature) {
                return damaged_archive("its ZIP64 end record is missing");
            }
            const Record zip64(*zip64_end);
            directory = {zip64.at<std::uint64_t>(32), zip64.at<std::uint64_t>(40), zip64.at<std::uint64_t>(48)};
        }
    }
    if (directory.offset > file.size() || directory.size > file.size() - directory.offset) {
        return damaged_archive("its directory lies outside the file (is the file cut off?)");
    }
    return directory;
}

struct Entry {
    std::string name;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint64_t compressed_size = 0;
    std::uint64_t size = 0;
    std::uint64_t local_header = 0;
};

/// Sizes and offsets that do not fit in 32 bits follow in extra field 1, in this order, each only if needed.
bool read_zip64_field(std::span<const std::byte> extra, Entry& entry) {
    ByteCursor fields(extra);
    while (fields.remaining() >= 4) {
        const auto id = fields.read<std::uint16_t>();
        const auto content = fields.take(fields.read<std::uint16_t>().value_or(0));
        if (!content) return false;
        if (id != 1) continue;
        ByteCursor values(*content);
        for (std::uint64_t* value : {&entry.size, &entry.compressed_size, &entry.local_header}) {
            if (*value != in_zip64_field) continue;
            const auto wide = values.read<std::uint64_t>();
            if (!wide) return false;
            *value = *wide;
        }
    }
    return true;
}

std::optional<Entry> read_central_header(ByteCursor& cursor) {
    const auto fixed = cursor.take(46);
    if (!fixed || Record(*fixed).at<std::uint32_t>(0) != central_header_signature) return std::nullopt;
    const Record record(*fixed);
    const auto name = cursor.take(record.at<std::uint16_t>(28));
    const auto extra = cursor.take(record.at<std::uint16_t>(30));
    const auto comment = cursor.take(record.at<std::uint16_t>(32));
    if (!name || !extra || !comment) return std::nullopt;
    Entry entry{std::string(as_text(*name)),  record.at<std::uint16_t>(8),  record.at<std::uint16_t>(10),
                record.at<std::uint32_t>(20), record.at<std::uint32_t>(24), record.at<std::uint32_t>(42)};
    if (!read_zip64_field(*extra, entry)) return std::nullopt;
    return entry;
}

Result<ZipEntry> locate(std::span<const std::byte> file, const Entry& entry) {
    const std::string name = "entry " + printable(entry.name);
    if ((entry.flags & 1U) != 0) return Error{ErrorCode::unreadable_input, name + " of the ZIP archive is encrypted"};
    if (entry.method == 0 && entry.compressed_size != entry.size)
        return damaged_archive(name + " has two different sizes");
    if (entry.local_header > file.size()) return damaged_archive(name + " lies outside the file");
    ByteCursor cursor(file, static_cast<std::size_t>(entry.local_header));
    const auto header = cursor.take(local_header_size);
    if (!header || Record(*header).at<std::uint32_t>(0) != local_header_signature)
        return damaged_archive(name + " has no header");
    const Record record(*header);
    const auto local_name = cursor.take(record.at<std::uint16_t>(26));
    const auto extra = cursor.take(record.at<std::uint16_t>(28));
    if (!local_name || as_text(*local_name) != entry.name || !extra)
        return damaged_archive(name + " has another name in its header");
    const auto data = cursor.take(entry.compressed_size);
    if (!data) return damaged_archive(name + " reaches beyond the end of the file");
    return ZipEntry{*data, entry.method != 0};
}

/// What an entry takes, from its header on.
struct Place {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::string name;
};

/// Entries that share bytes let a small file unfold to a large one, and one part of it pass for several.
Result<void> check_apart(std::vector<Place> places) {
    std::ranges::sort(places, {}, &Place::begin);
    for (std::size_t i = 1; i < places.size(); ++i) {
        if (places[i].begin < places[i - 1].end) {
            return damaged_archive("entry " + printable(places[i].name) + " overlaps " + printable(places[i - 1].name));
        }
    }
    return {};
}

} // namespace

Result<ZipEntries> read_zip(std::span<const std::byte> file) {
    DETECT_TRY_ASSIGN(const Directory directory, find_directory(file));
    ByteCursor cursor(
        file.subspan(static_cast<std::size_t>(directory.offset), static_cast<std::size_t>(directory.size)));
    ZipEntries entries;
    std::vector<Place> places;
    for (std::uint64_t i = 0; i < directory.entry_count; ++i) {
        const auto entry = read_central_header(cursor);
        if (!entry) return damaged_archive("entry " + std::to_string(i) + " of its directory cannot be read");
        DETECT_TRY_ASSIGN(const ZipEntry located, locate(file, *entry));
        if (!entries.emplace(entry->name, located).second)
            return damaged_archive("two entries are named " + printable(entry->name));
        const auto end = static_cast<std::uint64_t>(located.bytes.data() - file.data()) + located.bytes.size();
        places.push_back({entry->local_header, end, entry->name});
    }
    DETECT_TRY(check_apart(std::move(places)));
    return entries;
}

} // namespace detect
