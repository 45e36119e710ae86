// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace detect::checking {

/// Programs that run ONNX files, and that a finding may matter for.
enum class Runtime : std::uint8_t { onnxruntime, tensorrt, openvino, opencv };

[[nodiscard]] std::string_view to_string(Runtime runtime);
/// All of them, in the order above.
[[nodiscard]] std::vector<Runtime> all_runtimes();

enum class Severity : std::uint8_t {
    /// It fails, or gives something wrong.
    error,
    /// It very likely does, or does so for some pictures or sizes.
    warning,
    /// It is right, but takes longer than it need.
    cost,
};

[[nodiscard]] std::string_view to_string(Severity severity);

/// One thing that is wrong with a model, for a person who is to act on it.
struct Finding {
    Severity severity = Severity::error;
    /// "node 'name' (Op)", or what else it is about: "input 'images'", "metadata 'labels'".
    std::string where;
    /// What happens, and how it showed.
    std::string what;
    /// What to do about it.
    std::string advice;
    std::vector<Runtime> runtimes = all_runtimes();
    /// Of one run on the picture, for a cost that was measured; 0: not measured.
    double milliseconds = 0.0;
    /// The check that found it; filled in by the registry.
    std::string check = {};
};

} // namespace detect::checking
