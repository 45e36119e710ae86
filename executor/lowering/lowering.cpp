// SPDX-License-Identifier: Apache-2.0
#include "executor/lowering/lowering.h"

#include "base/try.h"
#include "executor/steps/int8_steps.h"
#include "executor/steps/layout_steps.h"
#include "executor/steps/reference_step.h"

#include <algorithm>
#include <utility>

namespace detect {

std::int32_t Program::find_slot(ValueId value, Layout layout) const {
    const auto found = slot_of_.find({value.index, layout});
    return found == slot_of_.end() ? -1 : found->second;
}

Result<Program> lower(Graph graph, Isa isa) { return Lowering(std::move(graph), isa).run(); }

Lowering::Lowering(Graph graph, Isa isa) : isa_(isa) {
    program_.graph_ = std::move(graph);
    const Graph& g = program_.graph_;
    producers_ = g.producers();
    readers_.resize(g.values.size());
    is_output_.resize(g.values.size(), false);
    grouped_.resize(g.nodes.size(), false);
    for (std::size_t n = 0; n < g.nodes.size(); ++n) {
        for (const ValueId id : g.nodes[n].inputs) {
            if (id.present()) readers_[static_cast<std::size_t>(id.index)].push_back(n);
        }
    }
    for (const ValueId id : g.outputs) is_output_[static_cast<std::size_t>(id.index)] = true;
}

Result<Program> Lowering::run() {
    DETECT_TRY(group_int8());
    group_nodes();
    for (std::size_t n = 0; n < program_.graph_.nodes.size(); ++n) {
        if (const auto bytes = int8_group_at_.find(n); bytes != int8_group_at_.end()) {
            DETECT_TRY(lower_int8_group(*bytes->second));
        } else if (const auto claim = claims_.find(n); claim != claims_.end()) {
            for (const std::size_t member : claim->second.group) DETECT_TRY(dequantise_inputs(node(member)));
            DETECT_TRY((this->*claim->second.lower)(claim->second.group));
        } else if (!grouped_[n]) {
            DETECT_TRY(dequantise_inputs(node(n)));
            DETECT_TRY_ASSIGN(const bool quantiser, lower_quantiser(node(n)));
            if (quantiser) continue;
            DETECT_TRY_ASSIGN(const bool roi_align, lower_roi_align(node(n)));
            if (roi_align) continue;
            DETECT_TRY_ASSIGN(const bool pooling, lower_pooling(node(n)));
            if (pooling) continue;
            DETECT_TRY_ASSIGN(const bool channels_last, lower_channels_last(node(n)));
            if (!channels_last && !lower_rows(node(n))) DETECT_TRY(lower_reference(node(n), Layout::plain));
        }
    }
    for (const ValueId output : program_.graph_.outputs) {
        DETECT_TRY(dequantise(output));
        in_layout(output, Layout::plain);
    }
    release_packed_bytes();
    fuse_int8_blocks();
    fuse_inverted_residuals();
    return std::move(program_);
}

void Lowering::group_nodes() {
    for (std::size_t n = 0; n < program_.graph_.nodes.size(); ++n) {
        if (grouped_[n] || !node(n).domain.empty()) continue;
        if (group_image_transform(n) || group_convolution(n) || group_fully_connected(n) || group_layer_norm(n) ||
            group_matrix_product(n)) {
            continue;
        }
    }
    for (std::size_t n = program_.graph_.nodes.size(); n-- > 0;) group_elementwise(n);
}

void Lowering::claim(Group group, LowerGroup lower) {
    for (const std::size_t member : group) grouped_[member] = true;
    const std::size_t last = *std::ranges::max_element(group);
    claims_[last] = {std::move(group), lower};
}

namespace {

bool is_rank_4(const Value& value) { return value.shape && value.shape->size() == 4; }

/// Channels-last bytes are shifted if they are signed: only 8-bit steps read them.
bool is_bytes(const Value& value) { return value.type == DataType::uint8 || value.type == DataType::int8; }

} // namespace

Result<bool> Lowering::lower_channels_last(const Node& node) {
    if (!node.domain.empty() || node.inputs.empty()) return false;
    const ValueId first = node.inputs[0];
    if (first.present() && is_bytes(value(first))) return false;
    if (node.op == "Transpose" && exists(first, Layout::channels_last)) {
        const auto* permutation = node.attribute<std::vector<std::int64_t>>("perm");
        if (permutation != nullptr && *permutation == std::vector<std::int64_t>{0, 2, 3, 1}) {
            append(make_alias(), node.name, {slot(first, Layout::channels_last)},
                   {slot(node.outputs[0], Layout::plain)});
            return true;
        }
        return false;
    }
    if (has_trait(node, &Operator::elementwise)) {
        // Every input is a channels-last tensor or a single number.
        bool any = false;
        for (const ValueId id : node.inputs) {
            if (!id.present()) continue;
            const Tensor& constant = value(id).constant;
            if (constant.defined() && constant.element_count() == 1 && constant.dims().rank() <= 4) continue;
            if (!exists(id, Layout::channels_last) || !is_rank_4(value(id))) return false;
            any = true;
        }
        if (!any) return false;
        DETECT_TRY(lower_reference(node, Layout::channels_last));
        return true;
    }
    return false;
}

Result<void> Lowering::lower_reference(const Node& node, Layout layout) {
    const Kernel kernel = find_reference_kernel(node.domain, node.op);
    if (kernel == nullptr) {
        return Error{ErrorCode::unsupported, describe(node) + ": no kernel for this operator"};
    }
    std::vector<std::int32_t> inputs;
    for (const ValueId id : node.inputs) {
        if (!id.present()) {
            inputs.push_back(-1);
        } else {
            inputs.push_back(in_layout(id, value(id).constant.defined() ? Layout::plain : layout));
        }
    }
    std::vector<std::int32_t> outputs;
    for (const ValueId id : node.outputs) outputs.push_back(id.present() ? slot(id, layout) : -1);
    append(make_reference_step(node, program_.graph_.opset, kernel), node.name, std::move(inputs), std::move(outputs));
    return {};
}

std::optional<std::size_t> Lowering::only_reader(ValueId id) const {
    const auto index = static_cast<std::size_t>(id.index);
    if (readers_[index].size() != 1 || is_output_[index]) return std::nullopt;
    return readers_[index].front();
}

const Node* Lowering::producer(ValueId id) const {
    const std::int32_t index = id.present() ? producers_[static_cast<std::size_t>(id.index)] : -1;
    return index < 0 ? nullptr : &program_.graph_.nodes[static_cast<std::size_t>(index)];
}

const Tensor* Lowering::constant(ValueId id, DataType type) const {
    if (!id.present()) return nullptr;
    const Tensor& tensor = value(id).constant;
    return tensor.defined() && tensor.type() == type ? &tensor : nullptr;
}

Tensor Lowering::take(ValueId weights) {
    const auto index = static_cast<std::size_t>(weights.index);
    Value& value = program_.graph_[weights];
    if (++packed_by_[weights.index] < readers_[index].size() || is_output_[index]) return value.constant;
    value.shape = to_shape(value.constant.dims());
    return std::exchange(value.constant, Tensor{});
}

std::int32_t Lowering::slot(ValueId id, Layout layout) {
    const auto [entry, is_new] =
        program_.slot_of_.emplace(std::pair{id.index, layout}, static_cast<std::int32_t>(program_.slots_.size()));
    if (is_new) program_.slots_.push_back({id, layout});
    return entry->second;
}

bool Lowering::exists(ValueId id, Layout layout) const {
    const std::int32_t index = program_.find_slot(id, layout);
    return index >= 0 && written_.contains(index);
}

std::int32_t Lowering::in_layout(ValueId id, Layout layout) {
    const Layout other = layout == Layout::plain ? Layout::channels_last : Layout::plain;
    const std::int32_t wanted = slot(id, layout);
    // What no step has written yet is an input or a constant, which are plain.
    const bool needs_conversion =
        !written_.contains(wanted) && (layout == Layout::channels_last || exists(id, Layout::channels_last));
    if (needs_conversion) {
        std::shared_ptr<const Step> step = layout == Layout::plain ? make_to_plain() : make_to_channels_last();
        if (is_bytes(value(id))) step = make_bytes_layout_step(layout, value(id).type);
        append(std::move(step), value(id).name + "/layout", {slot(id, other)}, {wanted});
    }
    return wanted;
}

void Lowering::append(std::shared_ptr<const Step> step, std::string_view name, std::vector<std::int32_t> inputs,
                      std::vector<std::int32_t> outputs) {
    for (const std::int32_t output : outputs) {
        if (output >= 0) written_.insert(output);
    }
    program_.steps_.push_back({.step = std::move(step),
                               .name = std::string(name),
                               .inputs = std::move(inputs),
                               .outputs = std::move(outputs)});
}

} // namespace detect
