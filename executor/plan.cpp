// SPDX-License-Identifier: Apache-2.0
#include "executor/plan.h"

#include "base/checked.h"
#include "base/try.h"
#include "executor/joined_rows.h"
#include "executor/passes/passes.h"
#include "graph/operators/work.h"

#include <algorithm>

namespace detect {

namespace {

/// Writes the sizes into the graph's inputs, checking them against what the model declares.
Result<void> bind_inputs(Graph& graph, std::span<const Dims> input_dims) {
    std::map<std::string, std::int64_t, std::less<>> symbols;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        Value& input = graph[graph.inputs[i]];
        const Shape actual = to_shape(input_dims[i]);
        bool fits = !input.shape || input.shape->size() == actual.size();
        for (std::size_t axis = 0; fits && input.shape && axis < actual.size(); ++axis) {
            const Dim& declared = (*input.shape)[axis];
            if (declared.size) fits = *declared.size == *actual[axis].size;
            if (!declared.symbol.empty()) {
                const auto [entry, is_new] = symbols.emplace(declared.symbol, *actual[axis].size);
                fits = fits && entry->second == *actual[axis].size;
            }
        }
        if (!fits) {
            return Error{ErrorCode::invalid_argument, "input '" + input.name + "' takes " + to_string(input.shape) +
                                                          ", got " + to_string(input_dims[i])};
        }
        input.shape = actual;
    }
    return {};
}

/// By step: whether an output of the graph depends on it, given what is constant already.
std::vector<bool> find_needed(const Program& program, const std::vector<Tensor>& constants) {
    std::vector<bool> slot_needed(program.slots().size(), false);
    for (const ValueId output : program.graph().outputs) {
        slot_needed[static_cast<std::size_t>(program.find_slot(output, Layout::plain))] = true;
    }
    const auto& steps = program.steps();
    std::vector<bool> needed(steps.size(), false);
    for (std::size_t i = steps.size(); i-- > 0;) {
        for (const std::int32_t slot : steps[i].outputs) {
            if (slot < 0) continue;
            const auto index = static_cast<std::size_t>(slot);
            needed[i] = needed[i] || (slot_needed[index] && !constants[index].defined());
        }
        if (!needed[i]) continue;
        for (const std::int32_t slot : steps[i].inputs) {
            if (slot >= 0) slot_needed[static_cast<std::size_t>(slot)] = true;
        }
    }
    return needed;
}

/// Constants that nothing reads any more go: those that were steps on the way to others.
void drop_unread_constants(const Program& program, Plan& plan) {
    std::vector<bool> read(plan.constants.size(), false);
    for (const ValueId output : program.graph().outputs) {
        read[static_cast<std::size_t>(program.find_slot(output, Layout::plain))] = true;
    }
    for (const Plan::Entry& entry : plan.entries) {
        for (const std::int32_t slot : entry.step->inputs) {
            if (slot >= 0) read[static_cast<std::size_t>(slot)] = true;
        }
    }
    for (std::size_t slot = 0; slot < read.size(); ++slot) {
        if (!read[slot]) plan.constants[slot] = Tensor{};
    }
}

/// Bytes of a value of known sizes, else 0.
std::size_t known_bytes(const Value& value) {
    const auto dims = to_dims(value.shape);
    const auto bytes = dims ? checked_byte_count(dims->sizes(), element_size(value.type)) : std::nullopt;
    return bytes ? static_cast<std::size_t>(*bytes) : 0;
}

/// Whether every step that reads the only input reads rows of pictures.
bool reads_rows_only(const Program& program, const Graph& graph, const Plan& plan) {
    const std::int32_t input = graph.inputs.size() == 1 ? program.find_slot(graph.inputs[0], Layout::plain) : -1;
    if (input < 0 || std::ranges::find(graph.outputs, graph.inputs[0]) != graph.outputs.end()) return false;
    for (const Plan::Entry& entry : plan.entries) {
        for (std::size_t i = 0; i < entry.step->inputs.size(); ++i) {
            if (entry.step->inputs[i] == input && !entry.step->step->reads_pictures(i)) return false;
        }
    }
    return true;
}

/// Only channels-last maps are counted besides the inputs: other values may be views of one another.
std::size_t find_least_bytes(const Program& program, const Graph& graph, const Plan& plan) {
    const auto map_bytes = [&](std::int32_t slot) -> std::size_t {
        if (slot < 0 || program.slots()[static_cast<std::size_t>(slot)].layout != Layout::channels_last) return 0;
        return known_bytes(graph[program.slots()[static_cast<std::size_t>(slot)].value]);
    };
    std::size_t inputs = 0;
    for (const ValueId input : graph.inputs) {
        if (!plan.takes_rows) inputs = checked_add(inputs, known_bytes(graph[input])).value_or(SIZE_MAX);
    }
    std::size_t most = 0;
    std::size_t live = 0;
    for (const Plan::Entry& entry : plan.entries) {
        for (const std::int32_t slot : entry.step->outputs) live += map_bytes(slot);
        most = std::max(most, live);
        for (const std::int32_t slot : entry.last_uses) live -= map_bytes(slot);
    }
    return checked_add(inputs, most).value_or(SIZE_MAX);
}

/// What is known before a run is refused before it.
Result<void> check_work(const Graph& graph, const std::vector<bool>& done, double limit) {
    RunControl control({}, limit);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
        const Node& node = graph.nodes[n];
        if (done[n] || has_bounded_work(node)) continue;
        const double work = estimated_work(graph, node);
        if (!control.take(work)) return control.refusal(describe(node), work);
    }
    return {};
}

} // namespace

Result<Plan> make_plan(const Program& program, std::span<const Dims> input_dims,
                       const std::shared_ptr<MemoryBudget>& budget, double work_limit) {
    Graph graph = program.graph();
    // Shapes declared with symbols would hide that sizes are known now: they are inferred anew.
    for (const Node& node : graph.nodes) {
        for (const ValueId output : node.outputs) {
            if (output.present()) graph[output].shape.reset();
        }
    }
    // A plan serves one loaded file: its thresholds may be folded too.
    for (Value& value : graph.values) value.editable = false;
    DETECT_TRY(bind_inputs(graph, input_dims));
    FoldingBudget folding;
    const KernelContext::Allocator allocate = [&](DataType type, const Dims& dims) {
        return MemoryBudget::allocate(budget, type, dims);
    };
    const auto done = propagate_constants(graph, folding, allocate);
    const auto fits = done ? check_work(graph, *done, work_limit) : Result<void>(done.error());
    if (!fits) {
        Error error = fits.error();
        error.message += " (for input sizes";
        for (const Dims& dims : input_dims) error.message += " " + to_string(dims);
        error.message += ")";
        return error;
    }

    Plan plan;
    plan.constants.resize(program.slots().size());
    for (std::size_t slot = 0; slot < program.slots().size(); ++slot) {
        const Program::Slot& info = program.slots()[slot];
        if (info.layout == Layout::plain) plan.constants[slot] = graph[info.value].constant;
    }
    std::vector<bool> needed = find_needed(program, plan.constants);
    auto joined = join_rows(program, graph, needed);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i]) plan.entries.push_back({.step = &program.steps()[i], .last_uses = {}});
        if (const auto step = joined.find(i); step != joined.end()) {
            plan.entries.push_back({.step = step->second.get(), .last_uses = {}});
            plan.joined.push_back(std::move(step->second));
        }
    }

    drop_unread_constants(program, plan);

    // Walking backwards, the first mention of a slot is its last use.
    std::vector<bool> mentioned(program.slots().size(), false);
    for (const ValueId output : graph.outputs) {
        mentioned[static_cast<std::size_t>(program.find_slot(output, Layout::plain))] = true;
    }
    for (auto entry = plan.entries.rbegin(); entry != plan.entries.rend(); ++entry) {
        const auto mention = [&](std::int32_t slot) {
            if (slot < 0 || mentioned[static_cast<std::size_t>(slot)]) return;
            mentioned[static_cast<std::size_t>(slot)] = true;
            entry->last_uses.push_back(slot);
        };
        std::ranges::for_each(entry->step->inputs, mention);
        std::ranges::for_each(entry->step->outputs, mention);
    }
    plan.takes_rows = reads_rows_only(program, graph, plan);
    plan.least_bytes = find_least_bytes(program, graph, plan);
    return plan;
}

} // namespace detect
