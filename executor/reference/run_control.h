// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"

#include <cstdio>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace detect {

/// What one run may still do, and whether it is to go on. Steps and plain kernels count what they are about to compute,
/// in operations on single numbers (multiplications of a matrix product count a sixteenth), and look between pieces of
/// long work whether the run was stopped. Of one run, whose steps come one after the other.
class RunControl {
public:
    /// Some minutes on one core. A file of a few bytes can ask for any amount.
    static constexpr double usual_work_limit = 274'877'906'944.0; // 2^38

    explicit RunControl(std::stop_token stop = {}, double work_limit = usual_work_limit)
        : stop_(std::move(stop)), limit_(work_limit), left_(work_limit) {}

    [[nodiscard]] bool stopped() const { return stop_.stop_requested(); }
    /// Whether to go on.
    [[nodiscard]] Result<void> go_on() const { return stopped() ? Result<void>(stop_error()) : Result<void>(); }
    [[nodiscard]] static Error stop_error() { return {ErrorCode::resource_limit, "stopped on request"}; }

    /// False if so much is not left.
    [[nodiscard]] bool take(double operations) {
        left_ -= operations;
        return left_ >= 0.0;
    }
    /// Why a node (as `describe` names it) whose work `take` refused is not run.
    [[nodiscard]] Error refusal(std::string_view node, double operations) const {
        return too_much(node, operations, limit_);
    }
    [[nodiscard]] static Error too_much(std::string_view node, double operations, double limit) {
        char text[160];
        std::snprintf(text, sizeof text,
                      ": needs %.3g operations, and all steps of a run may take %.3g: make its inputs or its window "
                      "smaller, or raise the work limit",
                      operations, limit);
        return {ErrorCode::resource_limit, std::string(node) + text};
    }

private:
    std::stop_token stop_;
    double limit_;
    double left_;
};

} // namespace detect
