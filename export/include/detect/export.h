#pragma once

#include "detect/checkpoint_settings.h"
#include "detect/detector.h"

#include <filesystem>

/// What libdetect_export adds to libdetect: reading checkpoints and writing ONNX files.
namespace detect {

/// How an ONNX file is written.
struct OnnxFormat {
    /// 11 to 17.
    int opset = 17;
    /// As torchvision's own export, for one picture at a time: boxes [n, 4], labels [n], scores [n].
    bool torchvision_layout = false;
};

/// What was written.
struct ExportedModel {
    std::filesystem::path model;
    /// The figures of the verification as JSON, beside the model: model.report.json.
    std::filesystem::path report;
    std::size_t file_bytes = 0;
    /// Detections on the example picture.
    std::size_t example_detections = 0;
};

/// A checkpoint (.pth or .safetensors) becomes an ONNX file, as `detect export` does it: the file gets its name only
/// after ONNX's checker has passed it, and the reference interpreter and the executor agree on `example` and variations
/// of it. `example` is a real picture, best one that shows an object.
/// `unreadable_input` or `bad_model` naming the checkpoint, `invalid_argument` for settings or a picture that make no
/// sense, `unwritable_output`, or `verification_failed`: then no file was written.
[[nodiscard]] DETECT_API Result<ExportedModel>
export_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& onnx_file,
                  const ImageView& example, const SettingsOverrides& settings = {}, const OnnxFormat& format = {});

/// A detector straight from a checkpoint; no file is written. Errors as above, and as Detector::load.
[[nodiscard]] DETECT_API Result<Detector> load_checkpoint(const std::filesystem::path& checkpoint,
                                                          const SettingsOverrides& settings = {},
                                                          const DetectorOptions& options = {});

} // namespace detect
