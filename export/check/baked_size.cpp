#include "export/check/context.h"
#include "export/check/picture_variants.h"
#include "graph/operators.h"
#include "graph/try.h"
#include "postprocess/detection_match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace detect::checking {

namespace {

constexpr const char* cure =
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
        return Finding{.severity = Severity::error,
                       .where = describe(context.graph.nodes[failure->node]),
                       .what =
                           "height and width are declared to be free, but were baked in when the model was traced: " +
                           to_text(furthest) + " works, " + to_text(run) + " stops here: " + failure->message,
                       .advice = cure};
    }
    return std::nullopt;
}

/// How detections at another size relate to those on the picture.
struct Relation {
    std::size_t objects = 0;
    /// Found where they belong, and found at the coordinates of the picture's own size.
    std::size_t scaled = 0;
    std::size_t unscaled = 0;
    /// Objects that lie beyond the picture's own size in part, and how many of them were found.
    std::size_t beyond = 0;
    std::size_t beyond_found = 0;
    float largest_x = 0.0F;
    float largest_y = 0.0F;
};

Box times(const Box& box, float x, float y) { return {box.x1 * x, box.y1 * y, box.x2 * x, box.y2 * y}; }

bool finds(const std::vector<Detection>& detections, int label, const Box& box) {
    constexpr double same = 0.6;
    return std::ranges::any_of(detections, [&](const Detection& other) {
        return other.label == label && intersection_over_union(other.box, box) >= same;
    });
}

Relation relate(const SizedRun& base, const SizedRun& other) {
    constexpr float sure = 0.6F;
    Relation relation;
    const float x = static_cast<float>(other.width) / static_cast<float>(base.width);
    const float y = static_cast<float>(other.height) / static_cast<float>(base.height);
    const auto& found = other.run.detections[0];
    for (const Detection& detection : base.run.detections[0]) {
        if (detection.score < sure) continue;
        ++relation.objects;
        const Box expected = times(detection.box, x, y);
        const bool is_found = finds(found, detection.label, expected);
        relation.scaled += is_found ? 1 : 0;
        relation.unscaled += finds(found, detection.label, detection.box) ? 1 : 0;
        const bool is_beyond =
            expected.x2 > static_cast<float>(base.width) * 1.1F || expected.y2 > static_cast<float>(base.height) * 1.1F;
        relation.beyond += is_beyond ? 1 : 0;
        relation.beyond_found += is_beyond && is_found ? 1 : 0;
    }
    for (const Detection& detection : found) {
        relation.largest_x = std::max(relation.largest_x, detection.box.x2);
        relation.largest_y = std::max(relation.largest_y, detection.box.y2);
    }
    return relation;
}

/// The node nearest to the boxes that computes with this one number.
const Node* node_with_constant(const CheckContext& context, std::initializer_list<std::string_view> ops,
                               double at_least, double at_most) {
    const Node* found = nullptr;
    for (const ValueId output : context.graph.outputs) {
        if (context.graph[output].type != DataType::float32) continue;
        const std::vector<bool> before = context.queries.ancestors(output);
        for (std::size_t i = 0; i < before.size(); ++i) {
            const Node& node = context.graph.nodes[i];
            if (!before[i] || std::ranges::find(ops, node.op) == ops.end()) continue;
            for (std::size_t input = 1; input < node.inputs.size(); ++input) {
                const auto number = context.queries.number(node.inputs[input]);
                if (number && *number >= at_least && *number <= at_most) found = &node;
            }
        }
        if (found != nullptr) return found;
    }
    return found;
}

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    return text;
}

/// The picture again in twice the size: whatever scales pictures itself sees the same and finds the same.
std::optional<Finding> compare_results(const CheckContext& context, const SizedRun& base, const SizedRun& other) {
    if (base.run.detections.empty() || other.run.detections.empty()) return std::nullopt;
    const Relation relation = relate(base, other);
    constexpr std::size_t enough = 3;
    if (relation.objects < enough || relation.beyond < 2) return std::nullopt;
    const std::string objects = std::to_string(relation.objects) + " objects";
    const std::string boxes = "output '" + context.graph[context.graph.outputs[0]].name + "'";
    if (relation.unscaled * 2 >= relation.objects && relation.unscaled > 2 * relation.scaled) {
        const Node* node = node_with_constant(context, {"Mul", "Div"}, 0.01, 100.0);
        return Finding{.severity = Severity::error,
                       .where = node != nullptr ? detect::describe(*node) : boxes,
                       .what = "height and width are declared to be free, but the factor that takes boxes back to the "
                               "picture's size was baked in "
                               "when the model was traced: of " +
                               objects + ", " + std::to_string(relation.unscaled) + " have the coordinates of " +
                               to_text(base) + " when the picture is fed as " + to_text(other),
                       .advice = cure};
    }
    const auto right = static_cast<float>(base.width);
    const auto bottom = static_cast<float>(base.height);
    const bool cut = relation.largest_x <= right * 1.02F && relation.largest_y <= bottom * 1.02F;
    if (relation.beyond_found == 0 && cut) {
        const double limit = std::max(right, bottom) * 1.02;
        const Node* node = node_with_constant(context, {"Clip", "Min"}, 16.0, limit);
        return Finding{.severity = Severity::error,
                       .where = node != nullptr ? detect::describe(*node) : boxes,
                       .what = "height and width are declared to be free, but boxes are cut off at a size that was "
                               "baked in when the model was traced: "
                               "fed as " +
                               to_text(other) + ", the picture has no box beyond x = " + number(relation.largest_x) +
                               ", y = " + number(relation.largest_y) + ", and " + std::to_string(relation.beyond) +
                               " of " + objects + " are lost",
                       .advice = cure};
    }
    return std::nullopt;
}

} // namespace

Result<void> check_baked_size(const CheckContext& context, Findings& findings) {
    const Trials& trials = context.trials;
    if (!trials.possible() || (trials.input().height && trials.input().width)) return {};
    DETECT_TRY_ASSIGN(const std::vector<SizedRun> runs, runs_at_sizes(trials));
    auto finding = find_failure(context, runs);
    if (!finding && trials.has_image() && !runs[0].run.failure && !runs[1].run.failure)
        finding = compare_results(context, runs[0], runs[1]);
    if (finding) findings.push_back(*std::move(finding));
    return {};
}

} // namespace detect::checking
