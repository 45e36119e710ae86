// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/settings_overrides.h"
#include "executor/model.h"
#include "graph/tensor.h"
#include "tests/support/compare.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace detect::test {

/// A picture that torchvision was run on, and the folder with what it gave (see torch_reference.py).
struct Picture {
    std::string name;
    std::filesystem::path folder;
    std::int64_t height = 0;
    std::int64_t width = 0;

    [[nodiscard]] std::filesystem::path png() const { return folder / "picture.png"; }
    /// float32 [1, 3, height, width], RGB, 0–1.
    [[nodiscard]] Tensor input() const;
    /// torchvision's detections.
    [[nodiscard]] std::vector<Found> detections() const;
    /// One of the intermediate values, by its file's name.
    [[nodiscard]] Tensor value(std::string_view value_name) const;
};

/// A checkpoint with settings, and pictures (see prepare.py).
struct Case {
    std::string name;
    std::filesystem::path checkpoint;
    nlohmann::json settings;
    std::vector<Picture> pictures;

    [[nodiscard]] SettingsOverrides overrides() const;
    /// The same for the command: "--min-size", "1024", …
    [[nodiscard]] std::vector<std::string> arguments() const;
};

/// Where prepare.py put its results: the environment variable DETECT_PARITY_DIR, or what CMake was told.
[[nodiscard]] std::filesystem::path parity_folder();

/// Why there is nothing to compare with, as a sentence; nothing if there is.
[[nodiscard]] std::optional<std::string> references_missing();

/// Every case, in prepare.py's order; or the one of this name. What goes wrong from here on is thrown: it ends the
/// test.
[[nodiscard]] std::vector<Case> load_cases();
[[nodiscard]] Case load_case(std::string_view name);

/// A graph made ready for so many threads, and for the best instruction set of the machine unless told otherwise.
[[nodiscard]] std::shared_ptr<const Model> compile(Graph graph, int threads, std::optional<Isa> isa = std::nullopt);

/// Images [1, 3, h, w] of one size as a batch [n, 3, h, w].
[[nodiscard]] Tensor stack(const std::vector<Tensor>& images);
/// A part of an image [1, 3, h, w].
[[nodiscard]] Tensor crop(const Tensor& image, std::int64_t top, std::int64_t left, std::int64_t height,
                          std::int64_t width);
/// An image [1, 3, height, width] of one grey.
[[nodiscard]] Tensor flat_image(std::int64_t height, std::int64_t width, float grey);

} // namespace detect::test
