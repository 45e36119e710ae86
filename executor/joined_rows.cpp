// SPDX-License-Identifier: Apache-2.0
#include "executor/joined_rows.h"

#include "base/checked.h"
#include "executor/row_step.h"

#include <algorithm>
#include <optional>

namespace detect {

namespace {

/// Maps of less than this for a picture stay in a second-level cache anyway.
constexpr std::int64_t least_joined_bytes = std::int64_t{2} << 20U;

bool is_large(const RowMap& map) {
    const auto bytes = checked_byte_count(map.dims.sizes().subspan(1), element_size(map.type));
    return bytes && *bytes >= least_joined_bytes;
}

/// The map that a source of rows makes, if its sizes are known.
std::optional<RowMap> map_of(const Program& program, const Graph& graph, const PlannedStep& source) {
    const Program::Slot& output = program.slots()[static_cast<std::size_t>(source.outputs[0])];
    const auto dims = to_dims(graph[output.value].shape);
    if (!dims || dims->rank() != 4 || output.layout != Layout::channels_last) return std::nullopt;
    return RowMap{.dims = {(*dims)[0], (*dims)[2], (*dims)[3], (*dims)[1]}};
}

/// By slot: the one needed step that reads it, or one of the other two. Found once for all: a walk through the program
/// for each slot would cost the square of its length.
constexpr std::int32_t nobody = -1;
constexpr std::int32_t several = -2;

std::vector<std::int32_t> only_readers(const Program& program, const std::vector<bool>& needed) {
    std::vector<std::int32_t> readers(program.slots().size(), nobody);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (!needed[i]) continue;
        const auto step = static_cast<std::int32_t>(i);
        for (const std::int32_t slot : program.steps()[i].inputs) {
            if (slot < 0) continue;
            std::int32_t& reader = readers[static_cast<std::size_t>(slot)];
            reader = reader == nobody || reader == step ? step : several;
        }
    }
    return readers;
}

} // namespace

std::map<std::size_t, std::unique_ptr<const PlannedStep>> join_rows(const Program& program, const Graph& graph,
                                                                    std::vector<bool>& needed) {
    std::map<std::size_t, std::unique_ptr<const PlannedStep>> joined;
    // What is joined is no longer needed, but then it read nothing but a map inside its own chain.
    const std::vector<std::int32_t> readers = only_readers(program, needed);
    for (std::size_t first = 0; first < needed.size(); ++first) {
        auto source = std::dynamic_pointer_cast<const RowSourceStep>(program.steps()[first].step);
        if (!needed[first] || !source) continue;
        PlannedStep whole = program.steps()[first];
        auto map = map_of(program, graph, whole);
        std::size_t last = first;
        while (map && is_large(*map)) {
            const std::int32_t slot = whole.outputs[0];
            const std::int32_t reader = readers[static_cast<std::size_t>(slot)];
            if (reader < 0) break;
            const auto next = static_cast<std::size_t>(reader);
            const PlannedStep& step = program.steps()[next];
            const auto row_step = std::dynamic_pointer_cast<const RowStep>(step.step);
            const bool one_map = std::ranges::all_of(step.inputs, [&](std::int32_t input) { return input == slot; });
            if (!row_step || !one_map || step.outputs.size() != 1) break;
            RowLayers layers;
            map = row_step->append_layers(*map, layers);
            if (!map) break;
            source = source->followed_by(row_step);
            whole = {.step = source, .name = step.name, .inputs = whole.inputs, .outputs = step.outputs};
            needed[last] = false;
            last = next;
        }
        if (last == first) continue;
        needed[last] = false;
        joined.emplace(last, std::make_unique<const PlannedStep>(std::move(whole)));
    }
    return joined;
}

} // namespace detect
