// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/checkpoint.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace detect::test {

/// The folder that make_checkpoints.py has filled; it is run by whichever test needs it first, and again when it was
/// edited. Empty, with the reason in `why_no_checkpoint_files`, where Python has no torch.
[[nodiscard]] const std::filesystem::path& checkpoint_files();
[[nodiscard]] const std::string& why_no_checkpoint_files();

/// Skips a test that cannot run without files from torch.
#define REQUIRE_CHECKPOINT_FILES()                                                                                     \
    if (::detect::test::checkpoint_files().empty()) GTEST_SKIP() << ::detect::test::why_no_checkpoint_files()

/// A tensor as torch sees it.
struct ExpectedTensor {
    std::string key;
    std::string type;
    std::vector<std::int64_t> sizes;
    std::vector<float> values; ///< empty for integers
};
[[nodiscard]] std::vector<ExpectedTensor> read_expected(const std::string& name);

/// Where big checkpoints lie that do not belong to the project; may not exist.
[[nodiscard]] std::filesystem::path shared_dir();

void write_file(const std::filesystem::path& path, std::string_view bytes);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// What every message must be: one line that begins with the file's name.
void expect_proper_message(const Error& error, const std::filesystem::path& path);

} // namespace detect::test
