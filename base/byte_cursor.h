// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace detect {

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little-endian, and are read without swapping");

/// Reads little-endian numbers and runs of bytes one after the other; nullopt, and no movement, where bytes run out.
class ByteCursor {
public:
    explicit ByteCursor(std::span<const std::byte> bytes, std::size_t position = 0)
        : bytes_(bytes), position_(position < bytes.size() ? position : bytes.size()) {}

    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }

    std::optional<std::span<const std::byte>> take(std::uint64_t count) {
        if (count > remaining()) return std::nullopt;
        const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
        position_ += taken.size();
        return taken;
    }

    template <std::integral T>
    std::optional<T> read() {
        const auto taken = take(sizeof(T));
        if (!taken) return std::nullopt;
        T value{};
        std::memcpy(&value, taken->data(), sizeof(T));
        return value;
    }

private:
    std::span<const std::byte> bytes_;
    std::size_t position_;
};

/// The bytes seen as characters.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace detect
