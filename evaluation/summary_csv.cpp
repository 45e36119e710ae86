// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

#include "base/escape.h"
#include "base/text.h"

namespace detect::evaluation {

namespace {

constexpr const char* pictures_csv_version = "1";

std::string csv_row(const ModelSummary& model, const PictureOutcome& picture, std::size_t rank,
                    const Dataset& dataset) {
    const DatasetImage& image = dataset.images[picture.image];
    std::string cells = std::to_string(rank) + "," + std::to_string(image.id) + "," + csv_cell(image.file_name);
    for (const std::size_t count :
         {picture.objects, picture.found, picture.missed, picture.false_alarms, picture.wrong_class, picture.reported})
        cells += "," + std::to_string(count);
    const Options& options = model.evaluation.options;
    return cells + "," + shortest_text(picture.false_alarm_scores) + ",," + shortest_text(options.score) + "," +
           shortest_text(options.iou);
}

/// No rank and no counts: it was not judged, and the reason says why.
std::string csv_row(const ModelSummary& model, const LeftOut& picture) {
    const Options& options = model.evaluation.options;
    return ",," + csv_cell(picture.file) + ",,,,,,,," + csv_cell(picture.reason) + "," + shortest_text(options.score) +
           "," + shortest_text(options.iou);
}

} // namespace

std::string to_csv(const Summary& summary) {
    std::string text = "csv_version,rank,image_id,file,objects,found,missed,false_alarms,wrong_class,reported,"
                       "false_alarm_scores,error,score,iou,model,model_sha256\n";
    for (const ModelSummary& model : summary.models) {
        const auto add = [&](const std::string& cells) {
            text += std::string(pictures_csv_version) + "," + cells + "," + csv_cell(model.name) + "," + model.sha256 +
                    "\n";
        };
        std::size_t rank = 0;
        for (const PictureOutcome& picture : model.evaluation.pictures)
            add(csv_row(model, picture, ++rank, summary.dataset));
        for (const LeftOut& picture : summary.left_out) add(csv_row(model, picture));
    }
    return text;
}

} // namespace detect::evaluation
