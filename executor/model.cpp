#include "executor/model.h"

#include "executor/memory.h"
#include "executor/passes/passes.h"
#include "graph/try.h"

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

std::size_t largest_constant_bytes(const Graph& graph) {
    std::size_t most = 0;
    for (const Value& value : graph.values) {
        if (value.constant.defined()) most = std::max(most, value.constant.byte_count());
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
    const std::size_t most = as_read + largest_constant_bytes(graph);
    DETECT_TRY(budget->take(most));
    DETECT_TRY_ASSIGN(Program program, lower(std::move(graph), options.isa.value_or(detect_isa())));
    budget->give_back(most);
    DETECT_TRY(budget->take(constant_bytes(program.graph()) + prepared_bytes(program)));
    return std::shared_ptr<const Model>(new Model(std::move(program), options, std::move(budget)));
}

Model::Model(Program program, const ModelOptions& options, std::shared_ptr<MemoryBudget> budget)
    : budget_(std::move(budget)), weight_bytes_(budget_->used()), program_(std::move(program)),
      cached_plans_(std::max<std::size_t>(options.cached_plans, 1)), threads_(options.threads) {}

Model::~Model() = default;

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs) const { return run(inputs, nullptr); }

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs, std::vector<StepTime>& times) const {
    return run(inputs, &times);
}

Result<std::shared_ptr<const Plan>> Model::plan_for(std::vector<Dims> dims) const {
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::ranges::find(plans_, dims, &CachedPlan::input_dims);
        if (found != plans_.end()) {
            std::rotate(plans_.begin(), found, found + 1);
            return plans_.front().plan;
        }
    }
    DETECT_TRY_ASSIGN(Plan plan, make_plan(program_, dims, budget_));
    auto shared = std::make_shared<const Plan>(std::move(plan));
    const std::lock_guard lock(mutex_);
    plans_.insert(plans_.begin(), {std::move(dims), shared});
    if (plans_.size() > cached_plans_) plans_.pop_back();
    return shared;
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

Result<Tensor> Model::new_input(const Dims& dims) const {
    {
        const std::lock_guard lock(mutex_);
        const auto spare = std::ranges::find(spare_inputs_, dims, &Tensor::dims);
        if (spare != spare_inputs_.end()) {
            Tensor input = std::move(*spare);
            spare_inputs_.erase(spare);
            return input;
        }
    }
    DETECT_TRY_ASSIGN(const auto plan, plan_for({dims}));
    DETECT_TRY(budget_->check(plan->least_bytes));
    {
        const std::lock_guard lock(mutex_);
        spare_inputs_.clear();
    }
    return MemoryBudget::allocate(budget_, program_.graph()[program_.graph().inputs[0]].type, dims);
}

void Model::give_back_input(Tensor input) const {
    constexpr std::size_t kept_inputs = 8;
    const std::lock_guard lock(mutex_);
    const bool same_size = spare_inputs_.empty() || spare_inputs_.front().dims() == input.dims();
    if (same_size && spare_inputs_.size() < kept_inputs) spare_inputs_.push_back(std::move(input));
}

bool Model::can_hold(const Dims& dims) const {
    const auto plan = plan_for({dims});
    if (!plan || budget_->limit() == 0) return true;
    const std::size_t left = budget_->limit() - std::min(budget_->limit(), weight_bytes_);
    return (*plan)->least_bytes <= left;
}

void Model::release_unused() const {
    const std::lock_guard lock(mutex_);
    plans_.clear();
    states_.clear();
    spare_inputs_.clear();
}

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs, std::vector<StepTime>* times) const {
    const Graph& graph = program_.graph();
    if (inputs.size() != graph.inputs.size()) {
        return Error{ErrorCode::invalid_argument, "the model takes " + std::to_string(graph.inputs.size()) +
                                                      " inputs, got " + std::to_string(inputs.size())};
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) DETECT_TRY(check_input(graph[graph.inputs[i]], inputs[i]));
    std::vector<Dims> input_dims;
    for (const Tensor& input : inputs) input_dims.push_back(input.dims());
    DETECT_TRY_ASSIGN(const auto plan, plan_for(std::move(input_dims)));

    auto state = take_state();
    state->slots.assign(program_.slots().size(), Tensor{});
    const auto run_all = [&]() -> Result<std::vector<Tensor>> {
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const std::int32_t slot = program_.find_slot(graph.inputs[i], Layout::plain);
            if (slot >= 0) state->slots[static_cast<std::size_t>(slot)] = inputs[i];
        }
        const auto tensor_in = [&](std::int32_t slot) -> const Tensor& {
            const auto index = static_cast<std::size_t>(slot);
            return plan->constants[index].defined() ? plan->constants[index] : state->slots[index];
        };
        for (const Plan::Entry& entry : plan->entries) {
            const PlannedStep& step = *entry.step;
            state->inputs.assign(step.inputs.size(), Tensor{});
            for (std::size_t i = 0; i < step.inputs.size(); ++i) {
                if (step.inputs[i] >= 0) state->inputs[i] = tensor_in(step.inputs[i]);
            }
            state->outputs.assign(step.outputs.size(), Tensor{});
            StepContext context{state->inputs, state->outputs, state->memory, threads_};
            const auto start = std::chrono::steady_clock::now();
            DETECT_TRY(step.step->run(context));
            if (times != nullptr) {
                const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
                times->push_back({step.name, step.step->label(), spent.count()});
            }
            for (std::size_t i = 0; i < step.outputs.size(); ++i) {
                if (step.outputs[i] >= 0)
                    state->slots[static_cast<std::size_t>(step.outputs[i])] = std::move(state->outputs[i]);
            }
            state->inputs.clear();
            for (const std::int32_t slot : entry.last_uses) state->slots[static_cast<std::size_t>(slot)] = Tensor{};
        }
        std::vector<Tensor> results;
        for (const ValueId output : graph.outputs) {
            DETECT_TRY_ASSIGN(Tensor result, owned_copy(tensor_in(program_.find_slot(output, Layout::plain))));
            results.push_back(std::move(result));
        }
        return results;
    };
    auto results = run_all();
    state->slots.clear();
    state->inputs.clear();
    state->outputs.clear();
    give_back(std::move(state));
    return results;
}

} // namespace detect
