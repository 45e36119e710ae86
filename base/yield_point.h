// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace detect {

/// What code that several threads share does between two of its steps: nothing. Tests give such code a type of their
/// own in place of this one, whose `here` lets other threads go first at moments that a seed chooses.
struct NoYield {
    static void here() {}
};

} // namespace detect
