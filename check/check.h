// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "check/finding.h"
#include "checkpoint/settings_overrides.h"
#include "graph/tensor.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace detect::checking {

struct CheckOptions {
    /// Findings are those that matter for this program.
    Runtime target = Runtime::onnxruntime;
    /// A real picture, float32 [3, height, width], RGB, 0–1: best one that shows an object. Without one, nothing is
    /// known about what the model finds.
    std::optional<Tensor> image = std::nullopt;
    /// The class names to hold the model against, without the background; else those of its metadata.
    std::optional<std::vector<std::string>> labels = std::nullopt;
    /// The checkpoint that the model was made from: what it finds is compared with what our own export of it finds.
    std::optional<std::filesystem::path> weights = std::nullopt;
    /// How it was exported, as far as the file does not say so itself.
    SettingsOverrides settings = {};
    /// Hears what is being done, a short line each; may stay empty.
    std::function<void(const std::string&)> progress = {};
};

/// One picture, run through the model and through our own export of its checkpoint.
struct PictureComparison {
    std::string picture;
    std::size_t detections = 0;
    std::size_t expected = 0;
    /// Of detections of score ≥ 0.1 on either side: pairs of the same label with an IoU of at least 0.9, and the rest.
    std::size_t matched = 0;
    std::size_t unmatched = 0;
    double worst_iou = 1.0;
    double worst_score_difference = 0.0;
    /// Why the model gave nothing; empty if it ran.
    std::string failure = {};
};

struct CheckReport {
    std::filesystem::path file;
    std::uintmax_t bytes = 0;
    int opset = 0;
    std::size_t nodes = 0;
    /// Who wrote the file, as it says itself: "pytorch 1.13.1"; may be empty.
    std::string producer;
    /// "input: float32 [3, height, width]".
    std::string input;
    /// How it wants its pictures, and how that showed: "values 0 to 1, RGB: the picture fed so gives …". Empty if it
    /// does not show on the picture.
    std::string feeding;
    /// Errors first, then warnings, then costs.
    std::vector<Finding> findings;
    /// Names of the checks that ran.
    std::vector<std::string> checks;
    /// What could not be looked at, and why; a sentence each.
    std::vector<std::string> left_out;
    /// With `weights` only.
    std::vector<PictureComparison> agreement;
    /// With `weights` only: how the checkpoint has to be exported to be the same model, as far as that was given or is
    /// in the file.
    SettingsOverrides settings;

    /// Costs apart.
    [[nodiscard]] bool has_problems() const;
};

/// Looks for what is wrong with an ONNX file, from its graph and by trial runs. A file that cannot be read as a model
/// is an error, as in read_onnx, unless a finding says why and what to do.
[[nodiscard]] Result<CheckReport> check_model(const std::filesystem::path& file, const CheckOptions& options);

/// A check as the registry lists it.
struct CheckDescription {
    std::string_view name;
    std::string_view about;
};
[[nodiscard]] std::vector<CheckDescription> registered_checks();

} // namespace detect::checking
