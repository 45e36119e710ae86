// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/interpreter.h"

#include "base/try.h"
#include "executor/reference/kernel.h"
#include "graph/operators.h"

#include <algorithm>
#include <map>

namespace detect {

namespace {

/// Inputs must have the declared types and sizes; one name is one size.
Result<void> check_inputs(const Graph& graph, std::span<const Tensor> inputs) {
    const auto bad = [](std::string message) { return Error{ErrorCode::invalid_argument, std::move(message)}; };
    if (inputs.size() != graph.inputs.size()) {
        return bad("the graph has " + std::to_string(graph.inputs.size()) + " inputs, " +
                   std::to_string(inputs.size()) + " were given");
    }
    std::map<std::string, std::int64_t> named;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Value& declared = graph[graph.inputs[i]];
        const std::string who = "input '" + declared.name + "'";
        // The inputs of a body of If or Loop have no type of their own.
        if (declared.type != DataType::undefined && inputs[i].type() != declared.type) {
            return bad(who + " is " + std::string(to_string(inputs[i].type())) + ", expected " +
                       std::string(to_string(declared.type)));
        }
        if (!declared.shape) continue;
        bool fits = declared.shape->size() == inputs[i].dims().rank();
        for (std::size_t axis = 0; fits && axis < declared.shape->size(); ++axis) {
            const Dim& dim = (*declared.shape)[axis];
            const std::int64_t size = inputs[i].dims()[axis];
            if (dim.size)
                fits = *dim.size == size;
            else if (!dim.symbol.empty())
                fits = named.emplace(dim.symbol, size).first->second == size;
        }
        if (!fits) return bad(who + " is " + to_string(inputs[i].dims()) + ", expected " + to_string(declared.shape));
    }
    return {};
}

/// The state of one run: every value computed so far, let go of after its last reader.
class Run {
public:
    /// `resources`: of the node whose body this is; null for a graph that is no body, of which each node has its own.
    Run(const Graph& graph, std::span<const ValueId> wanted, KernelResources* resources, RunControl* control)
        : graph_(graph), values_(graph.values.size()), readers_(graph.values.size(), 0), resources_(resources),
          control_(control) {
        for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = graph.values[i].constant;
        for (const Node& node : graph.nodes) std::ranges::for_each(node.inputs, [&](ValueId id) { count_reader(id); });
        std::ranges::for_each(wanted, [&](ValueId id) { count_reader(id); });
    }

    void set(ValueId id, const Tensor& tensor) { at(id) = tensor; }
    [[nodiscard]] const Tensor& get(ValueId id) const { return values_[static_cast<std::size_t>(id.index)]; }

    Result<void> evaluate(const Node& node, const NodeObserver& observer) {
        const Kernel kernel = find_reference_kernel(node.domain, node.op);
        if (kernel == nullptr)
            return Error{ErrorCode::unsupported, describe(node) + ": the operator is not implemented"};
        std::vector<Tensor> inputs(node.inputs.size());
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (!node.inputs[i].present()) continue;
            inputs[i] = get(node.inputs[i]);
            if (!inputs[i].defined()) {
                return Error{ErrorCode::bad_model, describe(node) + ": reads '" + graph_[node.inputs[i]].name +
                                                       "', which nothing before it computes"};
            }
        }
        std::vector<Tensor> outputs(node.outputs.size());
        KernelResources own{.control = control_};
        KernelContext context(node, graph_.opset, inputs, outputs, resources_ != nullptr ? *resources_ : own);
        DETECT_TRY(context.take_work());
        DETECT_TRY(kernel(context));
        if (observer) observer(node, outputs);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (!node.outputs[i].present()) continue;
            if (!outputs[i].defined()) return Error{ErrorCode::internal, describe(node) + ": left an output undefined"};
            at(node.outputs[i]) = std::move(outputs[i]);
        }
        std::ranges::for_each(node.inputs, [&](ValueId id) { release_reader(id); });
        return {};
    }

private:
    [[nodiscard]] Tensor& at(ValueId id) { return values_[static_cast<std::size_t>(id.index)]; }
    void count_reader(ValueId id) {
        if (id.present()) ++readers_[static_cast<std::size_t>(id.index)];
    }
    void release_reader(ValueId id) {
        if (id.present() && --readers_[static_cast<std::size_t>(id.index)] == 0) at(id) = Tensor();
    }

    const Graph& graph_;
    std::vector<Tensor> values_;
    std::vector<int> readers_;
    KernelResources* resources_;
    RunControl* control_;
};

Result<std::vector<Tensor>> run_graph(const Graph& graph, std::span<const Tensor> inputs,
                                      std::span<const ValueId> wanted, const NodeObserver& observer,
                                      KernelResources* resources, RunControl* control) {
    DETECT_TRY(check_inputs(graph, inputs));
    Run run(graph, wanted, resources, control);
    for (std::size_t i = 0; i < inputs.size(); ++i) run.set(graph.inputs[i], inputs[i]);
    for (const Node& node : graph.nodes) DETECT_TRY(run.evaluate(node, observer));
    std::vector<Tensor> results;
    for (const ValueId id : wanted) {
        if (!id.present() || static_cast<std::size_t>(id.index) >= graph.values.size() || !run.get(id).defined()) {
            return Error{ErrorCode::invalid_argument, "a value was asked for that the graph does not compute"};
        }
        results.push_back(run.get(id));
    }
    return results;
}

} // namespace

Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs) {
    return interpret(graph, inputs, graph.outputs);
}

Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs,
                                      std::span<const ValueId> wanted) {
    return interpret(graph, inputs, wanted, {});
}

Result<std::vector<Tensor>> interpret(const Graph& graph, std::span<const Tensor> inputs,
                                      std::span<const ValueId> wanted, const NodeObserver& observer,
                                      std::stop_token stop) {
    RunControl control(std::move(stop));
    return run_graph(graph, inputs, wanted, observer, nullptr, &control);
}

Result<std::vector<Tensor>> interpret_body(const Graph& body, std::span<const Tensor> inputs,
                                           KernelResources& resources) {
    return run_graph(body, inputs, body.outputs, {}, &resources, resources.control);
}

} // namespace detect
