// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/pickle.h"

#include "checkpoint/state_dict.h"
#include "fuzz/targets.h"

void detect::fuzz::pickle(Bytes input) {
    const auto document = detect::pickle::read(input);
    if (value_of(document) == nullptr) return;
    require(document->byte_count <= input.size(), "a pickle ends within its file");
    require(document->root < document->values.size(), "a pickle has an outermost value");
    for (const auto& value : document->values) {
        for (const auto item : value.items) require(item < document->values.size(), "every item is a value");
    }
    (void)value_of(find_state_dict(*document));
}
