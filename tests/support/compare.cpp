// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace detect::test {
namespace {

std::string position_text(const Dims& dims, std::size_t flat) {
    std::string text;
    auto rest = static_cast<std::int64_t>(flat);
    for (std::size_t axis = dims.rank(); axis-- > 0;) {
        const std::int64_t size = std::max<std::int64_t>(dims[axis], 1);
        text = std::to_string(rest % size) + (text.empty() ? "" : ", ") + text;
        rest /= size;
    }
    return "[" + text + "]";
}

std::string to_text(const Found& found) {
    std::ostringstream text;
    text.precision(7);
    text << "label " << found.label << " score " << found.score << " box [" << found.box[0] << ", " << found.box[1]
         << ", " << found.box[2] << ", " << found.box[3] << "]";
    return text.str();
}

constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

/// One side of a pairing: who could go with whom, who must have a partner, and who has which.
struct Side {
    explicit Side(std::size_t count) : candidates(count), needy(count, false), partner(count, nobody) {}
    std::vector<std::vector<std::size_t>> candidates;
    std::vector<bool> needy;
    std::vector<std::size_t> partner;
};

/// Finds a partner for `own[index]`, moving needy ones on their side to other partners and leaving those that merely
/// may have one without (an alternating path, as in Kuhn's algorithm). The other side loses no partner by it.
bool claim(std::size_t index, Side& own, Side& other, std::vector<bool>& visited) {
    for (const std::size_t wanted : own.candidates[index]) {
        if (visited[wanted]) continue;
        visited[wanted] = true;
        const std::size_t holder = other.partner[wanted];
        if (holder == nobody || !own.needy[holder] || claim(holder, own, other, visited)) {
            if (holder != nobody && own.partner[holder] == wanted) own.partner[holder] = nobody;
            own.partner[index] = wanted;
            other.partner[wanted] = index;
            return true;
        }
    }
    return false;
}

void pair_needy(Side& own, Side& other) {
    for (std::size_t i = 0; i < own.needy.size(); ++i) {
        if (!own.needy[i] || own.partner[i] != nobody) continue;
        std::vector<bool> visited(other.partner.size(), false);
        claim(i, own, other, visited);
    }
}

bool may_pair(const Found& a, const Found& b, const MatchRule& rule) {
    return a.label == b.label && std::fabs(a.score - b.score) <= rule.max_score_difference &&
           intersection_over_union(a.box, b.box) >= rule.min_iou;
}

void report_lonely(std::string& report, std::string_view side, const Found& found, std::span<const Found> others) {
    report += "only in " + std::string(side) + ": " + to_text(found);
    const auto nearest = std::ranges::max_element(others, {}, [&](const Found& other) {
        return intersection_over_union(found.box, other.box) + (found.label == other.label ? 1 : 0);
    });
    if (nearest != others.end()) {
        std::ostringstream text;
        text << "; nearest " << to_text(*nearest) << " (IoU " << intersection_over_union(found.box, nearest->box)
             << ")";
        report += text.str();
    }
    report += "\n";
}

} // namespace

Closeness compare_close(const Tensor& actual, const Tensor& expected, float rtol, float atol) {
    Closeness result;
    if (actual.type() != DataType::float32 || expected.type() != DataType::float32 ||
        actual.dims() != expected.dims()) {
        result.report = std::string(to_string(actual.type())) + to_string(actual.dims()) + " instead of " +
                        std::string(to_string(expected.type())) + to_string(expected.dims());
        return result;
    }
    const auto found = actual.data<float>();
    const auto wanted = expected.data<float>();
    std::size_t worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const float difference = found[i] == wanted[i] ? 0 : std::fabs(found[i] - wanted[i]);
        const float allowed = atol + rtol * std::fabs(wanted[i]);
        // NaN compares false with everything: it must count as outside.
        const float share = difference <= std::numeric_limits<float>::max() ? difference / allowed
                                                                            : std::numeric_limits<float>::infinity();
        if (!(difference <= allowed)) ++result.outside;
        if (share > result.worst_share) {
            result.worst_share = share;
            worst = i;
        }
        result.worst_absolute = std::max(result.worst_absolute, difference);
    }
    result.elements = found.size();
    result.close = result.outside == 0;
    std::ostringstream text;
    text << to_string(actual.dims()) << ": " << result.outside << " of " << result.elements << " outside rtol " << rtol
         << " atol " << atol;
    if (!found.empty()) {
        text.precision(9);
        text << "; worst at " << position_text(actual.dims(), worst) << ": " << found[worst] << " instead of "
             << wanted[worst] << " (" << result.worst_share << " of what is allowed)";
    }
    result.report = text.str();
    return result;
}

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.type() == b.type() && a.dims() == b.dims() &&
           (a.byte_count() == 0 || std::memcmp(a.bytes().data(), b.bytes().data(), a.byte_count()) == 0);
}

std::vector<Found> to_found(const Tensor& boxes, const Tensor& labels, const Tensor& scores) {
    const auto count = static_cast<std::size_t>(scores.element_count());
    const auto corners = boxes.data<float>();
    const auto classes = labels.data<std::int64_t>();
    if (corners.size() != 4 * count || classes.size() != count) {
        throw std::logic_error("detections of different counts: boxes " + to_string(boxes.dims()) + ", labels " +
                               to_string(labels.dims()) + ", scores " + to_string(scores.dims()));
    }
    std::vector<Found> result(count);
    for (std::size_t i = 0; i < count; ++i) {
        result[i] = {{corners[4 * i], corners[4 * i + 1], corners[4 * i + 2], corners[4 * i + 3]},
                     classes[i],
                     scores.data<float>()[i]};
    }
    return result;
}

std::vector<Found> to_found(const Tensor& boxes, const Tensor& labels, const Tensor& scores,
                            const Tensor& valid_detections, std::int64_t index) {
    const Dims& dims = scores.dims();
    if (dims.rank() != 2 || boxes.dims() != Dims{dims[0], dims[1], 4} || labels.dims() != dims ||
        valid_detections.dims() != Dims{dims[0]} || index < 0 || index >= dims[0]) {
        throw std::logic_error("not a batch of detections with image " + std::to_string(index) + ": boxes " +
                               to_string(boxes.dims()) + ", labels " + to_string(labels.dims()) + ", scores " +
                               to_string(dims) + ", valid_detections " + to_string(valid_detections.dims()));
    }
    const auto image = static_cast<std::size_t>(index);
    const auto rows = static_cast<std::size_t>(dims[1]);
    const std::int64_t valid = valid_detections.data<std::int64_t>()[image];
    if (valid < 0 || valid > dims[1]) throw std::logic_error("valid_detections is " + std::to_string(valid));
    const auto count = static_cast<std::size_t>(valid);
    return to_found(Tensor::of<float>({valid, 4}, boxes.data<float>().subspan(image * rows * 4, count * 4)),
                    Tensor::of<std::int64_t>({valid}, labels.data<std::int64_t>().subspan(image * rows, count)),
                    Tensor::of<float>({valid}, scores.data<float>().subspan(image * rows, count)));
}

double intersection_over_union(const std::array<float, 4>& a, const std::array<float, 4>& b) {
    if (a == b) return 1;
    const auto area = [](double x1, double y1, double x2, double y2) {
        return std::max(0.0, x2 - x1) * std::max(0.0, y2 - y1);
    };
    const double shared = area(std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]), std::min(a[3], b[3]));
    const double total = area(a[0], a[1], a[2], a[3]) + area(b[0], b[1], b[2], b[3]) - shared;
    return total > 0 ? shared / total : 0;
}

Match match_detections(std::span<const Found> a, std::span<const Found> b, const MatchRule& rule) {
    Side first(a.size());
    Side second(b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        first.needy[i] = a[i].score >= rule.min_score;
        for (std::size_t j = 0; j < b.size(); ++j) {
            if (!may_pair(a[i], b[j], rule)) continue;
            first.candidates[i].push_back(j);
            second.candidates[j].push_back(i);
        }
    }
    for (std::size_t j = 0; j < b.size(); ++j) second.needy[j] = b[j].score >= rule.min_score;
    pair_needy(first, second);
    pair_needy(second, first);

    Match result;
    for (std::size_t j = 0; j < b.size(); ++j) {
        if (second.needy[j] && second.partner[j] == nobody) report_lonely(result.report, "the second", b[j], a);
    }
    for (std::size_t i = 0; i < a.size(); ++i) {
        const std::size_t j = first.partner[i];
        if (j == nobody) {
            if (first.needy[i]) report_lonely(result.report, "the first", a[i], b);
            continue;
        }
        ++result.pairs;
        result.worst_iou = std::min(result.worst_iou, intersection_over_union(a[i].box, b[j].box));
        result.worst_score_difference = std::max(result.worst_score_difference, std::fabs(a[i].score - b[j].score));
    }
    result.matched = result.report.empty();
    return result;
}

} // namespace detect::test
