// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/program_builder.h"

#include "base/try.h"
#include "executor/kernels/int8/kernel_table.h"
#include "executor/kernels/kernel_table.h"
#include "executor/lowering/nodes.h"
#include "executor/steps/int8_steps.h"
#include "executor/steps/layout_steps.h"

#include <algorithm>
#include <utility>

namespace detect {

ProgramBuilder::ProgramBuilder(Graph graph, Isa isa) : program_(std::move(graph)), view_(program_.graph_, isa) {}

const KernelTable& ProgramBuilder::kernels() const { return kernel_table(view_.isa()); }

const Int8Kernels& ProgramBuilder::int8_kernels() const { return detect::int8_kernels(view_.isa()); }

std::int32_t ProgramBuilder::slot(ValueId id, Layout layout) {
    if (!id.present()) return -1;
    const auto [entry, is_new] =
        program_.slot_of_.emplace(std::pair{id.index, layout}, static_cast<std::int32_t>(program_.slots_.size()));
    if (is_new) program_.slots_.push_back({id, layout});
    return entry->second;
}

std::int32_t ProgramBuilder::in_layout(ValueId id, Layout layout) {
    const std::int32_t wanted = slot(id, layout);
    if (!id.present() || view_.is_written(id, layout)) return wanted;
    const Layout other = layout == Layout::plain ? Layout::channels_last : Layout::plain;
    // What no step has written yet is an input or a constant, which are plain.
    if (layout == Layout::plain && !view_.is_written(id, other)) return wanted;
    std::shared_ptr<const Step> step = layout == Layout::plain ? make_to_plain() : make_to_channels_last();
    if (is_bytes(value(id))) step = make_bytes_layout_step(layout, value(id).type);
    append(std::move(step), value(id).name + "/layout", {slot(id, other)}, {wanted});
    return wanted;
}

std::vector<std::int32_t> ProgramBuilder::in_layout(std::span<const ValueId> ids, Layout layout) {
    std::vector<std::int32_t> slots;
    for (const ValueId id : ids) slots.push_back(in_layout(id, layout));
    return slots;
}

void ProgramBuilder::append(std::shared_ptr<const Step> step, std::string_view name, std::vector<std::int32_t> inputs,
                            std::vector<std::int32_t> outputs) {
    for (const std::int32_t output : outputs) {
        if (output < 0) continue;
        const Program::Slot& written = program_.slots_[static_cast<std::size_t>(output)];
        view_.note_written(written.value, written.layout);
    }
    program_.steps_.push_back({.step = std::move(step),
                               .name = std::string(name),
                               .inputs = std::move(inputs),
                               .outputs = std::move(outputs)});
}

Result<void> ProgramBuilder::require(ValueId id) {
    const auto found = deferred_.find(id.index);
    if (found == deferred_.end()) return {};
    const MakeStep make = std::move(found->second);
    deferred_.erase(found);
    return make(*this);
}

Result<void> ProgramBuilder::require_inputs(std::size_t index) {
    for (const ValueId id : node(index).inputs) DETECT_TRY(require(id));
    return {};
}

Result<void> ProgramBuilder::require_outputs() {
    for (const ValueId output : program_.graph_.outputs) {
        DETECT_TRY(require(output));
        in_layout(output, Layout::plain);
    }
    return {};
}

void ProgramBuilder::set_constant(ValueId id, Tensor constant) { program_.graph_[id].constant = std::move(constant); }

Tensor ProgramBuilder::take(ValueId weights) {
    Value& value = program_.graph_[weights];
    if (++packed_by_[weights.index] < view_.readers(weights).size() || view_.is_output(weights)) return value.constant;
    value.shape = to_shape(value.constant.dims());
    return std::exchange(value.constant, Tensor{});
}

std::vector<std::int32_t> ProgramBuilder::output_slots() const {
    std::vector<std::int32_t> slots;
    for (const ValueId output : program_.graph_.outputs) slots.push_back(program_.find_slot(output, Layout::plain));
    return slots;
}

Program ProgramBuilder::finish() {
    for (const ValueId bytes : packed_bytes_) {
        const bool needed = std::ranges::any_of(
            view_.readers(bytes), [&](std::size_t reader) { return view_.is_output(node(reader).outputs[0]); });
        Value& value = program_.graph_[bytes];
        if (needed || !value.constant.defined()) continue;
        value.shape = to_shape(value.constant.dims());
        value.constant = Tensor{};
    }
    return std::move(program_);
}

} // namespace detect
