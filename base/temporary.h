// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

/// What is on its way to its name, NAME.partial-…: made here, and nowhere else. Nobody can guess the rest of such a
/// name, and it is never one that is there: nothing is written through a link that somebody planted. Whoever makes one
/// holds a lock on it (flock) as long as it has that name. One without a lock was left by a program that was killed.
namespace detect {

/// What stands between the name of a file and the random rest.
inline constexpr std::string_view temporary_mark = ".partial-";

/// A name beside `target`, for a file that exists already and is locked.
[[nodiscard]] std::filesystem::path temporary_name(const std::filesystem::path& target);

/// Takes the lock, without waiting. True also where a file system has no locks: there nothing is ever removed either.
[[nodiscard]] bool lock_temporary(int descriptor);

struct Temporary {
    std::filesystem::path name;
    /// Open, and locked until it is closed; -1: it cannot be made, and errno says why.
    int descriptor = -1;
};

/// A new file beside `target`, for reading and writing, with the permissions of any new file.
[[nodiscard]] Temporary make_temporary_file(const std::filesystem::path& target);
/// A new folder beside `target`, hidden, and for this user alone: for who writes a file by its path. Reached as
/// /proc/self/fd/DESCRIPTOR it stays the same folder whatever others do to its name.
[[nodiscard]] Temporary make_temporary_folder(const std::filesystem::path& target);
/// With the files in it.
void remove_temporary_folder(const Temporary& folder);

/// Removes what programs that were killed have left in a folder, of this user: all, or what is for the file `of`.
/// What cannot be removed stays; it harms nobody.
void remove_left_temporaries(const std::filesystem::path& folder, const std::filesystem::path& of = {});

/// Removes the temporary files that this process holds, for a program that is about to end. It makes system calls and
/// nothing else, so that a signal handler may call it; it is complete if no other thread makes or renames files
/// meanwhile. Which ones they are the kernel knows: whoever makes one has it open for as long as it has that name.
void remove_own_temporary_files();

} // namespace detect
