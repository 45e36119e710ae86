// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace detect {

/// A file beside a model that holds some of its tensors. It is opened first and looked at then, so what is read is what
/// was checked, whatever somebody does to its name meanwhile.
class ExternalFile {
public:
    /// `location`, as the model says, in `folder` or below. Symbolic links that stay inside are followed where the
    /// system can tell (openat2, Linux 5.6), else none.
    /// `bad_model` if it lies outside, `unreadable_input` if it cannot be opened or is no regular file.
    static Result<ExternalFile> open(const std::filesystem::path& folder, const std::string& location);
    /// The same as on a system without openat2.
    static Result<ExternalFile> open_step_by_step(const std::filesystem::path& folder, const std::string& location);

    ExternalFile(ExternalFile&& other) noexcept;
    ExternalFile& operator=(ExternalFile&& other) noexcept;
    ~ExternalFile();

    /// When it was opened.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Fills `to`; `unreadable_input` if the file has become shorter.
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const;

private:
    ExternalFile(int descriptor, std::string location) : descriptor_(descriptor), location_(std::move(location)) {}
    static Result<ExternalFile> regular(int descriptor, const std::string& location);

    int descriptor_;
    std::string location_;
    std::uint64_t size_ = 0;
};

} // namespace detect
