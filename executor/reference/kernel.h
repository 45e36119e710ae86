// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "detect/error.h"
#include "executor/reference/run_control.h"
#include "graph/graph.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace detect {

/// No single output may be larger: what asks for more is a broken or hostile model.
inline constexpr std::int64_t max_output_bytes = std::int64_t{4} << 30;

/// What one evaluation of a node may draw on; bodies of If and Loop draw on what their node has.
struct KernelResources {
    /// How outputs get their memory: plainly from the heap, or from a run's pool.
    using Allocator = std::function<Result<Tensor>(DataType, const Dims&)>;
    Allocator allocate = Tensor::create_uninitialised;
    /// Left for a Loop, all loops in its body included: a file may ask for one that never ends.
    std::int64_t iterations = std::int64_t{1} << 20;
    std::int64_t bytes = std::int64_t{1} << 38;
    /// The run's; null: nothing stops it.
    RunControl* control = nullptr;
};

/// One evaluation of a node: its inputs, and where its outputs go.
class KernelContext {
public:
    using Allocator = KernelResources::Allocator;

    KernelContext(const Node& node, int opset, std::span<const Tensor> inputs, std::span<Tensor> outputs,
                  KernelResources& resources)
        : node_(node), opset_(opset), inputs_(inputs), outputs_(outputs), resources_(resources) {}

    [[nodiscard]] const Node& node() const { return node_; }
    [[nodiscard]] int opset() const { return opset_; }
    [[nodiscard]] std::size_t input_count() const { return inputs_.size(); }
    [[nodiscard]] std::size_t output_count() const { return outputs_.size(); }
    /// An input left out is an undefined tensor; so is one past the last.
    [[nodiscard]] const Tensor& input(std::size_t index) const;
    [[nodiscard]] bool has_input(std::size_t index) const { return input(index).defined(); }
    /// Memory for output `index`, not cleared. Null is never returned: failure is `resource_limit`.
    Result<Tensor*> allocate(std::size_t index, DataType type, const Dims& dims);
    /// Hands out a tensor that exists already (a reshaped input, say).
    void set_output(std::size_t index, Tensor tensor) { outputs_[index] = std::move(tensor); }
    /// False for an optional output that nobody reads.
    [[nodiscard]] bool wants_output(std::size_t index) const;
    [[nodiscard]] KernelResources& resources() { return resources_; }
    /// Counts a node's work before it is computed. What is out of proportion to the sizes is found out from them.
    /// `bad_model` if so much is not left, or an error that says that the run was stopped.
    Result<void> take_work();
    /// Asked between pieces of work that may be long; then `RunControl::stop_error()` is to be returned.
    [[nodiscard]] bool stopped() const { return resources_.control != nullptr && resources_.control->stopped(); }

    /// `bad_model`: "node 'name' (Op): <what>". For inputs whose actual sizes or values the operator does not allow.
    [[nodiscard]] Error error(std::string_view what) const;

private:
    const Node& node_;
    int opset_;
    std::span<const Tensor> inputs_;
    std::span<Tensor> outputs_;
    KernelResources& resources_;
};

/// Computes a node's outputs. Checks whatever the shape rule could not know before the run, and never reads or writes
/// outside its tensors, whatever their sizes and values.
using Kernel = Result<void> (*)(KernelContext&);

/// The plain kernel of an operator; null if there is none.
[[nodiscard]] Kernel find_reference_kernel(std::string_view domain, std::string_view op);

} // namespace detect
