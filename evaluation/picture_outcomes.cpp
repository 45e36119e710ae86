// SPDX-License-Identifier: Apache-2.0
#include "evaluation/picture_outcomes.h"

#include <algorithm>
#include <tuple>

namespace detect::evaluation {

namespace {

std::optional<double> share_of(std::size_t part, std::size_t whole) {
    if (whole == 0) return std::nullopt;
    return static_cast<double>(part) / static_cast<double>(whole);
}

} // namespace

std::vector<PictureOutcome> worst_pictures(const Findings& findings, const Errors& errors, double min_score) {
    const Dataset& dataset = findings.dataset();
    const auto detections = findings.detections();
    std::vector<PictureOutcome> pictures(dataset.images.size());
    for (std::size_t image = 0; image < pictures.size(); ++image) pictures[image].image = image;
    const auto of_object = [&](std::size_t object) -> PictureOutcome& {
        return pictures[dataset.annotations[object].image];
    };
    for (const Annotation& object : dataset.annotations) {
        if (object.crowd) pictures[object.image].has_crowd = true;
    }
    for (const DetectedBox& detection : detections) {
        if (detection.score >= min_score) ++pictures[detection.image].reported;
    }
    for (const Errors::Hit& hit : errors.hits) ++of_object(hit.object).found;
    for (const Miss& miss : errors.misses) {
        PictureOutcome& picture = of_object(miss.object);
        ++picture.missed;
        if (miss.taken_for) ++picture.wrong_class;
    }
    for (const FalseAlarm& alarm : errors.false_alarms) {
        const DetectedBox& detection = detections[alarm.detection];
        ++pictures[detection.image].false_alarms;
        pictures[detection.image].false_alarm_scores += detection.score;
    }
    for (PictureOutcome& picture : pictures) picture.objects = picture.found + picture.missed;
    const auto badness = [](const PictureOutcome& picture) {
        return std::tuple(picture.missed, picture.false_alarms, picture.false_alarm_scores);
    };
    std::ranges::stable_sort(pictures, [&](const PictureOutcome& a, const PictureOutcome& b) {
        if (badness(a) != badness(b)) return badness(a) > badness(b);
        return dataset.images[a.image].file_name < dataset.images[b.image].file_name;
    });
    return pictures;
}

std::optional<double> PictureRates::escape_rate() const { return share_of(with_a_miss, with_objects); }
std::optional<double> PictureRates::nothing_found_rate() const { return share_of(with_nothing_found, with_objects); }
std::optional<double> PictureRates::board_escape_rate() const { return share_of(passed_as_good, with_objects); }
std::optional<double> PictureRates::overkill_rate() const { return share_of(called_defective, without_objects); }
std::optional<double> PictureRates::false_alarms_per_picture() const {
    return share_of(false_alarms, with_objects + without_objects + with_crowds_only);
}

PictureRates picture_rates(std::span<const PictureOutcome> pictures) {
    PictureRates rates;
    for (const PictureOutcome& picture : pictures) {
        rates.false_alarms += picture.false_alarms;
        if (picture.objects > 0) {
            ++rates.with_objects;
            if (picture.missed > 0) ++rates.with_a_miss;
            if (picture.found == 0) ++rates.with_nothing_found;
            if (picture.reported == 0) ++rates.passed_as_good;
        } else if (picture.has_crowd) {
            ++rates.with_crowds_only;
        } else {
            ++rates.without_objects;
            if (picture.reported > 0) ++rates.called_defective;
        }
    }
    return rates;
}

} // namespace detect::evaluation
