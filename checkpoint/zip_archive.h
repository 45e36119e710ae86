// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace detect {

/// A view of an entry's bytes as they are in the file. Nothing is ever inflated, so an archive cannot unfold into more
/// than its own size; torch.save writes stored entries only.
struct ZipEntry {
    std::span<const std::byte> bytes;
    bool compressed = false;
};
using ZipEntries = std::map<std::string, ZipEntry, std::less<>>;

/// Reads the central directory (ZIP64 included) and checks each entry's local header. The views point into `file`.
/// `unreadable_input` if the archive is damaged or encrypted.
[[nodiscard]] Result<ZipEntries> read_zip(std::span<const std::byte> file);

} // namespace detect
