// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

/// What a test program becomes that links this: malloc and its relatives, of whichever library, fail where they are
/// told to. Not with sanitizers, which have allocation functions of their own.
namespace detect::test {

struct FailingPlaces {
    /// Every `step`-th allocation up to this one …
    std::int64_t every = 2000;
    std::int64_t step = 1;
    /// … and so many seeded ones beyond, as far as the call goes.
    std::int64_t beyond = 500;
    /// Blocks that one failure may lose. Protobuf's lists lose an element that they have no room for
    /// (RepeatedPtrFieldBase::AddOutOfLineHelper), which is not ours to mend; nothing else may.
    std::int64_t lost = 0;
};

/// Calls with the n-th allocation failing, and with that one and all later ones: an error comes back, never a crash, an
/// exception, or memory that nobody gives back.
/// `call` is to say whether it succeeded, and to give back everything. It is called twice before, so that what
/// libraries make once for all is there.
void fail_everywhere(const char* what, const std::function<bool()>& call, const FailingPlaces& where = {});

} // namespace detect::test
