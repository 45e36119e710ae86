// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <stdexcept>
#include <utility>

namespace detect::test {

/// The value of something that must succeed for a test to make sense; otherwise the test ends here, with the message.
template <class T>
[[nodiscard]] T require(Result<T> result) {
    if (!result.ok()) throw std::runtime_error(result.error().message);
    return std::move(result).value();
}

inline void require(const Result<void>& result) {
    if (!result.ok()) throw std::runtime_error(Result<void>(result).error().message);
}

} // namespace detect::test
