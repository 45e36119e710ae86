// SPDX-License-Identifier: Apache-2.0
#include "detect/error.h"

namespace detect {

std::string_view to_string(ErrorCode code) {
    switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::unreadable_input: return "unreadable_input";
    case ErrorCode::unwritable_output: return "unwritable_output";
    case ErrorCode::bad_model: return "bad_model";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::resource_limit: return "resource_limit";
    case ErrorCode::verification_failed: return "verification_failed";
    case ErrorCode::internal: return "internal";
    }
    return "unknown";
}

} // namespace detect
