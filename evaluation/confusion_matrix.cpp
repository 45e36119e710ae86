// SPDX-License-Identifier: Apache-2.0
#include "evaluation/confusion_matrix.h"

namespace detect::evaluation {

ConfusionMatrix confusion_matrix(const Findings& findings, double min_iou, double min_score) {
    return confusion_matrix(findings, find_errors(findings, min_iou, min_score));
}

ConfusionMatrix confusion_matrix(const Findings& findings, const Errors& errors) {
    const auto& objects = findings.dataset().annotations;
    const auto detections = findings.detections();
    ConfusionMatrix matrix(findings.category_count());
    for (const Errors::Hit& hit : errors.hits) matrix.add(objects[hit.object].category, objects[hit.object].category);
    for (const Miss& miss : errors.misses) {
        const std::size_t reported = miss.taken_for ? detections[miss.taken_for->index].category : matrix.background();
        matrix.add(objects[miss.object].category, reported);
    }
    for (const FalseAlarm& alarm : errors.false_alarms) {
        if (!alarm.taken_from) matrix.add(matrix.background(), detections[alarm.detection].category);
    }
    return matrix;
}

} // namespace detect::evaluation
