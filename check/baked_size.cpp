// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "check/picture_variants.h"
#include "graph/operators.h"
#include "results/detection_match.h"

#include <algorithm>
#include <array>

namespace detect::checking {

namespace {

constexpr const char* size_cure =
    "export again from code in which sizes stay tensors (torchvision 0.5 and later, traced); or make the file "
    "from the checkpoint with 'detect export', which computes every size in the graph";

/// A run at another size.
struct SizedRun {
    std::int64_t height = 0;
    std::int64_t width = 0;
    TrialRun run;
};

std::string to_text(const SizedRun& run) { return std::to_string(run.width) + "x" + std::to_string(run.height); }

/// Sides stay multiples of 32: networks that do not pad their input themselves may ask for that.
std::int64_t part(std::int64_t side, double share) {
    return std::max<std::int64_t>(64, static_cast<std::int64_t>(static_cast<double>(side) * share / 32 + 0.5) * 32);
}

Result<SizedRun> run_at(const Trials& trials, std::int64_t height, std::int64_t width) {
    DETECT_TRY_ASSIGN(const Tensor picture, resized(trials.image(), height, width));
    DETECT_TRY_ASSIGN(TrialRun run, trials.run(std::vector<Tensor>(
                                        static_cast<std::size_t>(trials.input().batch.value_or(1)), picture)));
    return SizedRun{height, width, std::move(run)};
}

/// The picture, and it at other sizes along the axes that are declared to be free.
Result<std::vector<SizedRun>> runs_at_sizes(const Trials& trials) {
    const std::int64_t height = trials.image().dims()[1];
    const std::int64_t width = trials.image().dims()[2];
    std::vector<SizedRun> runs{{height, width, trials.image_run()}};
    const std::array<std::pair<double, double>, 3> shares{{{2.0, 2.0}, {0.5, 0.75}, {0.75, 0.5}}};
    for (const auto& [tall, wide] : shares) {
        DETECT_TRY_ASSIGN(SizedRun run, run_at(trials, trials.input().height ? height : part(height, tall),
                                               trials.input().width ? width : part(width, wide)));
        runs.push_back(std::move(run));
    }
    return runs;
}

/// The first node that stops at a size at which others come further.
std::optional<Finding> find_failure(const CheckContext& context, const std::vector<SizedRun>& runs) {
    const auto progress = [](const SizedRun& run) { return run.run.progress; };
    const SizedRun& furthest = *std::ranges::max_element(runs, {}, progress);
    for (const SizedRun& run : runs) {
        const auto& failure = run.run.failure;
        if (run.run.progress == furthest.run.progress || !failure || failure->reads_nothing) continue;
        if (depends_on_findings(context.queries, context.graph.nodes[failure->node])) continue;
        return Finding{.severity = Severity::error,
                       .where = describe(context.graph.nodes[failure->node]),
                       .what =
                           "height and width are declared to be free, but were baked in when the model was traced: " +
                           to_text(furthest) + " works, " + to_text(run) + " stops here: " + failure->message,
                       .advice = size_cure};
    }
    return std::nullopt;
}

bool finds(const std::vector<Detection>& detections, int label, const Box& box) {
    constexpr double same = 0.6;
    return std::ranges::any_of(detections, [&](const Detection& other) {
        return other.label == label && intersection_over_union(other.box, box) >= same;
    });
}

/// What is found on the picture without doubt.
std::vector<Detection> sure_ones(const TrialRun& run) {
    constexpr float sure = 0.6F;
    std::vector<Detection> result;
    if (run.failure || run.detections.empty()) return result;
    std::ranges::copy_if(run.detections[0], std::back_inserter(result),
                         [](const Detection& d) { return d.score >= sure; });
    return result;
}

/// Fewer would be chance.
constexpr std::size_t enough = 3;

/// The node nearest to the boxes that computes with such numbers alone, one or one for each coordinate.
const Node* node_with_constant(const CheckContext& context, std::initializer_list<std::string_view> ops, double least,
                               double most) {
    for (const ValueId output : context.graph.outputs) {
        if (context.graph[output].type != DataType::float32) continue;
        const std::vector<bool> before = context.queries.ancestors(output);
        for (std::size_t i = before.size(); i-- > 0;) {
            const Node& node = context.graph.nodes[i];
            if (!before[i] || std::ranges::find(ops, node.op) == ops.end()) continue;
            for (std::size_t input = 1; input < node.inputs.size(); ++input) {
                const std::vector<double> numbers = context.queries.few_numbers(node.inputs[input]);
                const auto fits = [&](double number) { return number >= least && number <= most; };
                if (!numbers.empty() && std::ranges::all_of(numbers, fits)) return &node;
            }
        }
    }
    return nullptr;
}

std::string where(const CheckContext& context, const Node* node) {
    return node != nullptr ? describe(*node) : "output '" + context.graph[context.graph.outputs[0]].name + "'";
}

/// The picture in twice the size: whatever scales pictures itself sees the same, and finds the same at twice the
/// coordinates. With the factor back to the picture's size baked in, coordinates stay as they were.
std::optional<Finding> find_baked_factor(const CheckContext& context, const SizedRun& base, const SizedRun& twice) {
    const std::vector<Detection> objects = sure_ones(base.run);
    if (objects.size() < enough || twice.run.failure || twice.run.detections.empty()) return std::nullopt;
    const float x = static_cast<float>(twice.width) / static_cast<float>(base.width);
    const float y = static_cast<float>(twice.height) / static_cast<float>(base.height);
    std::size_t scaled = 0;
    std::size_t unscaled = 0;
    for (const Detection& object : objects) {
        const Box expected{object.box.x1 * x, object.box.y1 * y, object.box.x2 * x, object.box.y2 * y};
        scaled += finds(twice.run.detections[0], object.label, expected) ? 1 : 0;
        unscaled += finds(twice.run.detections[0], object.label, object.box) ? 1 : 0;
    }
    if (unscaled < enough || unscaled * 2 < objects.size() || unscaled <= 2 * scaled) return std::nullopt;
    return Finding{
        .severity = Severity::error,
        .where = where(context, node_with_constant(context, {"Mul", "Div"}, 0.01, 100.0)),
        .what =
            "height and width are declared to be free, but the factor that takes boxes back to the picture's size was "
            "baked in when the model was traced: of " +
            std::to_string(objects.size()) + " objects, " + std::to_string(unscaled) +
            " have the coordinates that belong to " + to_text(base) + " when the picture is fed as " + to_text(twice),
        .advice = size_cure};
}

/// The picture beside itself: what is found in one is found in the other, unless boxes are cut off at a size that was
/// baked in.
Result<std::optional<Finding>> find_baked_clamp(const CheckContext& context, const SizedRun& base, bool down) {
    const Trials& trials = context.trials;
    DETECT_TRY_ASSIGN(const Tensor picture, repeated(trials.image(), down ? 2 : 1, down ? 1 : 2));
    DETECT_TRY_ASSIGN(const TrialRun run, trials.run({picture}));
    if (run.failure || run.detections.empty()) return std::optional<Finding>();
    const float right = down ? 0.0F : static_cast<float>(base.width);
    const float below = down ? static_cast<float>(base.height) : 0.0F;
    std::size_t first = 0;
    std::size_t second = 0;
    for (const Detection& object : sure_ones(base.run)) {
        const Box moved{object.box.x1 + right, object.box.y1 + below, object.box.x2 + right, object.box.y2 + below};
        first += finds(run.detections[0], object.label, object.box) ? 1 : 0;
        second += finds(run.detections[0], object.label, moved) ? 1 : 0;
    }
    if (first < enough || second > 0) return std::optional<Finding>();
    const double side = static_cast<double>(std::max(base.width, base.height));
    return std::optional(
        Finding{.severity = Severity::error,
                .where = where(context, node_with_constant(context, {"Clip", "Min"}, 32.0, 4.0 * side)),
                .what = "height and width are declared to be free, but boxes are cut off at a size that was baked in "
                        "when the model was "
                        "traced: with the picture twice " +
                        std::string(down ? "one below the other" : "side by side") + ", " + std::to_string(first) +
                        " objects are found in the first and none of them in the second",
                .advice = size_cure});
}

Result<std::optional<Finding>> compare_results(const CheckContext& context, const std::vector<SizedRun>& runs) {
    const Trials& trials = context.trials;
    if (!trials.has_image() || sure_ones(runs[0].run).size() < enough) return std::optional<Finding>();
    if (auto finding = find_baked_factor(context, runs[0], runs[1])) return finding;
    for (const bool down : {false, true}) {
        if (down ? trials.input().height.has_value() : trials.input().width.has_value()) continue;
        DETECT_TRY_ASSIGN(auto finding, find_baked_clamp(context, runs[0], down));
        if (finding) return finding;
    }
    return std::optional<Finding>();
}

} // namespace

Result<void> check_baked_size(const CheckContext& context, Findings& findings) {
    const Trials& trials = context.trials;
    if (!trials.possible() || (trials.input().height && trials.input().width)) return {};
    DETECT_TRY_ASSIGN(const std::vector<SizedRun> runs, runs_at_sizes(trials));
    auto finding = find_failure(context, runs);
    if (!finding) {
        DETECT_TRY_ASSIGN(finding, compare_results(context, runs));
    }
    if (finding) findings.push_back(*std::move(finding));
    return {};
}

} // namespace detect::checking
