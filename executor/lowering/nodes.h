// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/kernels/conv2d_parameters.h"
#include "executor/lowering/graph_view.h"

#include <optional>

/// What several patterns read off nodes.
namespace detect {

/// The one of a node's two inputs that is not `id`.
[[nodiscard]] ValueId other_input(const Node& node, ValueId id);

/// Channels-last bytes are shifted if they are signed: only 8-bit steps read them.
[[nodiscard]] bool is_bytes(const Value& value);
[[nodiscard]] bool is_rank_4(const Value& value);
/// [?, ?, 1, 1]: what squeeze-excite multiplies by.
[[nodiscard]] bool has_unit_pixels(const Value& value);
/// A constant of one element, which fits a tensor in any layout.
[[nodiscard]] bool is_number(const Value& value);
/// Whether an axis, which may count from the back, is the last one of a value.
[[nodiscard]] bool is_last_axis(std::int64_t axis, const Value& value);

/// The order of a Transpose's axes, empty if they are to be reversed; nothing if what the node says is no permutation.
[[nodiscard]] std::optional<std::vector<std::size_t>> permutation_of(const Node& transpose);

/// `weight`: [output, input / groups, kernel_h, kernel_w]. The node has passed its shape rule, which reads the same
/// attributes. Nothing if the padding is to be found out (`auto_pad`).
[[nodiscard]] std::optional<Conv2dParameters> convolution_parameters(const Node& node, const Dims& weight);

/// An Add behind a convolution.
struct Shortcut {
    std::size_t add = 0;
    /// What is added.
    ValueId other;
};
/// Something computed of the same shape that is added to `x`, which nothing else reads.
[[nodiscard]] std::optional<Shortcut> shortcut_behind(const GraphView& graph, ValueId x);

struct FoundActivation {
    Activation activation = Activation::none;
    /// In order.
    std::vector<std::size_t> nodes;
    ValueId result;
};
/// The activation of `x`, if nothing else reads that and kernels have it.
[[nodiscard]] std::optional<FoundActivation> activation_behind(const GraphView& graph, ValueId x);

/// A GlobalAveragePool of `x`: squeeze-excite asks a depthwise convolution for it.
[[nodiscard]] std::optional<std::size_t> mean_of(const GraphView& graph, ValueId x);

} // namespace detect
