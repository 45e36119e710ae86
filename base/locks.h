// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>

namespace detect {

/// What a class locks and waits with. It is a parameter, so that tests can put in locks that let other threads go first
/// at moments drawn from a seed (tests/support/yielding_locks.h).
struct StandardLocks {
    using Mutex = std::mutex;
    using Condition = std::condition_variable;
};

} // namespace detect
