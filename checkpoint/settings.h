// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backbone/image_transform.h"
#include "detect/error.h"
#include "postprocess/box_selection.h"
#include "rpn/anchors.h"
#include "rpn/proposals.h"

#include <map>
#include <string>
#include <vector>

namespace detect {

/// Everything a checkpoint does not hold. The defaults are those of fasterrcnn_mobilenet_v3_large_fpn.
struct NetworkSettings {
    ImageTransformSettings transform;
    AnchorSettings anchors;
    ProposalSettings proposals;
    BoxSelectionSettings selection;
    /// Names of the classes 1, 2, …; without the background. Empty: not known.
    std::vector<std::string> labels;

    /// fasterrcnn_mobilenet_v3_large_320_fpn: smaller pictures, fewer proposals.
    static NetworkSettings preset_320();
};

/// Settings as text, under the keys that files carry them by: safetensors' `__metadata__` and ONNX's metadata_props.
[[nodiscard]] std::map<std::string, std::string> to_metadata(const NetworkSettings& settings);

/// Takes over whatever settings `metadata` has and leaves the others. Keys that are no settings are ignored.
/// `bad_model` naming the key if a value makes no sense.
[[nodiscard]] Result<void> apply_metadata(NetworkSettings& settings,
                                          const std::map<std::string, std::string>& metadata);

/// `invalid_argument` naming the first setting that makes no sense (a threshold outside [0, 1], a size below 1 …). The
/// ranges are in setting_table.h, what holds between settings in setting_rules.h.
[[nodiscard]] Result<void> check(const NetworkSettings& settings);

} // namespace detect
