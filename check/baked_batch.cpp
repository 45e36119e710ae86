// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/try.h"
#include "check/context.h"
#include "check/picture_variants.h"
#include "graph/operators.h"
#include "results/detection_match.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace detect::checking {

namespace {

constexpr std::size_t largest_batch = 3;

/// The picture and variations of it: a model that mixes up pictures gives itself away.
Result<std::vector<Tensor>> pictures_of(const Tensor& image, std::size_t count) {
    std::vector<Tensor> pictures{image};
    DETECT_TRY_ASSIGN(Tensor other, mirrored(image));
    pictures.push_back(std::move(other));
    DETECT_TRY_ASSIGN(Tensor third, flat(image.dims()[1], image.dims()[2], 0.5F));
    pictures.push_back(std::move(third));
    pictures.resize(std::min(count, pictures.size()));
    return pictures;
}

std::string pictures(std::size_t count) { return count == 1 ? "1 picture" : std::to_string(count) + " pictures"; }

std::string list(const std::vector<std::size_t>& sizes) {
    std::vector<std::string> texts;
    for (const std::size_t size : sizes) texts.push_back(std::to_string(size));
    return listed(texts);
}

constexpr const char* batch_cure =
    "export again with a batch axis that nothing in the model's Python code turns into a number or a list of "
    "pictures, or feed as many pictures as it was traced with; 'detect export' makes a file for any batch";

/// The first node that stops at a batch at which others come further.
std::optional<Finding> find_failure(const CheckContext& context, const std::vector<TrialRun>& runs) {
    const std::size_t furthest = std::ranges::max(runs, {}, &TrialRun::progress).progress;
    std::vector<std::size_t> taken;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].progress == furthest) taken.push_back(i + 1);
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const auto& failure = runs[i].failure;
        if (runs[i].progress == furthest || !failure || failure->reads_nothing) continue;
        if (is_proposal_less_reshape(context.queries, context.graph.nodes[failure->node])) continue;
        return Finding{
            .severity = Severity::error,
            .where = describe(context.graph.nodes[failure->node]),
            .what = "the batch is declared to be of any size, but was baked in when the model was traced: a batch of " +
                    list(taken) + " works, one of " + std::to_string(i + 1) + " stops here: " + failure->message,
            .advice = batch_cure};
    }
    return std::nullopt;
}

/// The number of results, by what the outputs look like; nullopt if they do not say.
std::optional<std::size_t> results_in(const CheckContext& context, const TrialRun& run) {
    if (!run.detections.empty()) return run.detections.size();
    const auto& input = context.graph[context.graph.inputs[0]].shape;
    const std::string& batch = (*input)[0].symbol;
    for (std::size_t i = 0; i < run.outputs.size(); ++i) {
        const auto& shape = context.graph[context.graph.outputs[i]].shape;
        const bool says_so = shape && !shape->empty() && !batch.empty() && (*shape)[0].symbol == batch;
        if (says_so && run.outputs[i].dims().rank() > 0) return static_cast<std::size_t>(run.outputs[i].dims()[0]);
    }
    return std::nullopt;
}

/// Everything that a run computes, by value: enough to see what is the same in another.
Result<std::vector<std::size_t>> fingerprints(const CheckContext& context, const std::vector<Tensor>& pictures) {
    std::vector<std::size_t> prints(context.graph.values.size(), 0);
    const auto print = [](const Tensor& tensor) {
        const auto bytes = tensor.bytes();
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    DETECT_TRY(context.trials.observe(pictures, [&](const Node& node, std::span<const Tensor> outputs) {
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (node.outputs[i].present()) prints[static_cast<std::size_t>(node.outputs[i].index)] = print(outputs[i]);
        }
    }));
    return prints;
}

/// The first node that reads something of the second picture and gives nothing of it on; null if there is none.
Result<const Node*> find_node_that_drops(const CheckContext& context) {
    const Tensor& image = context.trials.image();
    DETECT_TRY_ASSIGN(const Tensor other, mirrored(image));
    DETECT_TRY_ASSIGN(const std::vector<std::size_t> first, fingerprints(context, {image, image}));
    DETECT_TRY_ASSIGN(const std::vector<std::size_t> second, fingerprints(context, {image, other}));
    const auto differs = [&](ValueId id) {
        if (!id.present()) return false;
        const auto index = static_cast<std::size_t>(id.index);
        return id == context.graph.inputs[0] || first[index] != second[index];
    };
    for (const Node& node : context.graph.nodes) {
        if (node.op == "Shape" || node.op == "Size") continue; // of both pictures alike
        if (std::ranges::any_of(node.inputs, differs) && std::ranges::none_of(node.outputs, differs)) return &node;
    }
    return nullptr;
}

/// All pictures have a result, and each the one that it has alone.
Result<std::optional<Finding>> compare_results(const CheckContext& context, const TrialRun& alone,
                                               const TrialRun& together, std::size_t batch) {
    const auto results = results_in(context, together);
    const std::string output = "output '" + context.graph[context.graph.outputs[0]].name + "'";
    if (results && *results < batch) {
        DETECT_TRY_ASSIGN(const Node* node, find_node_that_drops(context));
        return std::optional(Finding{.severity = Severity::error,
                                     .where = node != nullptr ? describe(*node) : output,
                                     .what = "the batch is declared to be of any size, but of " + pictures(batch) +
                                             " only the first " + std::to_string(*results) + " has a result" +
                                             (node != nullptr ? ": here the others are left behind" : ""),
                                     .advice = batch_cure});
    }
    if (alone.detections.empty() || together.detections.empty()) return std::optional<Finding>();
    const auto report = match_detections(alone.detections[0], together.detections[0],
                                         {.min_score = 0.3F, .min_iou = 0.9, .max_score_difference = 0.05F});
    if (report.unmatched == 0) return std::optional<Finding>();
    return std::optional(
        Finding{.severity = Severity::error,
                .where = output,
                .what = "a picture gives something else in a batch of " + std::to_string(batch) +
                        " than alone: " + std::to_string(report.unmatched) + " detections of score 0.3 and more differ",
                .advice = "feed one picture at a time, or make the file from the checkpoint with 'detect export'"});
}

} // namespace

Result<void> check_baked_batch(const CheckContext& context, Findings& findings) {
    const Trials& trials = context.trials;
    if (!trials.possible() || !trials.input().has_batch || trials.input().batch) return {};
    std::vector<TrialRun> runs{trials.image_run()};
    for (std::size_t batch = 2; batch <= largest_batch; ++batch) {
        DETECT_TRY_ASSIGN(const std::vector<Tensor> pictures, pictures_of(trials.image(), batch));
        DETECT_TRY_ASSIGN(TrialRun run, trials.run(pictures));
        runs.push_back(std::move(run));
    }
    auto finding = find_failure(context, runs);
    for (std::size_t i = 1; !finding && i < runs.size() && !runs[0].failure && !runs[i].failure; ++i) {
        DETECT_TRY_ASSIGN(finding, compare_results(context, runs[0], runs[i], i + 1));
    }
    if (finding) findings.push_back(*std::move(finding));
    return {};
}

} // namespace detect::checking
