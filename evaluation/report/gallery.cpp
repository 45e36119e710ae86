// SPDX-License-Identifier: Apache-2.0
#include "evaluation/report/gallery.h"

#include "base/try.h"
#include "evaluation/report/crop.h"
#include "evaluation/report/html.h"

#include <algorithm>
#include <cstdlib>

namespace detect::evaluation::html {

namespace {

/// A few items of a list, spread evenly over it.
template <class Item>
std::vector<Item> spread(const std::vector<Item>& items, std::size_t count) {
    std::vector<Item> chosen;
    const std::size_t most = std::min(count, items.size());
    for (std::size_t i = 0; i < most; ++i) chosen.push_back(items[i * items.size() / most]);
    return chosen;
}

/// What an error is about, and what is near it.
class Words {
public:
    Words(const ModelSummary& model, const Dataset& dataset) : model_(model), dataset_(dataset) {}

    [[nodiscard]] const DetectedBox& detection(std::size_t index) const { return model_.detections[index]; }
    [[nodiscard]] const Annotation& object(std::size_t index) const { return dataset_.annotations[index]; }
    [[nodiscard]] std::string name(std::size_t category) const { return dataset_.categories[category].name; }
    [[nodiscard]] std::string score(std::size_t index) const { return decimal(detection(index).score, 2); }

    [[nodiscard]] std::string explain(const Miss& miss) const {
        if (miss.too_faint) return "found, but only with score " + faint_score(miss.too_faint->index);
        if (miss.taken_for) {
            return "taken for " + name(detection(miss.taken_for->index).category) + ", score " +
                   score(miss.taken_for->index);
        }
        if (miss.too_far_off) {
            return "box is off, IoU " + decimal(miss.too_far_off->iou, 2) + ", score " + score(miss.too_far_off->index);
        }
        return "nothing reported here";
    }

    [[nodiscard]] std::string explain(const FalseAlarm& alarm) const {
        if (alarm.taken_from) return "is " + name(object(alarm.taken_from->index).category);
        if (alarm.found_twice) return "same object reported twice";
        if (alarm.too_far_off) return "box is off, IoU " + decimal(alarm.too_far_off->iou, 2);
        return "nothing annotated here";
    }

private:
    /// With as many digits as it takes to be below the chosen score.
    [[nodiscard]] std::string faint_score(std::size_t index) const {
        constexpr int most_digits = 6;
        std::string text = score(index);
        for (int digits = 3; digits <= most_digits && std::strtod(text.c_str(), nullptr) >= chosen_score(); ++digits)
            text = decimal(detection(index).score, digits);
        return text;
    }
    [[nodiscard]] double chosen_score() const { return model_.evaluation.options.score; }

    const ModelSummary& model_;
    const Dataset& dataset_;
};

/// A rectangle of the overlay, in pixels of the crop.
std::string rectangle(const CocoBox& box, const Crop& crop, const std::string& style) {
    const auto shape = [&](const std::string& name) {
        return "<rect class=\"" + name + "\" x=\"" + decimal(box.x - crop.x, 1) + "\" y=\"" +
               decimal(box.y - crop.y, 1) + "\" width=\"" + decimal(box.width, 1) + "\" height=\"" +
               decimal(box.height, 1) + "\"/>";
    };
    // A line on a darker, wider one stands out from light and dark ground alike.
    return shape("halo") + shape(style);
}

bool visible(const CocoBox& box, const Crop& crop) {
    return overlap(box, {static_cast<double>(crop.x), static_cast<double>(crop.y), static_cast<double>(crop.width),
                         static_cast<double>(crop.height)}) > 0.0;
}

std::string overlay(const Shot& shot, const Crop& crop, const ModelSummary& model, const Dataset& dataset) {
    std::string boxes;
    for (const Annotation& object : dataset.annotations) {
        if (object.image == shot.image && visible(object.box, crop) && !(shot.is_object && shot.box == object.box))
            boxes += rectangle(object.box, crop, "truth");
    }
    for (const DetectedBox& detection : model.detections) {
        const bool reported = detection.image == shot.image && detection.score >= model.evaluation.options.score;
        if (reported && visible(detection.box, crop) && (shot.is_object || shot.box != detection.box))
            boxes += rectangle(detection.box, crop, "reported");
    }
    if (shot.box) boxes += rectangle(*shot.box, crop, shot.is_object ? "truth subject" : "reported subject");
    return "<svg viewBox=\"0 0 " + std::to_string(crop.width) + " " + std::to_string(crop.height) +
           "\" aria-hidden=\"true\">" + boxes + "</svg>";
}

} // namespace

std::vector<Shot> miss_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count) {
    const Findings findings(dataset, model.detections);
    const Words words(model, dataset);
    std::vector<Shot> shots;
    for (const Miss& miss : worst_misses(findings, model.evaluation.errors, count)) {
        const Annotation& object = words.object(miss.object);
        shots.push_back({object.image, object.box, true, words.name(object.category), words.explain(miss)});
    }
    return shots;
}

std::vector<Shot> false_alarm_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count) {
    const Findings findings(dataset, model.detections);
    const Words words(model, dataset);
    std::vector<Shot> shots;
    for (const FalseAlarm& alarm : worst_false_alarms(findings, model.evaluation.errors, count)) {
        const DetectedBox& detection = words.detection(alarm.detection);
        shots.push_back({detection.image, detection.box, false,
                         words.name(detection.category) + " " + words.score(alarm.detection), words.explain(alarm)});
    }
    return shots;
}

std::vector<Shot> alone_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count) {
    const Words words(model, dataset);
    std::vector<Shot> shots;
    for (const Errors::Hit& hit : spread(model.alone.hits, count)) {
        const Annotation& object = words.object(hit.object);
        shots.push_back({object.image, object.box, true, words.name(object.category),
                         "found with score " + words.score(hit.detection)});
    }
    return shots;
}

std::vector<Shot> alone_alarm_shots(const ModelSummary& model, const Dataset& dataset, std::size_t count) {
    const Words words(model, dataset);
    std::vector<Shot> shots;
    for (const std::size_t index : spread(model.alone.false_alarms, count)) {
        const DetectedBox& detection = words.detection(index);
        shots.push_back({detection.image, detection.box, false, words.name(detection.category),
                         "reported with score " + words.score(index)});
    }
    return shots;
}

std::string Gallery::show(std::span<const Shot> shots, const ModelSummary& model) const {
    std::string text = "<div class=\"gallery\">";
    for (const Shot& shot : shots) text += show(shot, model);
    return text + "</div>";
}

std::string Gallery::show(const Shot& shot, const ModelSummary& model) const {
    const std::string file = dataset_->images[shot.image].file_name;
    const std::string words = escape(shot.heading + ", " + shot.explanation);
    std::string frame = "<div class=\"frame gone\">picture cannot be read</div>";
    if (const auto crop = cut_out(*reader_, file, shot.box)) {
        frame = "<div class=\"frame\"><img alt=\"" + words + "\" width=\"" + std::to_string(crop->width) +
                "\" height=\"" + std::to_string(crop->height) + "\" src=\"data:image/jpeg;base64," +
                base64(crop->jpeg) + "\">" + overlay(shot, *crop, model, *dataset_) + "</div>";
    }
    return std::string("<figure class=\"") + (shot.box ? "shot" : "shot whole") + "\">" + frame + "<figcaption><b>" +
           escape(shot.heading) + "</b><span>" + escape(shot.explanation) + "</span><small>" + escape(file) +
           "</small></figcaption></figure>";
}

} // namespace detect::evaluation::html
