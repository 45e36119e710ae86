// SPDX-License-Identifier: Apache-2.0
#include "postprocess/nms_kernel.h"

#include <algorithm>
#include <array>

namespace detect {

namespace {

/// Kept boxes compared at a time before looking whether one of them already suppresses the candidate.
constexpr std::size_t batch = 16;

struct Box {
    float x1, y1, x2, y2, area;
};

// As in torchvision: the second operand only if it is larger (smaller), so that NaN comes out as there.
inline float larger(float a, float b) { return a < b ? b : a; }
inline float smaller(float a, float b) { return b < a ? b : a; }

} // namespace

std::span<const std::int64_t> Nms::run(std::span<const float> boxes, std::span<const float> scores,
                                       const NmsParameters& parameters) {
    order_.clear();
    kept_.clear();
    for (std::size_t i = 0; i < scores.size(); ++i) {
        if (scores[i] > parameters.score_threshold) order_.push_back(static_cast<std::int64_t>(i));
    }
    // No NaN is left, so this is a strict weak ordering.
    std::sort(order_.begin(), order_.end(), [&](std::int64_t a, std::int64_t b) {
        const float of_a = scores[static_cast<std::size_t>(a)];
        const float of_b = scores[static_cast<std::size_t>(b)];
        return of_a != of_b ? of_a > of_b : a < b;
    });
    for (auto* column : {&x1_, &y1_, &x2_, &y2_, &area_}) {
        const std::size_t padded = (std::min(order_.size(), parameters.max_output) + batch - 1) / batch * batch;
        column->assign(padded, 0.F);
    }

    const auto suppressed = [&](const Box& box) {
        for (std::size_t first = 0; first < kept_.size(); first += batch) {
            // Slots past the last kept box are empty boxes at the origin: their intersection is 0, or their ratio NaN.
            std::array<unsigned, batch> over{};
            for (std::size_t i = 0; i < batch; ++i) {
                const std::size_t k = first + i;
                const float width = larger(0.F, smaller(x2_[k], box.x2) - larger(x1_[k], box.x1));
                const float height = larger(0.F, smaller(y2_[k], box.y2) - larger(y1_[k], box.y1));
                const float intersection = width * height;
                const float ratio = intersection / (area_[k] + box.area - intersection);
                over[i] = ratio > parameters.iou_threshold && k < kept_.size() ? 1U : 0U;
            }
            unsigned any = 0;
            for (const unsigned one : over) any |= one;
            if (any != 0) return true;
        }
        return false;
    };

    for (const std::int64_t index : order_) {
        if (kept_.size() == parameters.max_output) break;
        const std::span<const float> corners = boxes.subspan(static_cast<std::size_t>(index) * 4, 4);
        const Box box{corners[0], corners[1], corners[2], corners[3],
                      (corners[2] - corners[0]) * (corners[3] - corners[1])};
        if (suppressed(box)) continue;
        const std::size_t k = kept_.size();
        kept_.push_back(index);
        x1_[k] = box.x1;
        y1_[k] = box.y1;
        x2_[k] = box.x2;
        y2_[k] = box.y2;
        area_[k] = box.area;
    }
    return kept_;
}

} // namespace detect
