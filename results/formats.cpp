// SPDX-License-Identifier: Apache-2.0
#include "results/formats.h"

#include "results/coco.h"
#include "results/crops.h"
#include "results/csv.h"
#include "results/json.h"
#include "results/jsonl.h"
#include "results/voc.h"
#include "results/yolo.h"

#include <array>

namespace detect {

std::span<const CollectedFormat* const> collected_formats() {
    static constexpr std::array all{&json_format, &jsonl_format, &csv_format, &coco_format};
    return all;
}

std::span<const PictureFormat* const> picture_formats() {
    static constexpr std::array all{&yolo_format, &voc_format, &crops_format};
    return all;
}

} // namespace detect
