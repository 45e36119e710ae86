// SPDX-License-Identifier: Apache-2.0
#include "cli/run/file_systems.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sys/vfs.h>

namespace detect::cli {

bool kernel_sees_all_changes(const std::filesystem::path& folder) {
    // As statfs(2) and linux/magic.h have them: file systems that nobody but this kernel writes to.
    constexpr std::array<std::uint32_t, 19> local{
        0xEF53U,     // ext2, ext3, ext4
        0x58465342U, // XFS
        0x9123683EU, // Btrfs
        0x01021994U, // tmpfs
        0x858458F6U, // ramfs
        0xF2F52010U, // F2FS
        0x2FC12FC1U, // ZFS
        0xCA451A4EU, // bcachefs
        0x4D44U,     // FAT
        0x2011BAB0U, // exFAT
        0x7366746EU, // NTFS (ntfs3)
        0x5346544EU, // NTFS (the older driver)
        0x52654973U, // ReiserFS
        0x3153464AU, // JFS
        0x3434U,     // NILFS
        0x9660U,     // ISO 9660
        0x15013346U, // UDF
        0x73717368U, // SquashFS
        0xE0F5E1E2U, // EROFS
    };
    struct statfs status {};
    if (::statfs(folder.c_str(), &status) != 0) return false;
    return std::ranges::find(local, static_cast<std::uint32_t>(status.f_type)) != local.end();
}

} // namespace detect::cli
