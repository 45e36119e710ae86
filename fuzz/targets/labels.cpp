// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/class_names.h"
#include "fuzz/targets.h"

void detect::fuzz::labels(Bytes input) {
    const auto names = parse_labels(as_text(input), "names.txt");
    if (value_of(names) == nullptr) return;
    require(!names->empty(), "a file of names has names");
    for (const std::string& name : *names) require(name.find('\n') == std::string::npos, "a name is one line");
}
