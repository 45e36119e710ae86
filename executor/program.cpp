// SPDX-License-Identifier: Apache-2.0
#include "executor/program.h"

namespace detect {

std::int32_t Program::find_slot(ValueId value, Layout layout) const {
    const auto found = slot_of_.find({value.index, layout});
    return found == slot_of_.end() ? -1 : found->second;
}

} // namespace detect
