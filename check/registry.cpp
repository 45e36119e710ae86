// SPDX-License-Identifier: Apache-2.0
#include "check/registry.h"

#include <array>

namespace detect::checking {

// clang-format off
std::span<const RegisteredCheck> registry() {
    static constexpr std::array<RegisteredCheck, 12> checks{{
        {"training-mode", "BatchNormalization left in training mode", check_training_mode, nullptr},
        {"proposal-less-trace", "traced on a picture without proposals: a branch is baked away", nullptr, check_proposal_less_trace},
        {"empty-results", "stops where there is nothing to find", nullptr, check_empty_results},
        {"baked-batch", "the batch is declared free, but was baked in", nullptr, check_baked_batch},
        {"baked-size", "height and width are declared free, but were baked in", nullptr, check_baked_size},
        {"input-range", "0-255, BGR, normalisation missing or doubled", nullptr, check_input_range},
        {"roi-align-mode", "RoIAlign's half-pixel mode is wrong for the opset", nullptr, check_roi_align},
        {"thresholds", "a score threshold hides everything", nullptr, check_thresholds},
        {"labels", "class names that do not fit, labels off by one", nullptr, check_labels},
        {"numbers", "NaN in weights or on the way, float16 overflow", nullptr, check_numbers},
        {"compatibility", "what TensorRT, OpenVINO or OpenCV refuse", nullptr, check_compatibility},
        {"costs", "time spent on what nobody needs", nullptr, check_costs},
    }};
    return checks;
}
// clang-format on

std::vector<CheckDescription> registered_checks() {
    std::vector<CheckDescription> descriptions;
    for (const RegisteredCheck& check : registry()) descriptions.push_back({check.name, check.about});
    descriptions.push_back({"checkpoint", "finds something else than the checkpoint it was made from"});
    return descriptions;
}

} // namespace detect::checking
