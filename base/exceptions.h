// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <exception>
#include <new>
#include <string>
#include <type_traits>

namespace detect {

/// Runs `body`, which returns a Result, at the library's edge: where the standard library throws (no memory), the
/// caller gets an error. Making it takes no memory: the sentence fits into the string itself.
template <class Body>
std::invoke_result_t<const Body&> without_exceptions(const Body& body) {
    try {
        return body();
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
