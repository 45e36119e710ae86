// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/escape.h"
#include "detect/error.h"

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace detect {

/// Runs `body`, which returns a Result, at the library's edge. An error leaves it as one line that steers no terminal,
/// whatever the names in it; where the standard library throws (no memory), the caller gets an error, too. Making that
/// takes no memory: the sentence fits into the string itself.
template <class Body>
std::invoke_result_t<const Body&> without_exceptions(const Body& body) {
    try {
        auto result = body();
        if (!result) result.error() = one_line(std::move(result).error());
        return result;
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::resource_limit, "out of memory"};
    } catch (const std::exception& exception) {
        try {
            return Error{ErrorCode::internal, std::string("unexpected: ") + exception.what()};
        } catch (const std::bad_alloc&) {
            return Error{ErrorCode::resource_limit, "out of memory"};
        }
    }
}

} // namespace detect
