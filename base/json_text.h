// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What JSON from outside may ask for (base/json_tree.h makes values of it). What handles values recurses, and they
/// take many times the memory of their text, so a text is looked through before it is parsed.
namespace detect {

struct JsonLimits {
    /// Lists and objects within each other. COCO's files have 5 (annotations, one of them, its segmentation, a
    /// polygon).
    std::size_t depth = 64;
    /// Bytes that the values may take, by a generous estimate.
    std::uint64_t memory = 4'000'000'000;
};

/// Longest file that is read as JSON.
inline constexpr std::uint64_t most_json_bytes = std::uint64_t{2} << 30U;

/// Where a text stops being what may be read, and why.
struct JsonFlaw {
    enum class Kind { syntax, number, depth, memory };
    Kind kind = Kind::syntax;
    /// In bytes from 0; the text's length if it ends too early.
    std::size_t offset = 0;
};

/// The first place beyond a limit. What is not JSON may have one or none.
[[nodiscard]] std::optional<JsonFlaw> beyond_limits(std::string_view text, const JsonLimits& limits);

/// "line 3, column 17", counted from 1.
[[nodiscard]] std::string line_and_column(std::string_view text, std::size_t offset);

/// Says place and cause: "line 1, column 80: lists or objects lie within each other more than 64 deep".
[[nodiscard]] std::string describe(const JsonFlaw& flaw, std::string_view text, const JsonLimits& limits = {});

} // namespace detect
