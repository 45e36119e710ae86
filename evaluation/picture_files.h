// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "evaluation/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace detect::evaluation {

/// The pictures of a dataset in a folder.
struct PictureFiles {
    /// By image: its file, or why it has none.
    std::vector<Result<std::filesystem::path>> files;
    /// How many were found by the end of their name, because there is no file of the whole name.
    std::size_t by_end_of_name = 0;
    /// One of these: "images\a.png is a.png".
    std::string example = {};
};

/// Finds the file of every image: `folder`/file_name; if there is none, the file in the folder, or in one below it,
/// that shares the most of the name's last parts (results/picture_names.h). A file is found once: `unreadable_input`
/// names both files or both names where it is not clear which is meant.
[[nodiscard]] PictureFiles find_picture_files(const std::vector<DatasetImage>& images,
                                              const std::filesystem::path& folder);

} // namespace detect::evaluation
