// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.h"
#include "results/coco.h"

void detect::fuzz::coco_results(Bytes input) {
    const auto results = parse_coco(as_text(input));
    if (value_of(results) == nullptr) return;
    const std::string written = to_coco(*results);
    const auto again = parse_coco(written);
    require(again.ok() && to_coco(*again) == written, "results that were read can be written and read");
}
