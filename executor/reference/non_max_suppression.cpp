// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/kernel_families.h"
#include "executor/reference/support.h"

#include <algorithm>
#include <optional>

namespace detect::reference {

namespace {

struct Box {
    float x1 = 0;
    float y1 = 0;
    float x2 = 0;
    float y2 = 0;
};

/// A box as ONNX gives it: two opposite corners (y, x, y, x) in either order, or centre and size (x, y, width, height).
Box box_at(const float* values, bool centre) {
    if (centre) {
        const float half_width = values[2] / 2;
        const float half_height = values[3] / 2;
        return {values[0] - half_width, values[1] - half_height, values[0] + half_width, values[1] + half_height};
    }
    return {std::min(values[1], values[3]), std::min(values[0], values[2]), std::max(values[1], values[3]),
            std::max(values[0], values[2])};
}

/// Whether the intersection over union of two boxes is above the threshold. Boxes without area overlap nothing.
bool overlap(const Box& a, const Box& b, float threshold) {
    const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
    const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
    if (!(width > 0) || !(height > 0)) return false;
    const float intersection = width * height;
    const float area_a = (a.x2 - a.x1) * (a.y2 - a.y1);
    const float area_b = (b.x2 - b.x1) * (b.y2 - b.y1);
    const float sum = area_a + area_b - intersection;
    if (!(area_a > 0) || !(area_b > 0) || !(sum > 0)) return false;
    return intersection / sum > threshold;
}

struct Candidate {
    float score;
    std::int64_t index;
};

struct Settings {
    std::int64_t most = 0;
    float overlap_threshold = 0;
    std::optional<float> score_threshold;
    bool centre = false;
};

Result<Settings> settings_of(const KernelContext& context) {
    Settings settings;
    if (context.has_input(2)) settings.most = std::max(context.input(2).data<std::int64_t>()[0], std::int64_t{0});
    if (context.has_input(3)) settings.overlap_threshold = context.input(3).data<float>()[0];
    if (context.has_input(4)) settings.score_threshold = context.input(4).data<float>()[0];
    settings.centre = context.node().int_or("center_point_box", 0) != 0;
    if (!(settings.overlap_threshold >= 0 && settings.overlap_threshold <= 1)) {
        return context.error("iou_threshold is " + std::to_string(settings.overlap_threshold) + ", expected 0 to 1");
    }
    return settings;
}

/// Boxes whose score is above the threshold, best first, equal ones by index. NaN is never chosen.
void collect(std::span<const float> scores, const Settings& settings, std::vector<Candidate>& candidates) {
    candidates.clear();
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const bool chosen = settings.score_threshold ? scores[i] > *settings.score_threshold : scores[i] == scores[i];
        if (chosen) candidates.push_back({scores[i], static_cast<std::int64_t>(i)});
    }
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
        return a.score != b.score ? a.score > b.score : a.index < b.index;
    });
}

void select(std::span<const Candidate> candidates, std::span<const Box> boxes, const Settings& settings,
            std::vector<std::int64_t>& kept) {
    kept.clear();
    for (const Candidate& candidate : candidates) {
        if (static_cast<std::int64_t>(kept.size()) >= settings.most) return;
        const Box& box = boxes[static_cast<std::size_t>(candidate.index)];
        const bool suppressed = std::ranges::any_of(kept, [&](std::int64_t index) {
            return overlap(boxes[static_cast<std::size_t>(index)], box, settings.overlap_threshold);
        });
        if (!suppressed) kept.push_back(candidate.index);
    }
}

Result<void> non_max_suppression(KernelContext& context) {
    DETECT_TRY(infer_outputs(context));
    DETECT_TRY_ASSIGN(const Settings settings, settings_of(context));
    const std::int64_t batch = context.input(1).dims()[0];
    const std::int64_t classes = context.input(1).dims()[1];
    const auto count = static_cast<std::size_t>(context.input(1).dims()[2]);
    const auto scores = context.input(1).data<float>();
    const float* const corners = context.input(0).data<float>().data();
    std::vector<std::int64_t> selected;
    std::vector<Box> boxes(count);
    std::vector<Candidate> candidates;
    std::vector<std::int64_t> kept;
    for (std::int64_t image = 0; image < batch && count > 0; ++image) {
        for (std::size_t i = 0; i < count; ++i) {
            boxes[i] = box_at(corners + (static_cast<std::size_t>(image) * count + i) * 4, settings.centre);
        }
        for (std::int64_t c = 0; c < classes; ++c) {
            if (context.stopped()) return RunControl::stop_error();
            const auto start = static_cast<std::size_t>(image * classes + c) * count;
            collect(scores.subspan(start, count), settings, candidates);
            select(candidates, boxes, settings, kept);
            for (const std::int64_t index : kept) selected.insert(selected.end(), {image, c, index});
        }
    }
    DETECT_TRY_ASSIGN(Tensor* const output,
                      context.allocate(0, DataType::int64, Dims{static_cast<std::int64_t>(selected.size() / 3), 3}));
    std::ranges::copy(selected, output->mutable_data<std::int64_t>().begin());
    return {};
}

} // namespace

std::vector<KernelEntry> non_max_suppression_kernels() { return {{"NonMaxSuppression", non_max_suppression}}; }

} // namespace detect::reference
