// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "results/written_text.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace detect {

/// The sole right to write a file, from before what is there is read until the file is complete: of two programs that
/// want the same one, the second is refused. It grows under a temporary name, `NAME.part`, so that what was done
/// survives even if the program is killed, and gets its own name by `commit`. A symbolic link stays one: the file it
/// leads to is written. A link or anything else but a file under the temporary name is refused. Errors are
/// `unwritable_output` and name the file.
class ClaimedFile {
public:
    /// Waits for nobody. What stands under the two names is left as it is.
    static Result<ClaimedFile> claim(const std::filesystem::path& path);

    ClaimedFile(ClaimedFile&& other) noexcept;
    ClaimedFile& operator=(ClaimedFile&&) = delete;
    /// Gives the right back. What has been written stays under the temporary name, unless it was committed.
    ~ClaimedFile();

    /// As it was asked for, and the temporary one.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const std::filesystem::path& part() const { return part_; }
    /// Whether a program that was killed left something under the temporary name.
    [[nodiscard]] bool has_left() const { return has_left_; }
    /// What is under the temporary name now.
    [[nodiscard]] Result<WrittenText> read() const;
    /// Whether something stands under either name.
    [[nodiscard]] bool is_there() const;

    /// Puts `text` in the place of what is under the temporary name: the old or the new is there, whatever happens.
    Result<void> begin(std::string_view text);
    Result<void> append(std::string_view text);
    /// On disk and under its name when this returns. Without a `begin` nothing is written.
    Result<void> commit();

private:
    ClaimedFile(std::filesystem::path path, std::filesystem::path target);
    [[nodiscard]] Error cannot_write() const;
    [[nodiscard]] Error no_file_of_ours() const;
    Result<void> lock();
    void release();

    std::filesystem::path path_;
    /// Without links.
    std::filesystem::path target_;
    std::filesystem::path part_;
    /// Of the temporary file, which is locked; -1: given back.
    int descriptor_ = -1;
    bool has_left_ = false;
    bool begun_ = false;
};

} // namespace detect
