// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "backbone/image_transform.h"
#include "detect/error.h"
#include "postprocess/box_selection.h"
#include "rpn/anchors.h"
#include "rpn/proposals.h"

#include <map>
#include <string>
#include <string_view>
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

/// `invalid_argument` naming the first setting that makes no sense (a threshold outside [0, 1], a size below 1 …).
[[nodiscard]] Result<void> check(const NetworkSettings& settings);

/// The 90 COCO category names as torchvision numbers them (ids with gaps, "N/A" in the gaps).
[[nodiscard]] std::vector<std::string> coco_labels();

/// Class names from a text file, one a line; empty lines at the end are ignored. `unreadable_input` naming the file if
/// it is missing, has no names or is no text.
[[nodiscard]] Result<std::vector<std::string>> read_labels(const std::string& path);

/// "0.5,1,2" and the like. `invalid_argument` names the text.
[[nodiscard]] Result<std::vector<std::int64_t>> parse_integers(std::string_view text);
[[nodiscard]] Result<std::vector<float>> parse_numbers(std::string_view text);

} // namespace detect
