// SPDX-License-Identifier: Apache-2.0
#include "evaluation/comparison.h"

#include <algorithm>

namespace detect::evaluation {

namespace {

/// Whether some false alarm of a model is of this category and at this place.
bool has_alarm_at(const Findings& findings, std::span<const std::size_t> alarms, const DetectedBox& place,
                  double min_iou) {
    return std::ranges::any_of(alarms, [&](std::size_t position) {
        const DetectedBox& alarm = findings.detections()[position];
        return alarm.category == place.category && overlap(alarm.box, place.box) >= min_iou;
    });
}

/// A model's false alarms by image.
std::vector<std::vector<std::size_t>> alarms_by_image(const Findings& findings, const Errors& errors) {
    std::vector<std::vector<std::size_t>> by_image(findings.dataset().images.size());
    for (const FalseAlarm& alarm : errors.false_alarms)
        by_image[findings.detections()[alarm.detection].image].push_back(alarm.detection);
    return by_image;
}

} // namespace

std::vector<Alone> compare(std::span<const Findings> findings, std::span<const Errors> errors, double min_iou) {
    const Dataset& dataset = findings.front().dataset();
    std::vector<std::size_t> finders(dataset.annotations.size());
    std::vector<std::vector<std::vector<std::size_t>>> alarms;
    for (std::size_t model = 0; model < findings.size(); ++model) {
        for (const Errors::Hit& hit : errors[model].hits) ++finders[hit.object];
        alarms.push_back(alarms_by_image(findings[model], errors[model]));
    }
    std::vector<Alone> alone(findings.size());
    for (std::size_t model = 0; model < findings.size(); ++model) {
        for (const Errors::Hit& hit : errors[model].hits) {
            if (finders[hit.object] == 1) alone[model].hits.push_back(hit);
        }
        for (const FalseAlarm& alarm : errors[model].false_alarms) {
            const DetectedBox& place = findings[model].detections()[alarm.detection];
            bool shared = false;
            for (std::size_t other = 0; other < findings.size() && !shared; ++other)
                shared = other != model && has_alarm_at(findings[other], alarms[other][place.image], place, min_iou);
            if (!shared) alone[model].false_alarms.push_back(alarm.detection);
        }
    }
    return alone;
}

} // namespace detect::evaluation
