// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/checkpoint_settings.h"
#include "detect/detector.h"
#include "detect/precision.h"

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// What libdetect_export adds to libdetect: reading checkpoints and writing ONNX files.
namespace detect {

/// The pictures that show what an int8 model will see; they need no annotations. 300 are plenty.
struct Calibration {
    std::size_t pictures = 0;
    /// Picture `index`. It is asked for several times, from one thread; its pixels have to stay until the next call. An
    /// error ends the export.
    std::function<Result<ImageView>(std::size_t index)> read = {};
    /// Symmetric activations with zero point 0, as TensorRT wants them; a little less exact.
    bool portable = false;
    /// Hears how far a stage of the work is; may stay empty.
    std::function<void(const std::string& stage, std::size_t done, std::size_t total)> progress = {};
};

/// How an ONNX file is written.
struct OnnxFormat {
    /// 11 to 17.
    int opset = 17;
    /// As torchvision's own export, for one picture at a time: boxes [n, 4], labels [n], scores [n].
    bool torchvision_layout = false;
    /// int8 needs opset 13 or later, and `calibration`.
    Precision precision = Precision::fp32;
    Calibration calibration = {};
    /// Scores from which on detections of these classes count, by name, for the file to carry
    /// (DetectorOptions::model_scores says what becomes of them).
    std::map<std::string, float> class_scores = {};
};

/// What was written.
struct ExportedModel {
    std::filesystem::path model;
    /// The figures of the verification as JSON, beside the model: model.report.json.
    std::filesystem::path report;
    std::size_t file_bytes = 0;
    /// Detections on the example picture.
    std::size_t example_detections = 0;
    /// What is odd about the calibration pictures, changed on the example by less precision, or speaks for another size
    /// than was assumed; a sentence each.
    std::vector<std::string> warnings = {};
};

/// A checkpoint (.pth or .safetensors) becomes an ONNX file, as `detect export` does it: the file gets its name only
/// after ONNX's checker has passed it, and the reference interpreter and the executor agree on `example` and variations
/// of it. `example` is a real picture, best one that shows an object.
/// Errors: `unreadable_input` or `bad_model` naming the checkpoint, `invalid_argument` for settings or a picture that
/// make no sense, `unwritable_output`, or `verification_failed`: then no file was written.
[[nodiscard]] DETECT_API Result<ExportedModel>
export_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& onnx_file,
                  const ImageView& example, const SettingsOverrides& settings = {}, const OnnxFormat& format = {});

/// A detector straight from a checkpoint; no file is written. Errors as above, and as Detector::load.
[[nodiscard]] DETECT_API Result<Detector> load_checkpoint(const std::filesystem::path& checkpoint,
                                                          const SettingsOverrides& settings = {},
                                                          const DetectorOptions& options = {});

} // namespace detect
