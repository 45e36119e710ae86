// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// What a picture file holds besides its first picture.
namespace detect {

/// Most pages of one file that are looked at. A file with more is refused as a whole.
inline constexpr std::size_t max_picture_pages = 4096;

struct PicturePages {
    /// Pages that `read_picture` reads: more than one in a TIFF alone.
    std::int64_t pages = 1;
    /// What else is in the file and is not read, such as further frames, as a sentence with what to do; empty: nothing.
    std::string left_out = {};
};

/// Looks at a file's directories without decoding anything. A file that is missing, damaged or no picture counts as one
/// page: `read_picture` says what is wrong with it. Fails with `resource_limit`, naming the file, for more than
/// `max_picture_pages` pages.
[[nodiscard]] Result<PicturePages> find_pages(const std::filesystem::path& path);

namespace picture_file {

/// Fills the span with a file's bytes from this offset on; false if there are not so many.
using ReadAt = std::function<bool(std::uint64_t, std::span<std::byte>)>;

/// The pages of a TIFF: directories of the main chain but for thumbnails, levels of a pyramid and masks.
struct TiffPages {
    /// Of each page's directory, from the start of the file. If there are none but such others, the first of them.
    std::vector<std::uint64_t> offsets = {};
    /// Why the chain ends before its end; empty if it does not.
    std::string broken = {};
    /// Whether it is a camera's raw file (DNG).
    bool is_raw = false;
};

/// How many places and lengths of strips or tiles a page lists, whatever its size asks for.
struct TiffBlockLists {
    std::uint64_t places = 0;
    /// Nothing: none are listed, as some old programs write it.
    std::optional<std::uint64_t> lengths = std::nullopt;
    /// Of a strip; nothing: all.
    std::optional<std::uint64_t> rows = std::nullopt;
    /// Where the directory itself lies.
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Of the page whose directory lies at this offset; nothing if that is outside the file.
[[nodiscard]] std::optional<TiffBlockLists> tiff_block_lists(const ReadAt& read, std::uint64_t directory, bool tiled);

/// `resource_limit` for more than `max_picture_pages`; the message leaves out the file's name.
[[nodiscard]] Result<TiffPages> tiff_pages(const ReadAt& read);

} // namespace picture_file

} // namespace detect
