// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/thread_pool.h"
#include "executor/kernels/isa.h"
#include "executor/memory_budget.h"
#include "executor/plan.h"
#include "executor/program.h"
#include "executor/recent_cache.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace detect {

struct ModelOptions {
    /// Threads that work on one call, the calling one included; 0: all cores.
    int threads = 0;
    /// The instruction set; by default the best the machine has.
    std::optional<Isa> isa = std::nullopt;
    /// How many input sizes keep their plan.
    std::size_t cached_plans = 16;
    /// Bytes that the model and all runs of it may hold at once; 0: no limit.
    std::size_t memory_limit = 0;
    /// What all steps of a run may take, in operations on single numbers (RunControl).
    double work_limit = RunControl::usual_work_limit;
};

/// How long one step of a run took.
struct StepTime {
    std::string name;
    std::string label;
    double milliseconds = 0.0;
};

/// A graph ready to run. Immutable from the outside and safe to call from many threads at once: the same inputs give
/// the same bits at any number of threads, in any batch, however often.
class Model {
public:
    static Result<std::shared_ptr<const Model>> compile(Graph graph, const ModelOptions& options = {});

    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;
    ~Model();

    /// `inputs` in the order of graph().inputs; the result in the order of graph().outputs. The result owns its memory.
    /// `invalid_argument` if an input has another type or shape than the model takes, `resource_limit` if the memory
    /// limit does not allow the run.
    /// It ends early, with an error, once `stop` is requested: before the next step, and within long plain kernels.
    Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, std::stop_token stop = {}) const;
    /// The same, and how long each step took.
    Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, std::vector<StepTime>& times) const;

    /// The same for a model of one input, float32 [N, 3, H, W] = `dims`, whose values `pictures` gives. If all that is
    /// computed of them is an image transform, there is never a tensor of them.
    Result<std::vector<Tensor>> run(const Dims& dims, const PictureRows& pictures, std::stop_token stop = {}) const;
    /// The threads that a run works with, for what is done beside it.
    [[nodiscard]] ThreadPool& threads() const { return threads_; }
    /// False if no run with such an input can ever be within the memory limit, whatever else is given back.
    [[nodiscard]] bool can_hold(const Dims& dims) const;
    /// Forgets plans and gives back memory that is kept for later runs.
    void release_unused() const;
    [[nodiscard]] const MemoryBudget& memory() const { return *budget_; }

    /// The simplified graph that is run.
    [[nodiscard]] const Graph& graph() const { return program_.graph(); }

private:
    struct RunState;

    Model(Program program, const ModelOptions& options, std::shared_ptr<MemoryBudget> budget);
    Result<std::vector<Tensor>> run(std::span<const Tensor> inputs, std::vector<StepTime>* times,
                                    std::stop_token stop) const;
    Result<std::vector<Tensor>> run_steps(const Plan& plan, std::span<const Tensor> inputs, const PictureRows* pictures,
                                          RunState& state, std::vector<StepTime>* times, std::stop_token stop) const;
    Result<std::vector<Tensor>> in_a_state(const std::function<Result<std::vector<Tensor>>(RunState&)>& run) const;
    Result<std::shared_ptr<const Plan>> plan_for(std::vector<Dims> dims) const;
    std::unique_ptr<RunState> take_state() const;
    void give_back(std::unique_ptr<RunState> state) const;

    std::shared_ptr<MemoryBudget> budget_;
    std::size_t weight_bytes_;
    Program program_;
    double work_limit_;
    mutable ThreadPool threads_;
    /// By the sizes of the inputs.
    mutable RecentCache<std::vector<Dims>, Plan> plans_;
    mutable std::mutex mutex_;
    mutable std::vector<std::unique_ptr<RunState>> states_;
};

} // namespace detect
