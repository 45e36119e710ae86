// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/row_chain.h"
#include "executor/step.h"

#include <optional>

namespace detect {

/// A channels-last map as rows go through it: [N, H, W, C].
struct RowMap {
    Dims dims;
    DataType type = DataType::float32;
};

/// A step on one map (further inputs, if it has them, are the same one) that can also be computed row by row.
class RowStep : public Step {
public:
    /// Appends the layers that compute its output from rows of `x`, and says what that is; nullopt, and nothing is
    /// appended, if it cannot be done. The step must outlive the layers.
    [[nodiscard]] virtual std::optional<RowMap> append_layers(const RowMap& x, RowLayers& layers) const = 0;
};

/// A step whose output need not be kept if only row steps read it, one after the other.
class RowSourceStep : public Step {
public:
    /// This step and then `next`.
    [[nodiscard]] virtual std::shared_ptr<const RowSourceStep>
    followed_by(std::shared_ptr<const RowStep> next) const = 0;
};

} // namespace detect
