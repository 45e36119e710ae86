#include "executor/plan.h"

#include "executor/passes/passes.h"
#include "graph/try.h"

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

} // namespace

Result<Plan> make_plan(const Program& program, std::span<const Dims> input_dims) {
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
    if (auto done = propagate_constants(graph); !done) {
        Error error = std::move(done).error();
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
    const std::vector<bool> needed = find_needed(program, plan.constants);
    for (std::size_t i = 0; i < needed.size(); ++i) {
        if (needed[i]) plan.entries.push_back({.step = &program.steps()[i], .last_uses = {}});
    }

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
    return plan;
}

} // namespace detect
