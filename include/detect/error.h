// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/api.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace detect {

/// What kind of thing went wrong. The sentence in `Error::message` says what, where and how to mend it.
enum class ErrorCode {
    /// The caller asked for something that makes no sense (an option out of range, a null pixel pointer).
    invalid_argument,
    /// A file is missing, cut off, or not what its name says.
    unreadable_input,
    /// A file cannot be written: no such folder, no permission, no space.
    unwritable_output,
    /// The file was read, but what it describes is not a model this library can run or export.
    bad_model,
    /// The model is sound, but uses an operator, a type or an opset that is not implemented.
    unsupported,
    /// Carrying on would need more memory than allowed or than the machine has, or more work than allowed.
    resource_limit,
    /// Two ways of computing the same thing disagree by more than the tolerance.
    verification_failed,
    /// A defect of this library.
    internal,
};

/// The name of a code as it is spelled above.
[[nodiscard]] DETECT_API std::string_view to_string(ErrorCode code);

/// Why a call failed: a code for programs, one sentence (no line break) for people.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
};

/// Either a value or an `Error`. `Result<void>` carries only success or failure.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    /// The value. Calling it on a failure is a programming error and throws std::bad_variant_access.
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// The error. Calling it on a success is a programming error and throws std::bad_variant_access.
    [[nodiscard]] Error& error() & { return std::get<1>(state_); }
    [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
    [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] Error& error() & { return error_.value(); }
    [[nodiscard]] const Error& error() const& { return error_.value(); }
    [[nodiscard]] Error&& error() && { return std::move(error_).value(); }

private:
    std::optional<Error> error_;
};

} // namespace detect
