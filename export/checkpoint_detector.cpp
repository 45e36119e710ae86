// SPDX-License-Identifier: Apache-2.0
#include "export/checkpoint_detector.h"

#include "base/try.h"
#include "detector/detector_from_graph.h"
#include "export/checkpoint_graph.h"
#include "onnx/opset_conversion.h"

namespace detect {

Result<Detector> detector_from_checkpoint(const std::filesystem::path& checkpoint, const SettingsOverrides& settings,
                                          const DetectorOptions& options, const SettingsFile& settings_file) {
    DETECT_TRY_ASSIGN(CheckpointGraph network, graph_from_checkpoint(checkpoint, settings, OutputLayout::batched,
                                                                     newest_export_opset, settings_file));
    return detector_from_graph(std::move(network.graph), options);
}

} // namespace detect
