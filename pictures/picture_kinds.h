// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace detect {

/// What reads a picture file.
enum class PictureCodec { none, jpeg, png, tiff, webp, bmp };

/// A kind of picture file.
struct PictureKind {
    /// With its article, as it stands in a sentence: "a PNG picture".
    std::string_view name;
    PictureCodec codec = PictureCodec::none;

    /// Whether `read_picture` reads it.
    [[nodiscard]] bool is_read() const { return codec != PictureCodec::none; }
};

/// As many bytes as `picture_kind` looks at, from the start of a file.
inline constexpr std::size_t picture_kind_bytes = 132;

/// The kind that a file's first bytes are of; nothing if they are of no picture that is known here.
[[nodiscard]] std::optional<PictureKind> picture_kind(std::span<const std::byte> first_bytes);

/// The kind that the extension promises (in any case), for files whose bytes do not say it: what is not read has many
/// kinds without a mark of their own, and a camera's raw file begins as a TIFF does.
[[nodiscard]] std::optional<PictureKind> picture_kind_of_name(const std::filesystem::path& path);

/// The extension in lower case, with its dot.
[[nodiscard]] std::string lower_case_extension(const std::filesystem::path& path);

} // namespace detect
