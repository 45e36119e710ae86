// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/lowering.h"

#include "base/try.h"
#include "executor/lowering/patterns.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// By last node.
using Claims = std::map<std::size_t, Match>;

std::optional<Match> first_match(const GraphView& graph, Sweep sweep, std::size_t node) {
    for (const Pattern& pattern : patterns()) {
        if (pattern.sweep != sweep) continue;
        if (auto match = pattern.match(graph, node)) return match;
    }
    return std::nullopt;
}

Result<void> make_step(ProgramBuilder& program, const Match& match) {
    if (!match.reads_bytes) {
        for (const std::size_t node : match.nodes) DETECT_TRY(program.require_inputs(node));
    }
    return match.make_step(program);
}

Result<void> look_at(ProgramBuilder& program, Sweep sweep, std::size_t node, Claims& claims) {
    if (!program.view().is_free(node) || !program.node(node).domain.empty()) return {};
    auto match = first_match(program.view(), sweep, node);
    if (!match) return {};
    program.claim(match->nodes);
    program.claim(match->side_nodes);
    switch (match->when) {
    case Match::When::at_once: return match->make_step(program);
    case Match::When::when_read: program.defer(program.node(node).outputs[0], std::move(match->make_step)); return {};
    case Match::When::at_last_node: break;
    }
    const std::size_t last = *std::ranges::max_element(match->nodes);
    claims.emplace(last, *std::move(match));
    return {};
}

Result<Claims> claim_nodes(ProgramBuilder& program) {
    Claims claims;
    const std::size_t count = program.node_count();
    for (const Sweep sweep : {Sweep::byte_layers, Sweep::byte_values, Sweep::float_layers, Sweep::element_chains}) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t node = sweep == Sweep::element_chains ? count - 1 - i : i;
            DETECT_TRY(look_at(program, sweep, node, claims));
        }
    }
    return claims;
}

} // namespace

Result<Program> lower(Graph graph, Isa isa) {
    ProgramBuilder program(std::move(graph), isa);
    DETECT_TRY_ASSIGN(const Claims claims, claim_nodes(program));
    for (std::size_t node = 0; node < program.node_count(); ++node) {
        if (const auto claim = claims.find(node); claim != claims.end()) {
            DETECT_TRY(make_step(program, claim->second));
        } else if (program.view().is_free(node)) {
            // What a single node fits depends on the layouts in which its inputs are there.
            DETECT_TRY(program.require_inputs(node));
            DETECT_TRY(make_step(program, first_match(program.view(), Sweep::single_nodes, node).value()));
        }
    }
    DETECT_TRY(program.require_outputs());
    for (Fusion* const fuse : fusions()) fuse(program.steps(), program.output_slots());
    return program.finish();
}

} // namespace detect
