// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "pictures/picture.h"
#include "results/format_option.h"
#include "results/picture_result.h"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

/// Formats that give each picture, or each frame of a video, files of its own in a folder.
namespace detect {

/// Where they go.
struct PictureTarget {
    std::filesystem::path folder;
    /// Names of the labels 1, 2, …; they must outlive the writer.
    std::span<const std::string> labels = {};
};

/// Writes the files of one run. A picture goes by its `stem`: relative, without an extension, no other picture's.
/// Any thread may call `file`, `has` and `write`; the others are for one thread, in the order they stand here, but for
/// `folders_of`.
/// Errors are `unwritable_output` and name the file.
class PictureWriter {
public:
    virtual ~PictureWriter() = default;

    /// What a user has to know of it: the end of a sentence that begins with the format. Mostly empty.
    [[nodiscard]] virtual std::string remark() const { return {}; }
    /// Looks at what an earlier run left.
    virtual void resume() {}
    /// Folders that may hold what belongs to this picture. For the thread that asks `has`.
    [[nodiscard]] virtual std::vector<std::filesystem::path> folders_of(const std::filesystem::path& stem) {
        return {file(stem).parent_path()};
    }
    /// The file that a picture gets; empty: several, known only when it has been looked at.
    [[nodiscard]] virtual std::filesystem::path file(const std::filesystem::path& /*stem*/) const { return {}; }
    /// Makes the folder for that file.
    virtual Result<void> make_folder_of(const std::filesystem::path& /*stem*/) { return {}; }
    /// Before the first picture is written: what the folder has as a whole.
    virtual Result<void> begin() { return {}; }

    /// Whether all files of `picture` are there from an earlier run. `nothing_found`: another format says so.
    [[nodiscard]] virtual bool has(const std::filesystem::path& stem, const std::string& picture,
                                   bool nothing_found) const = 0;
    /// `picture`: as it was looked at, in any pixel format.
    virtual Result<void> write(const std::filesystem::path& stem, const PictureResult& result,
                               const Picture& picture) const = 0;
};

/// A format: its option and its writer.
struct PictureFormat {
    FormatOption option;
    /// A stem that no picture gets, because the folder's own file has it; empty: none.
    std::string_view reserved_stem = {};
    /// Its files could be taken for pictures to look at.
    bool writes_pictures = false;
    std::unique_ptr<PictureWriter> (*open)(PictureTarget target) = nullptr;
};

/// Makes a folder and those above it. `needed_for`: "label files", for the message.
Result<void> make_folder(const std::filesystem::path& folder, const char* needed_for);

} // namespace detect
