// SPDX-License-Identifier: Apache-2.0
#include "base/checked.h"
#include "executor/reference/interpreter.h"
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace detect::reference {

namespace {

/// A body, as the rule has found it when the graph was built.
Result<const Graph*> body_of(const KernelContext& context, std::string_view attribute) {
    const auto* held = context.node().attribute<std::shared_ptr<const Graph>>(attribute);
    if (held == nullptr || *held == nullptr) return context.error("'" + std::string(attribute) + "' is missing");
    return held->get();
}

Result<bool> single_bool(const KernelContext& context, const Tensor& tensor) {
    if (tensor.type() != DataType::boolean || tensor.element_count() != 1) {
        return context.error("the condition must be a single bool");
    }
    return tensor.data<bool>()[0];
}

std::vector<Tensor> inputs_from(const KernelContext& context, std::size_t skipped) {
    std::vector<Tensor> inputs;
    for (std::size_t i = skipped; i < context.input_count(); ++i) inputs.push_back(context.input(i));
    return inputs;
}

/// Only the branch that is taken need be able to run.
Result<void> if_kernel(KernelContext& context) {
    DETECT_TRY_ASSIGN(const bool condition, single_bool(context, context.input(0)));
    DETECT_TRY_ASSIGN(const Graph* const branch, body_of(context, condition ? "then_branch" : "else_branch"));
    DETECT_TRY_ASSIGN(auto outputs, interpret_body(*branch, inputs_from(context, 1), context.resources()));
    if (outputs.size() != context.output_count()) return context.error("the branch has another number of outputs");
    for (std::size_t i = 0; i < outputs.size(); ++i) context.set_output(i, std::move(outputs[i]));
    return {};
}

/// What the iterations give to one scan output: a row each.
Result<void> stack_rows(KernelContext& context, std::size_t index, std::span<const Tensor> rows,
                        const ShapeContext::Output& said) {
    Dims dims{static_cast<std::int64_t>(rows.size())};
    if (!rows.empty()) {
        if (rows.front().dims().rank() == Dims::max_rank) return context.error("stacks too many dimensions");
        for (const std::int64_t size : rows.front().dims()) dims.push_back(size);
    } else if (said.shape) {
        // Without an iteration, sizes that only an iteration could tell are 0.
        for (std::size_t i = 1; i < said.shape->size(); ++i) dims.push_back((*said.shape)[i].size.value_or(0));
    }
    const DataType type = rows.empty() ? said.type : rows.front().type();
    DETECT_TRY_ASSIGN(Tensor* const output, context.allocate(index, type, dims));
    std::byte* target = output->mutable_bytes().data();
    for (const Tensor& row : rows) {
        if (row.type() != type || !(row.dims() == rows.front().dims()))
            return context.error("scan outputs change their sizes between iterations");
        std::memcpy(target, row.bytes().data(), row.byte_count());
        target += row.byte_count();
    }
    return {};
}

/// One of those that are left.
Result<void> take_iteration(KernelContext& context, std::int64_t trip) {
    KernelResources& left = context.resources();
    if (left.iterations-- > 0 && left.bytes >= 0) return {};
    Error error = context.error("goes on without an end: stopped after " + std::to_string(trip) +
                                (left.bytes < 0 ? " iterations, which computed hundreds of gigabytes"
                                                : " iterations (loops in its body or around it count too)"));
    error.code = ErrorCode::resource_limit;
    return error;
}

Result<void> loop_kernel(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto said, infer_outputs(context));
    DETECT_TRY_ASSIGN(const Graph* const body, body_of(context, "body"));
    std::int64_t trips = std::numeric_limits<std::int64_t>::max();
    if (context.has_input(0)) {
        if (context.input(0).element_count() != 1) return context.error("the trip count must be a single number");
        trips = context.input(0).data<std::int64_t>()[0];
    }
    std::vector<Tensor> state = inputs_from(context, 0);
    if (!context.has_input(1)) state[1] = Tensor::scalar(true);
    const std::size_t carried = state.size() - 2 - body->captured;
    std::vector<std::vector<Tensor>> rows(said.size() - carried);
    for (std::int64_t trip = 0; trip < trips; ++trip) {
        DETECT_TRY_ASSIGN(const bool goes_on, single_bool(context, state[1]));
        if (!goes_on) break;
        DETECT_TRY(take_iteration(context, trip));
        state[0] = Tensor::scalar(trip);
        DETECT_TRY_ASSIGN(auto outputs, interpret_body(*body, state, context.resources()));
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(std::move(outputs[1 + carried + i]));
        for (std::size_t i = 0; i <= carried; ++i) state[1 + i] = std::move(outputs[i]);
    }
    for (std::size_t i = 0; i < carried; ++i) context.set_output(i, state[2 + i]);
    for (std::size_t i = 0; i < rows.size(); ++i)
        DETECT_TRY(stack_rows(context, carried + i, rows[i], said[carried + i]));
    return {};
}

} // namespace

std::vector<KernelEntry> control_flow_kernels() { return {{"If", if_kernel}, {"Loop", loop_kernel}}; }

} // namespace detect::reference
