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

/// The one needed step that reads the slot.
std::optional<std::size_t> only_reader(const Program& program, const std::vector<bool>& needed, std::int32_t slot) {
    std::optional<std::size_t> reader;
    for (std::size_t i = 0; i < needed.size(); ++i) {
        const auto& inputs = program.steps()[i].inputs;
        if (!needed[i] || std::ranges::find(inputs, slot) == inputs.end()) continue;
        if (reader) return std::nullopt;
        reader = i;
    }
    return reader;
}

} // namespace

std::map<std::size_t, std::unique_ptr<const PlannedStep>> join_rows(const Program& program, const Graph& graph,
                                                                    std::vector<bool>& needed) {
    std::map<std::size_t, std::unique_ptr<const PlannedStep>> joined;
    for (std::size_t first = 0; first < needed.size(); ++first) {
        auto source = std::dynamic_pointer_cast<const RowSourceStep>(program.steps()[first].step);
        if (!needed[first] || !source) continue;
        PlannedStep whole = program.steps()[first];
        auto map = map_of(program, graph, whole);
        std::size_t last = first;
        while (map && is_large(*map)) {
            const std::int32_t slot = whole.outputs[0];
            const auto next = only_reader(program, needed, slot);
            if (!next) break;
            const PlannedStep& step = program.steps()[*next];
            const auto row_step = std::dynamic_pointer_cast<const RowStep>(step.step);
            const bool one_map = std::ranges::all_of(step.inputs, [&](std::int32_t input) { return input == slot; });
            if (!row_step || !one_map || step.outputs.size() != 1) break;
            RowLayers layers;
            map = row_step->append_layers(*map, layers);
            if (!map) break;
            source = source->followed_by(row_step);
            whole = {.step = source, .name = step.name, .inputs = whole.inputs, .outputs = step.outputs};
            needed[last] = false;
            last = *next;
        }
        if (last == first) continue;
        needed[last] = false;
        joined.emplace(last, std::make_unique<const PlannedStep>(std::move(whole)));
    }
    return joined;
}

} // namespace detect
