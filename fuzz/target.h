// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What the targets share. A target takes any bytes at all, hands them to one reader, and requires what the reader
/// promises: an error in one sentence, or a value that holds together.
namespace detect::fuzz {

using Bytes = std::span<const std::byte>;

/// A promise that does not hold. Nothing catches it but libFuzzer, to which it is a crash, and the test that replays.
struct BrokenPromise : std::logic_error {
    using std::logic_error::logic_error;
};

inline void require(bool holds, const char* promise) {
    if (!holds) throw BrokenPromise(promise);
}

/// The same, told by a function: put together only where the promise is broken. Inputs by the million keep it.
template <std::invocable Promise>
void require(bool holds, Promise&& promise) {
    if (!holds) throw BrokenPromise(std::forward<Promise>(promise)());
}

/// A message is one line that says something.
inline void require_sound(const Error& error) {
    require(!error.message.empty(), "an error says something");
    require(error.message.find('\n') == std::string::npos, [&] { return "an error is one line: " + error.message; });
    require(error.code != ErrorCode::internal, [&] { return "no input is a defect of the library: " + error.message; });
}

/// The value; null if it is an error, which is sound.
template <class T>
const T* value_of(const Result<T>& result) {
    if (result.ok()) return &*result;
    require_sound(result.error());
    return nullptr;
}

inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Takes numbers from the front of an input; zeros when it is used up.
class Input {
public:
    explicit Input(Bytes bytes) : bytes_(bytes) {}

    template <class T>
    requires std::is_trivially_copyable_v<T> T take() {
        T value{};
        const Bytes part = bytes_.first(std::min(sizeof(T), bytes_.size()));
        if (!part.empty()) std::memcpy(&value, part.data(), part.size());
        bytes_ = bytes_.subspan(part.size());
        return value;
    }
    /// From `least` to `most`.
    std::size_t number(std::size_t least, std::size_t most) {
        return least + take<std::uint8_t>() % (most - least + 1);
    }
    template <class T>
    std::vector<T> list(std::size_t count) {
        std::vector<T> values(count);
        for (T& value : values) value = take<T>();
        return values;
    }
    [[nodiscard]] Bytes rest() const { return bytes_; }

private:
    Bytes bytes_;
};

} // namespace detect::fuzz
