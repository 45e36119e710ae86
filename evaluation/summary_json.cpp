// SPDX-License-Identifier: Apache-2.0
#include "evaluation/summary.h"

#include "base/escape.h"

#include <nlohmann/json.hpp>

namespace detect::evaluation {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_categories_in_rows = 1500;

Json or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

/// pycocotools' way to say that there is no figure.
double or_minus_one(const std::optional<double>& value) { return value.value_or(-1.0); }

Json to_json(const Counts& counts) {
    return {{"correct", counts.correct},
            {"false_alarms", counts.false_alarms},
            {"missed", counts.missed},
            {"precision", or_null(counts.precision())},
            {"recall", or_null(counts.recall())},
            {"f1", or_null(counts.f1())}};
}

Json to_json(const std::optional<BestScore>& best) {
    if (!best) return {};
    Json json = {{"score", best->score}};
    json.update(to_json(best->counts));
    return json;
}

Json to_json(const DeepPcb& deeppcb) {
    return {{"iou", deeppcb_iou},
            {"mAP", or_null(deeppcb.mean_ap)},
            {"precision", or_null(deeppcb.counts.precision())},
            {"recall", or_null(deeppcb.counts.recall())},
            {"f_score", or_null(deeppcb.counts.f1())},
            {"best_f_score", deeppcb.best ? or_null(deeppcb.best->counts.f1()) : Json()},
            {"best_score", deeppcb.best ? Json(deeppcb.best->score) : Json()}};
}

Json to_json(const ConfusionMatrix& confusion, const Dataset& dataset) {
    Json labels = Json::array();
    for (const Category& category : dataset.categories) labels.push_back(category.name);
    labels.push_back("background");
    // With thousands of categories, most would be zeros beyond what any file should hold.
    if (dataset.categories.size() > most_categories_in_rows) {
        Json cells = Json::array();
        for (const auto& [place, count] : confusion.counts()) cells.push_back({place.first, place.second, count});
        return {
            {"labels", std::move(labels)}, {"cells_are", {"truth", "reported", "count"}}, {"cells", std::move(cells)}};
    }
    Json rows = Json::array();
    for (std::size_t truth = 0; truth < confusion.size(); ++truth) {
        Json row = Json::array();
        for (std::size_t reported = 0; reported < confusion.size(); ++reported)
            row.push_back(confusion.at(truth, reported));
        rows.push_back(std::move(row));
    }
    return {{"labels", std::move(labels)}, {"rows_are", "truth"}, {"counts", std::move(rows)}};
}

Json category_json(const CategoryResult& result, const Category& category) {
    return {{"id", category.id},
            {"name", category.name},
            {"objects", result.objects},
            {"AP", or_minus_one(result.coco.ap)},
            {"AP50", or_minus_one(result.coco.ap50)},
            {"AP75", or_minus_one(result.coco.ap75)},
            {"AP33", or_minus_one(result.ap_deeppcb)},
            {"at_score", to_json(result.counts)},
            {"best_f1", to_json(result.best)}};
}

Json to_json(const ModelSummary& model, const Dataset& dataset) {
    const Evaluation& evaluation = model.evaluation;
    Json json = {{"model", model.name}};
    if (model.file_bytes) json["file_bytes"] = *model.file_bytes;
    for (const auto& [name, value] : named_figures(evaluation.coco))
        json["metrics"][std::string(name)] = or_minus_one(value);
    json["per_class_AP"] = Json::object();
    json["per_class"] = Json::array();
    for (std::size_t i = 0; i < dataset.categories.size(); ++i) {
        const Category& category = dataset.categories[i];
        json["per_class_AP"][std::to_string(category.id)] = or_minus_one(evaluation.categories[i].coco.ap);
        json["per_class"].push_back(category_json(evaluation.categories[i], category));
    }
    json["deeppcb"] = to_json(evaluation.deeppcb);
    json["at_score"] = {{"score", evaluation.options.score}, {"iou", evaluation.options.iou}};
    json["at_score"].update(to_json(evaluation.counts));
    json["best_f1"] = to_json(evaluation.best);
    json["confusion_matrix"] = to_json(evaluation.confusion, dataset);
    if (model.latency) {
        json["latency_ms"] = {{"p50", model.latency->p50},
                              {"p90", model.latency->p90},
                              {"p99", model.latency->p99},
                              {"mean", model.latency->mean}};
    }
    return json;
}

} // namespace

std::string to_json(const Summary& summary) {
    Json json = {
        {"annotations", summary.annotations}, {"pictures", summary.dataset.images.size()}, {"left_out", Json::array()}};
    for (const LeftOut& picture : summary.left_out)
        json["left_out"].push_back({{"file", picture.file}, {"reason", picture.reason}});
    json["annotations_left_out"] = summary.dataset.annotations_left_out;
    json["found_by_end_of_name"] = summary.found_by_end_of_name;
    if (summary.coverage) {
        json["detections_left_out"] = summary.coverage->of_unknown_categories;
        json["pictures_without_detections"] = summary.coverage->images_without;
    }
    if (summary.models.size() == 1) {
        json.update(to_json(summary.models.front(), summary.dataset));
    } else {
        for (const ModelSummary& model : summary.models) {
            Json one = to_json(model, summary.dataset);
            one["only_this_model"] = {{"finds", model.alone.hits.size()},
                                      {"false_alarms", model.alone.false_alarms.size()}};
            json["models"].push_back(std::move(one));
        }
    }
    return json_text(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

} // namespace detect::evaluation
