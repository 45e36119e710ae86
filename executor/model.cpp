// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"

#include "base/try.h"
#include "executor/lowering/lowering.h"
#include "executor/memory.h"
#include "executor/passes/passes.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace detect {

/// What a call needs for itself; kept for the next one.
struct Model::RunState {
    explicit RunState(std::shared_ptr<MemoryBudget> budget) : memory(std::move(budget)) {}
    BufferPool memory;
    std::vector<Tensor> slots;
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
};

namespace {

Result<void> check_input(const Value& declared, const Tensor& tensor) {
    if (tensor.type() == declared.type) return {};
    return Error{ErrorCode::invalid_argument, "input '" + declared.name + "' is " +
                                                  std::string(to_string(declared.type)) + ", got " +
                                                  std::string(to_string(tensor.type()))};
}

/// The caller's copy: pooled memory goes back to the pool with the run.
Result<Tensor> owned_copy(const Tensor& tensor) {
    DETECT_TRY_ASSIGN(Tensor copy, Tensor::create_uninitialised(tensor.type(), tensor.dims()));
    std::ranges::copy(tensor.bytes(), copy.mutable_bytes().begin());
    return copy;
}

/// Pictures as the tensor [N, 3, H, W] that a model takes.
void fill(Tensor& input, const PictureRows& pictures, ThreadPool& threads) {
    const auto height = static_cast<std::size_t>(input.dims()[2]);
    const auto width = static_cast<std::size_t>(input.dims()[3]);
    const auto to = input.mutable_data<float>();
    constexpr std::size_t rows_at_a_time = 32;
    threads.parallel_for(static_cast<std::size_t>(input.dims()[0]) * height, rows_at_a_time,
                         [&](std::size_t begin, std::size_t end) {
                             std::vector<float> planes(3 * width);
                             for (std::size_t i = begin; i < end; ++i) {
                                 const std::size_t picture = i / height;
                                 pictures.read(picture, i % height, planes.data());
                                 for (std::size_t plane = 0; plane < 3; ++plane) {
                                     const std::size_t at = ((3 * picture + plane) * height + i % height) * width;
                                     std::copy_n(planes.data() + plane * width, width, to.data() + at);
                                 }
                             }
                         });
}

/// Of the constants, as they were read.
std::size_t constant_bytes(const Graph& graph) {
    std::set<const std::byte*> counted;
    std::size_t bytes = 0;
    for (const Value& value : graph.values) {
        const bool is_new = value.constant.defined() && counted.insert(value.constant.storage().get()).second;
        if (is_new) bytes += value.constant.byte_count();
    }
    return bytes;
}

/// Of what is packed into memory of its own: not the weights of Gemm, which are packed where they lie.
std::size_t largest_packed_bytes(const Graph& graph) {
    std::set<std::int32_t> stays;
    for (const Node& node : graph.nodes) {
        if (node.op == "Gemm" && node.int_or("transB", 0) != 0) stays.insert(node.inputs[1].index);
    }
    std::size_t most = 0;
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
        const Tensor& constant = graph.values[i].constant;
        if (!constant.defined()) continue;
        constexpr std::int64_t widest_vector = 16;
        const bool in_place = stays.contains(static_cast<std::int32_t>(i)) && constant.storage().use_count() == 1 &&
                              constant.dims()[0] % widest_vector == 0;
        if (!in_place) most = std::max(most, constant.byte_count());
    }
    return most;
}

/// Of the weights, as the kernels want them.
std::size_t prepared_bytes(const Program& program) {
    std::size_t bytes = 0;
    for (const PlannedStep& step : program.steps()) bytes += step.step->weight_bytes();
    return bytes;
}

} // namespace

Result<std::shared_ptr<const Model>> Model::compile(Graph graph, const ModelOptions& options) {
    DETECT_TRY(run_passes(graph, simplification_passes()));
    auto budget = std::make_shared<MemoryBudget>(options.memory_limit);
    // Weights are packed one after the other and go as soon as they are: all of them and the largest packed one are the
    // most there is at once.
    const std::size_t as_read = constant_bytes(graph);
    const std::size_t most = as_read + largest_packed_bytes(graph);
    DETECT_TRY(budget->take(most));
    DETECT_TRY_ASSIGN(Program program, lower(std::move(graph), options.isa.value_or(detect_isa())));
    budget->give_back(most);
    DETECT_TRY(budget->take(constant_bytes(program.graph()) + prepared_bytes(program)));
    return std::shared_ptr<const Model>(new Model(std::move(program), options, std::move(budget)));
}

Model::Model(Program program, const ModelOptions& options, std::shared_ptr<MemoryBudget> budget)
    : budget_(std::move(budget)), weight_bytes_(budget_->used()), program_(std::move(program)),
      work_limit_(options.work_limit), threads_(options.threads), plans_(options.cached_plans) {}

Model::~Model() = default;

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs, std::stop_token stop) const {
    return run(inputs, nullptr, std::move(stop));
}

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs, std::vector<StepTime>& times) const {
    return run(inputs, &times, {});
}

Result<std::shared_ptr<const Plan>> Model::plan_for(std::vector<Dims> dims) const {
    if (auto kept = plans_.find(dims)) return kept;
    DETECT_TRY_ASSIGN(Plan plan, make_plan(program_, dims, budget_, work_limit_));
    return plans_.insert(std::move(dims), std::make_shared<const Plan>(std::move(plan)));
}

std::unique_ptr<Model::RunState> Model::take_state() const {
    const std::lock_guard lock(mutex_);
    if (states_.empty()) return std::make_unique<RunState>(budget_);
    auto state = std::move(states_.back());
    states_.pop_back();
    return state;
}

void Model::give_back(std::unique_ptr<RunState> state) const {
    constexpr std::size_t kept_states = 8;
    state->memory.end_run();
    const std::lock_guard lock(mutex_);
    if (states_.size() < kept_states) states_.push_back(std::move(state));
}

bool Model::can_hold(const Dims& dims) const {
    const auto plan = plan_for({dims});
    if (!plan || budget_->limit() == 0) return true;
    const std::size_t left = budget_->limit() - std::min(budget_->limit(), weight_bytes_);
    return (*plan)->least_bytes <= left;
}

void Model::release_unused() const {
    plans_.clear();
    const std::lock_guard lock(mutex_);
    states_.clear();
}

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs, std::vector<StepTime>* times,
                                       std::stop_token stop) const {
    const Graph& graph = program_.graph();
    if (inputs.size() != graph.inputs.size()) {
        return Error{ErrorCode::invalid_argument, "the model takes " + std::to_string(graph.inputs.size()) +
                                                      " inputs, got " + std::to_string(inputs.size())};
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) DETECT_TRY(check_input(graph[graph.inputs[i]], inputs[i]));
    std::vector<Dims> input_dims;
    for (const Tensor& input : inputs) input_dims.push_back(input.dims());
    DETECT_TRY_ASSIGN(const auto plan, plan_for(std::move(input_dims)));

    return in_a_state([&](RunState& state) { return run_steps(*plan, inputs, nullptr, state, times, stop); });
}

Result<std::vector<Tensor>> Model::run(const Dims& dims, const PictureRows& pictures, std::stop_token stop) const {
    const Graph& graph = program_.graph();
    if (graph.inputs.size() != 1 || graph[graph.inputs[0]].type != DataType::float32 || dims.rank() != 4 ||
        dims[1] != 3) {
        return Error{ErrorCode::invalid_argument,
                     "the model does not take pictures: it needs one input, float32 [N, 3, H, W]"};
    }
    DETECT_TRY_ASSIGN(const auto plan, plan_for({dims}));
    DETECT_TRY(budget_->check(plan->least_bytes));
    return in_a_state([&](RunState& state) -> Result<std::vector<Tensor>> {
        Tensor input = Tensor::from_storage(DataType::float32, dims, nullptr);
        if (!plan->takes_rows) {
            DETECT_TRY_ASSIGN(input, state.memory.allocate(DataType::float32, dims));
            fill(input, pictures, threads_);
        }
        return run_steps(*plan, std::span(&input, 1), &pictures, state, nullptr, stop);
    });
}

Result<std::vector<Tensor>> Model::in_a_state(const std::function<Result<std::vector<Tensor>>(RunState&)>& run) const {
    auto state = take_state();
    auto results = run(*state);
    state->slots.clear();
    state->inputs.clear();
    state->outputs.clear();
    give_back(std::move(state));
    return results;
}

Result<std::vector<Tensor>> Model::run_steps(const Plan& plan, std::span<const Tensor> inputs,
                                             const PictureRows* pictures, RunState& state, std::vector<StepTime>* times,
                                             std::stop_token stop) const {
    const Graph& graph = program_.graph();
    RunControl control(std::move(stop), work_limit_);
    state.slots.assign(program_.slots().size(), Tensor{});
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::int32_t slot = program_.find_slot(graph.inputs[i], Layout::plain);
        if (slot >= 0) state.slots[static_cast<std::size_t>(slot)] = inputs[i];
    }
    const auto tensor_in = [&](std::int32_t slot) -> const Tensor& {
        const auto index = static_cast<std::size_t>(slot);
        return plan.constants[index].defined() ? plan.constants[index] : state.slots[index];
    };
    for (const Plan::Entry& entry : plan.entries) {
        const PlannedStep& step = *entry.step;
        state.inputs.assign(step.inputs.size(), Tensor{});
        for (std::size_t i = 0; i < step.inputs.size(); ++i) {
            if (step.inputs[i] >= 0) state.inputs[i] = tensor_in(step.inputs[i]);
        }
        state.outputs.assign(step.outputs.size(), Tensor{});
        DETECT_TRY(control.go_on());
        if (const double work = step.step->work(state.inputs); !control.take(work))
            return control.refusal("step '" + step.name + "' (" + step.step->label() + ")", work);
        StepContext context{state.inputs, state.outputs, state.memory, threads_, pictures, &control};
        const auto start = std::chrono::steady_clock::now();
        DETECT_TRY(step.step->run(context));
        if (times != nullptr) {
            const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
            times->push_back({step.name, step.step->label(), spent.count()});
        }
        for (std::size_t i = 0; i < step.outputs.size(); ++i) {
            if (step.outputs[i] >= 0)
                state.slots[static_cast<std::size_t>(step.outputs[i])] = std::move(state.outputs[i]);
        }
        state.inputs.clear();
        for (const std::int32_t slot : entry.last_uses) state.slots[static_cast<std::size_t>(slot)] = Tensor{};
    }
    std::vector<Tensor> results;
    for (const ValueId output : graph.outputs) {
        DETECT_TRY_ASSIGN(Tensor result, owned_copy(tensor_in(program_.find_slot(output, Layout::plain))));
        results.push_back(std::move(result));
    }
    return results;
}

} // namespace detect
