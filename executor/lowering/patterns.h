// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor/lowering/program_builder.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace detect {

/// What a pattern found around a node, and what makes a step of it.
struct Match {
    enum class When : std::uint8_t {
        /// In the place of the last of `nodes`, where all that they read is there.
        at_last_node,
        /// When another step wants what the only one of `nodes` computes.
        when_read,
        /// Before any later sweep looks at the graph: it makes a constant of it.
        at_once,
    };

    /// What the step computes.
    std::vector<std::size_t> nodes;
    /// What it computes along with that: such a node has no say in where the step stands.
    std::vector<std::size_t> side_nodes;
    ProgramBuilder::MakeStep make_step;
    When when = When::at_last_node;
    /// Without: what is read as floats but is there as bytes is dequantised first.
    bool reads_bytes = false;
};

/// Looks at a node that is free and at those around it. Nothing if they do not fit.
using Matcher = std::optional<Match>(const GraphView& graph, std::size_t node);

/// A match of a struct that says what was found, among it `nodes`, and of a function that makes a step of that.
template <class Found>
std::optional<Match> as_match(std::optional<Found> found, Result<void> (*lower)(ProgramBuilder&, const Found&)) {
    if (!found) return std::nullopt;
    Match match;
    match.nodes = found->nodes;
    match.make_step = [found = *std::move(found), lower](ProgramBuilder& program) { return lower(program, found); };
    return match;
}

/// The graph is looked at several times, from its first node to its last but for `element_chains`.
enum class Sweep : std::uint8_t {
    /// Layers between quantised values: first of all, before something else takes their nodes.
    byte_layers,
    /// What is still quantised and dequantised around them.
    byte_values,
    /// Layers of floats.
    float_layers,
    /// What lies between layers, from the last node to the first: all readers of a value are seen before it is.
    element_chains,
    /// Whatever is left, when its turn in the program has come: it is then known in which layout its inputs are there.
    single_nodes,
};

struct Pattern {
    Sweep sweep;
    Matcher* match;
};

/// All patterns. In each sweep those for it are tried in this order; the first that fits has the node.
[[nodiscard]] std::span<const Pattern> patterns();

/// Takes steps together that are one behind the other. `outputs`: slots that are read when the program has run.
using Fusion = void(std::vector<PlannedStep>& steps, std::span<const std::int32_t> outputs);

/// In the order in which they are tried.
[[nodiscard]] std::span<Fusion* const> fusions();

} // namespace detect
