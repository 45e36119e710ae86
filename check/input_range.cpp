// SPDX-License-Identifier: Apache-2.0
#include "base/try.h"
#include "check/context.h"
#include "check/picture_variants.h"
#include "graph/operators.h"
#include "results/detection_match.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace detect::checking {

namespace {

// ImageNet's, which torchvision's models are trained with.
constexpr std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};

/// A way of turning a picture of 0–1 into what the model may have been made for.
struct Feeding {
    /// What it is called in a sentence: "expects …".
    std::string_view expects;
    std::array<float, 3> scale;
    std::array<float, 3> shift;
    const char* consequence;
    const char* advice;
};

constexpr Feeding plain{"values 0 to 1", {1, 1, 1}, {0, 0, 0}, "", ""};

constexpr std::array<float, 3> inverse(const std::array<float, 3>& values) {
    return {1 / values[0], 1 / values[1], 1 / values[2]};
}
constexpr std::array<float, 3> ratio(const std::array<float, 3>& a, const std::array<float, 3>& b) {
    return {a[0] / b[0], a[1] / b[1], a[2] / b[2]};
}
constexpr std::array<float, 3> negated(const std::array<float, 3>& v) { return {-v[0], -v[1], -v[2]}; }

constexpr float byte = 255.0F;
constexpr const char* normalise_once =
    "take the normalisation out of the wrapper (torchvision's detection models carry their own) and export again";

/// The first is what is most often mixed up with the plain one.
constexpr std::array<Feeding, 5> others{{
    {"values 0 to 255",
     {byte, byte, byte},
     {0, 0, 0},
     "whoever feeds it 0 to 1, as torchvision's models are fed, gets next to nothing",
     "feed bytes as they are, without dividing by 255; or take the division out of the wrapper and export again"},
    {"values 0 to 1/255",
     {1 / byte, 1 / byte, 1 / byte},
     {0, 0, 0},
     "something in front of the network multiplies by 255, but the network wants 0 to 1",
     "take the multiplication out of the wrapper and export again; or divide once more by 255 before each run"},
    {"pictures normalised by ImageNet's mean and deviation", inverse(deviation), negated(ratio(mean, deviation)),
     "the normalisation that torchvision's models carry inside is missing",
     "set the transform's image_mean and image_std and export again; or subtract (0.485, 0.456, 0.406) and divide by "
     "(0.229, 0.224, 0.225) before each run"},
    {"pictures whose normalisation is undone (times ImageNet's deviation, plus its mean)", deviation, mean,
     "mean and deviation are applied twice, in the wrapper and inside the network", normalise_once},
    {"values -1 to 1",
     {2, 2, 2},
     {-1, -1, -1},
     "the model has another preprocessing than torchvision's",
     "feed 2·x - 1, or put this into the model and export again"},
}};

struct Outcome {
    const Feeding* feeding = nullptr;
    bool swapped = false;
    Confidence found;
};

std::string describe(const Confidence& found) {
    return std::to_string(found.sure) + (found.sure == 1 ? " detection" : " detections") + " of score 0.5 and more";
}

/// So much more that chance is out of the question: an untrained look at a wrong picture may well find something.
bool clearly_better(const Confidence& a, const Confidence& b) {
    return a.sure >= 2 && a.sum >= 0.4 && a.sum >= 2.0 * b.sum && a.sure > b.sure;
}

/// Of what is sure on a picture, the share that is found again on its mirror image, mirrored back: much of what is
/// there, little of what an overdriven network imagines.
double share_found_again(const TrialRun& run, const TrialRun& run_on_mirror_image, float width) {
    constexpr double same = 0.5;
    std::size_t sure = 0;
    std::size_t again = 0;
    for (const Detection& detection : run.detections[0]) {
        if (detection.score < 0.5F) continue;
        ++sure;
        const Box box{width - detection.box.x2, detection.box.y1, width - detection.box.x1, detection.box.y2};
        again += std::ranges::any_of(run_on_mirror_image.detections[0],
                                     [&](const Detection& other) {
                                         return other.label == detection.label &&
                                                intersection_over_union(other.box, box) >= same;
                                     })
                     ? 1
                     : 0;
    }
    return sure == 0 ? 0.0 : static_cast<double>(again) / static_cast<double>(sure);
}

Result<Tensor> fed(const CheckContext& context, const Feeding& feeding, bool swapped) {
    Tensor picture = context.trials.image();
    if (swapped) {
        DETECT_TRY_ASSIGN(picture, with_channels_swapped(picture));
    }
    return rescaled(picture, feeding.scale, feeding.shift);
}

/// What is found with the picture fed so; nothing, if that is not what is in the picture.
Result<Outcome> try_feeding(const CheckContext& context, const Feeding& feeding, bool swapped,
                            const Confidence& usual) {
    DETECT_TRY_ASSIGN(const Tensor picture, fed(context, feeding, swapped));
    DETECT_TRY_ASSIGN(const TrialRun run, context.trials.run({picture}));
    const Outcome outcome{&feeding, swapped, confidence(run)};
    if (!clearly_better(outcome.found, usual)) return outcome;
    DETECT_TRY_ASSIGN(const Tensor mirror_image, mirrored(picture));
    DETECT_TRY_ASSIGN(const TrialRun mirror_run, context.trials.run({mirror_image}));
    const bool is_there = !mirror_run.detections.empty() &&
                          share_found_again(run, mirror_run, static_cast<float>(picture.dims()[2])) >= 0.5;
    return is_there ? outcome : Outcome{&feeding, swapped, {}};
}

bool is_grey(const Tensor& image) {
    const auto values = image.data<float>();
    const std::size_t plane = values.size() / 3;
    for (std::size_t i = 0; i < plane; ++i) {
        if (values[i] != values[2 * plane + i]) return false;
    }
    return true;
}

/// Takes the input apart, or puts it together, without changing a number.
bool hands_on(const Node& node) {
    static constexpr std::array<std::string_view, 7> ops{"Cast",  "Concat",  "Gather",   "Identity",
                                                         "Split", "Squeeze", "Unsqueeze"};
    return std::ranges::find(ops, node.op) != ops.end();
}

/// A number for each of the three channels.
bool is_per_channel(const Graph& graph, ValueId id) {
    return graph.is_constant(id) && graph[id].type == DataType::float32 && graph[id].constant.element_count() == 3;
}

/// The nodes that divide by a deviation per channel, after taking away a mean per channel, between the input and the
/// first node that does anything else.
std::vector<const Node*> find_normalisations(const Graph& graph) {
    std::vector<const Node*> found;
    ValueId value = graph.inputs[0];
    bool mean_is_off = false;
    for (const Node& node : graph.nodes) {
        if (node.inputs.empty() || node.inputs[0] != value || node.outputs.empty()) continue;
        if (!hands_on(node)) {
            if (node.inputs.size() != 2 || !is_per_channel(graph, node.inputs[1])) continue;
            const bool shifts = node.op == "Sub" || node.op == "Add";
            const bool scales = node.op == "Div" || node.op == "Mul";
            if (!shifts && !scales) continue;
            if (scales && mean_is_off) found.push_back(&node);
            mean_is_off = shifts;
        }
        value = node.outputs[0];
    }
    return found;
}

/// Of all ways to feed the picture the one that clearly finds more than the usual one, else that one.
struct Comparison {
    Outcome usual;
    Outcome best;
    /// Fed as others[0].
    Outcome bytes;
};

Result<Comparison> compare_feedings(const CheckContext& context) {
    const Outcome usual{&plain, false, confidence(context.trials.image_run())};
    Comparison comparison{usual, usual, usual};
    for (const Feeding& feeding : others) {
        DETECT_TRY_ASSIGN(const Outcome outcome, try_feeding(context, feeding, false, usual.found));
        if (&feeding == &others[0]) comparison.bytes = outcome;
        if (!clearly_better(outcome.found, usual.found)) continue;
        // -1 to 1 and ImageNet's normalisation look much alike to a network; what is usual comes first.
        constexpr double margin = 1.25;
        const double to_beat = comparison.best.found.sum * (comparison.best.feeding == &plain ? 1.0 : margin);
        if (outcome.found.sum > to_beat) comparison.best = outcome;
    }
    return comparison;
}

/// "values 0 to 1, RGB: the picture fed so gives 8 detections of score 0.5 and more, fed values 0 to 255 it gives 0".
std::string describe(const Comparison& comparison, const std::string& order) {
    const Outcome& best = comparison.best;
    const Outcome& rival = best.feeding == &plain ? comparison.bytes : comparison.usual;
    if (best.found.sum <= rival.found.sum) return "";
    return std::string(best.feeding->expects) + order + ": the picture fed so gives " + describe(best.found) +
           ", fed " + std::string(rival.feeding->expects) + " it gives " + std::to_string(rival.found.sure);
}

} // namespace

Result<void> check_input_range(const CheckContext& context, Findings& findings) {
    const Trials& trials = context.trials;
    if (!trials.possible()) return {};
    const std::vector<const Node*> normalisations = find_normalisations(context.graph);
    if (normalisations.size() > 1) {
        findings.push_back({.severity = Severity::error,
                            .where = detect::describe(*normalisations[1]),
                            .what = "normalises a second time: mean and deviation are applied twice to every pixel, "
                                    "once in the wrapper and once inside, so the network sees colours it was not "
                                    "trained on",
                            .advice = normalise_once});
        return {};
    }
    if (!trials.has_image()) return {};
    const TrialRun& run = trials.image_run();
    // What stops on the picture as it is may do so because it finds nothing there.
    if (run.failure ? !run.failure->reads_nothing : run.detections.empty()) return {};
    DETECT_TRY_ASSIGN(const Comparison comparison, compare_feedings(context));
    const Outcome& best = comparison.best;
    const std::string input = "input '" + context.graph[context.graph.inputs[0]].name + "'";
    if (best.feeding != &plain) {
        findings.push_back({.severity = Severity::error,
                            .where = input,
                            .what = "expects " + std::string(best.feeding->expects) + ": the picture fed so gives " +
                                    describe(best.found) + ", fed values 0 to 1 it gives " +
                                    std::to_string(comparison.usual.found.sure) + "; " + best.feeding->consequence,
                            .advice = best.feeding->advice});
    }
    std::string order;
    if (!is_grey(trials.image())) {
        DETECT_TRY_ASSIGN(const Outcome swapped, try_feeding(context, *best.feeding, true, best.found));
        if (clearly_better(best.found, swapped.found)) order = ", RGB";
        if (clearly_better(swapped.found, best.found)) {
            order = ", BGR";
            findings.push_back({.severity = Severity::warning,
                                .where = input,
                                .what = "expects BGR, very likely: with red and blue exchanged the picture gives " +
                                        describe(swapped.found) + ", as RGB " + std::to_string(best.found.sure),
                                .advice = "feed the channels in the order blue, green, red; or exchange them in the "
                                          "model and export again"});
        }
    }
    context.facts.feeding = describe(comparison, order);
    return {};
}

} // namespace detect::checking
