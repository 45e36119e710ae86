// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/tensor_entry.h"
#include "fuzz/target.h"

namespace detect::fuzz {

/// Every tensor lies inside the file, and those that are small are loaded.
inline void require_sound(Bytes file, const Result<CheckpointContents>& read) {
    const CheckpointContents* const contents = value_of(read);
    if (contents == nullptr) return;
    for (const auto& [name, entry] : contents->tensors) {
        require(entry.storage.empty() || (entry.storage.data() >= file.data() &&
                                          entry.storage.data() + entry.storage.size() <= file.data() + file.size()),
                "a tensor lies in its file");
        if (entry.element_count() > 1 << 16) continue;
        const auto tensor = load_float32(entry, nullptr);
        if (value_of(tensor) == nullptr) continue;
        require(tensor->element_count() == entry.element_count(), "a tensor has all its elements");
    }
}

} // namespace detect::fuzz
