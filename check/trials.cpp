// SPDX-License-Identifier: Apache-2.0
#include "check/trials.h"

#include "base/try.h"
#include "check/picture_variants.h"
#include "executor/reference/interpreter.h"
#include "graph/operators.h"

#include <algorithm>

namespace detect::checking {

namespace {

/// Where nothing is declared: large enough for a few objects, small enough to be run a dozen times.
constexpr std::int64_t usual_side = 640;

/// A model of a few bytes may ask for anything.
constexpr std::size_t memory_limit = std::size_t{6} << 30;

/// The longer side at most `usual_side`, both multiples of 32: a network that does not pad its input itself may ask for
/// that, and would be right to.
std::pair<std::int64_t, std::int64_t> trial_size(const PictureInput& input, const Tensor& image) {
    const double height = static_cast<double>(image.dims()[1]);
    const double width = static_cast<double>(image.dims()[2]);
    const double scale = std::min(1.0, usual_side / std::max(height, width));
    const auto rounded = [&](double side) {
        return std::max<std::int64_t>(64, static_cast<std::int64_t>(side * scale / 32 + 0.5) * 32);
    };
    return {input.height.value_or(rounded(height)), input.width.value_or(rounded(width))};
}

Result<Tensor> stacked(const std::vector<Tensor>& pictures) {
    const Dims& dims = pictures[0].dims();
    DETECT_TRY_ASSIGN(Tensor batch,
                      Tensor::create_uninitialised(
                          DataType::float32, {static_cast<std::int64_t>(pictures.size()), dims[0], dims[1], dims[2]}));
    auto out = batch.mutable_data<float>().begin();
    for (const Tensor& picture : pictures) out = std::ranges::copy(picture.data<float>(), out).out;
    return batch;
}

/// Finds the node of a failure that the executor reported; nullopt if the interpreter does not fail.
std::optional<TrialFailure> locate_failure(const Graph& graph, const Tensor& input, TrialRun& run) {
    std::vector<bool> is_empty(graph.values.size(), false);
    std::size_t computed = 0;
    const auto observe = [&](const Node& node, std::span<const Tensor> outputs) {
        ++computed;
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (node.outputs[i].present())
                is_empty[static_cast<std::size_t>(node.outputs[i].index)] = outputs[i].element_count() == 0;
        }
    };
    auto outputs = interpret(graph, std::span(&input, 1), graph.outputs, observe);
    if (outputs) {
        run.outputs = *std::move(outputs);
        return std::nullopt;
    }
    TrialFailure failure{.node = computed, .message = outputs.error().message, .reads_nothing = false};
    if (computed < graph.nodes.size()) {
        // Findings say where it is themselves.
        const std::string prefix = describe(graph.nodes[computed]) + ": ";
        if (failure.message.starts_with(prefix)) failure.message.erase(0, prefix.size());
        failure.reads_nothing = std::ranges::any_of(graph.nodes[computed].inputs, [&](ValueId id) {
            return id.present() && is_empty[static_cast<std::size_t>(id.index)];
        });
    }
    return failure;
}

bool is_the_models_fault(const Error& error) {
    return error.code == ErrorCode::bad_model || error.code == ErrorCode::invalid_argument ||
           error.code == ErrorCode::unsupported;
}

Result<TrialRun> run_model(const Graph& graph, const Model& model, const Tensor& input) {
    TrialRun run;
    auto outputs = model.run(std::span(&input, 1));
    if (outputs) {
        run.outputs = *std::move(outputs);
    } else {
        if (!is_the_models_fault(outputs.error())) return outputs.error();
        run.failure = locate_failure(graph, input, run);
    }
    run.progress = run.failure ? run.failure->node : graph.nodes.size();
    if (!run.failure) run.detections = read_detections(run.outputs);
    return run;
}

} // namespace

std::optional<PictureInput> picture_input(const Graph& graph) {
    if (graph.inputs.size() != 1) return std::nullopt;
    const Value& value = graph[graph.inputs[0]];
    if (value.type != DataType::float32 || !value.shape) return std::nullopt;
    const std::size_t rank = value.shape->size();
    if (rank != 3 && rank != 4) return std::nullopt;
    const auto size_of = [&](std::size_t from_end) { return (*value.shape)[rank - from_end].size; };
    if (size_of(3).value_or(3) != 3) return std::nullopt;
    PictureInput input{.has_batch = rank == 4, .batch = {}, .height = size_of(2), .width = size_of(1)};
    if (rank == 4) input.batch = size_of(4);
    const auto sensible = [](const std::optional<std::int64_t>& size) {
        return !size || (*size >= 1 && *size <= 4096);
    };
    if (!sensible(input.batch) || !sensible(input.height) || !sensible(input.width)) return std::nullopt;
    return input;
}

Result<Trials> Trials::create(const Graph& graph, const std::optional<Tensor>& image) {
    Trials trials(graph);
    trials.input_ = picture_input(graph);
    if (!trials.input_) {
        trials.obstacle_ = "it does not take one float32 picture, [3, height, width] or [batch, 3, height, width]";
        return trials;
    }
    auto model = Model::compile(graph, {.memory_limit = memory_limit});
    if (!model) {
        if (!is_the_models_fault(model.error())) return model.error();
        trials.obstacle_ = model.error().message;
        return trials;
    }
    trials.has_image_ = image.has_value();
    if (image) {
        const auto [height, width] = trial_size(*trials.input_, *image);
        DETECT_TRY_ASSIGN(trials.image_, resized(*image, height, width));
    } else {
        DETECT_TRY_ASSIGN(trials.image_, drawn(trials.input_->height.value_or(usual_side / 2),
                                               trials.input_->width.value_or(usual_side / 2)));
    }
    trials.model_ = *std::move(model);
    const std::vector<Tensor> pictures(static_cast<std::size_t>(trials.input_->batch.value_or(1)), trials.image_);
    DETECT_TRY_ASSIGN(trials.image_run_, trials.run(pictures));
    return trials;
}

const TrialRun& Trials::image_run() const { return image_run_; }

Result<Tensor> Trials::as_input(const std::vector<Tensor>& pictures) const {
    if (!input_->has_batch) return pictures[0];
    // A declared batch is filled up.
    std::vector<Tensor> filled = pictures;
    while (input_->batch && filled.size() < static_cast<std::size_t>(*input_->batch)) filled.push_back(pictures.back());
    return stacked(filled);
}

Result<TrialRun> Trials::run(const std::vector<Tensor>& pictures) const {
    DETECT_TRY_ASSIGN(const Tensor input, as_input(pictures));
    return run_model(graph_, *model_, input);
}

Result<TrialRun> Trials::run_changed(const Graph& changed) const {
    DETECT_TRY_ASSIGN(const auto model, Model::compile(changed, {.memory_limit = memory_limit}));
    DETECT_TRY_ASSIGN(const Tensor input, as_input({image_}));
    return run_model(changed, *model, input);
}

Result<std::vector<StepTime>> Trials::profile() const {
    constexpr int runs = 3;
    DETECT_TRY_ASSIGN(const Tensor input, as_input({image_}));
    std::vector<StepTime> best;
    for (int i = 0; i < runs; ++i) {
        std::vector<StepTime> times;
        DETECT_TRY_ASSIGN(const auto ignored, model_->run(std::span(&input, 1), times));
        if (best.empty()) best = times;
        for (std::size_t step = 0; step < best.size() && step < times.size(); ++step) {
            best[step].milliseconds = std::min(best[step].milliseconds, times[step].milliseconds);
        }
    }
    return best;
}

Result<void> Trials::observe(const std::vector<Tensor>& pictures,
                             const std::function<void(const Node&, std::span<const Tensor>)>& observer) const {
    DETECT_TRY_ASSIGN(const Tensor input, as_input(pictures));
    DETECT_TRY_ASSIGN(const auto ignored, interpret(graph_, std::span(&input, 1), graph_.outputs, observer));
    return {};
}

Confidence confidence(const TrialRun& run) {
    constexpr float sure = 0.5F;
    Confidence result;
    if (run.detections.empty()) return result;
    for (const Detection& detection : run.detections[0]) {
        if (!(detection.score >= sure)) continue;
        ++result.sure;
        result.sum += static_cast<double>(detection.score - sure);
    }
    return result;
}

} // namespace detect::checking
