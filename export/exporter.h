// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "export/checkpoint_graph.h"
#include "export/reduced_precision.h"
#include "export/size_trials.h"
#include "export/verification.h"

#include <map>
#include <string>

namespace detect {

struct ExportOptions {
    std::filesystem::path checkpoint;
    std::filesystem::path output;
    SettingsOverrides settings;
    /// What is taken from another file, unless `settings` says otherwise.
    SettingsFile settings_file = {};
    OutputLayout layout = OutputLayout::batched;
    int opset = 17;
    PrecisionOptions precision = {};
    /// Scores per class that the file is to carry in its metadata, by the names that `label_name` gives.
    std::map<std::string, float> class_scores = {};
    /// Hears what is being done, a short line each; may stay empty.
    std::function<void(const std::string&)> progress;
};

struct ExportReport {
    CheckpointGraph network;
    PrecisionReport precision;
    Verification verification;
    /// Nothing unless the size was assumed.
    SizeTrials sizes;
    std::size_t file_bytes = 0;
    std::filesystem::path output;
    /// The same figures as JSON, beside the model: model.report.json.
    std::filesystem::path report;
};

/// Where the report of an exported file goes: model.report.json beside model.onnx.
[[nodiscard]] std::filesystem::path report_of(std::filesystem::path output);

/// A checkpoint becomes an ONNX file. The file gets its name only after ONNX's checker has passed it and the reference
/// interpreter and the optimised executor, both reading the bytes that were written, agree on `image` and variations of
/// it: until then nothing appears beside a temporary file, which goes if anything fails.
/// `image`: float32 [3, height, width], RGB, 0–1: a real picture, best one that shows an object.
[[nodiscard]] Result<ExportReport> export_model(const ExportOptions& options, const Tensor& image);

} // namespace detect
