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

Json to_json(const PictureRates& rates) {
    return {{"with_objects", rates.with_objects},
            {"with_a_miss", rates.with_a_miss},
            {"escape_rate", or_null(rates.escape_rate())},
            {"with_nothing_found", rates.with_nothing_found},
            {"nothing_found_rate", or_null(rates.nothing_found_rate())},
            {"passed_as_good", rates.passed_as_good},
            {"board_escape_rate", or_null(rates.board_escape_rate())},
            {"without_objects", rates.without_objects},
            {"called_defective", rates.called_defective},
            {"overkill_rate", or_null(rates.overkill_rate())},
            {"with_crowds_only", rates.with_crowds_only},
            {"false_alarms_per_picture", or_null(rates.false_alarms_per_picture())}};
}

Json to_json(const PictureOutcome& picture, const Dataset& dataset) {
    const DatasetImage& image = dataset.images[picture.image];
    return {{"file", image.file_name},
            {"image_id", image.id},
            {"objects", picture.objects},
            {"found", picture.found},
            {"missed", picture.missed},
            {"false_alarms", picture.false_alarms},
            {"wrong_class", picture.wrong_class},
            {"reported", picture.reported},
            {"false_alarm_scores", picture.false_alarm_scores}};
}

Json intervals_json(const Bootstrap& bootstrap, std::size_t model) {
    if (!bootstrap.left_out.empty()) return {};
    Json json = Json::object();
    for (std::size_t figure = 0; figure < headline_count; ++figure) {
        const auto& interval = bootstrap.intervals[model][figure];
        json[std::string(headline_names[figure])] =
            interval ? Json{{"low", interval->low}, {"high", interval->high}, {"resamples", interval->resamples}}
                     : Json();
    }
    return json;
}

Json differences_json(const Summary& summary) {
    Json json = Json::array();
    for (const ModelDifference& pair : summary.bootstrap.differences) {
        Json one = {{"model", summary.models[pair.model].name},
                    {"other", summary.models[pair.other].name},
                    {"positions", {pair.model, pair.other}}};
        for (std::size_t figure = 0; figure < headline_count; ++figure) {
            const auto& difference = pair.figures[figure];
            one[std::string(headline_names[figure])] = difference ? Json{{"difference", difference->value},
                                                                         {"low", difference->interval.low},
                                                                         {"high", difference->interval.high},
                                                                         {"beyond_chance", difference->beyond_chance}}
                                                                  : Json();
        }
        json.push_back(std::move(one));
    }
    return json;
}

/// By figure the model that is better than all others beyond chance; null: there is none.
Json best_json(const Summary& summary) {
    Json json = Json::object();
    for (const Headline figure : {headline_ap, headline_ap50, headline_f1}) {
        const auto winner = summary.bootstrap.winner(figure);
        json[std::string(headline_names[figure])] = winner ? Json(summary.models[*winner].name) : Json();
    }
    return json;
}

Json conditions_json(const Summary& summary) {
    const Conditions& conditions = summary.conditions;
    const Options& options = summary.models.front().evaluation.options;
    const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    Json json = {{"date", text(conditions.date)},
                 {"detect_version", text(conditions.version)},
                 {"annotations_sha256", text(conditions.annotations_sha256)},
                 {"score", options.score},
                 {"iou", options.iou}};
    json["regions"] = Json::array();
    for (const PixelRect& region : conditions.regions)
        json["regions"].push_back({region.x, region.y, region.width, region.height});
    if (const auto& run = conditions.run) {
        json["instruction_set"] = run->instruction_set;
        json["threads"] = run->threads;
        json["bits"] = run->bits == 0 ? Json() : Json(run->bits);
        json["tiling"] = run->tiling ? Json{{"tile", run->tiling->tile},
                                            {"overlap", run->tiling->overlap},
                                            {"merge", merge_name(run->tiling->merge)}}
                                     : Json();
    }
    const Bootstrap& bootstrap = summary.bootstrap;
    json["bootstrap"] = {{"resamples", bootstrap.resamples},
                         {"seed", bootstrap_seed},
                         {"confidence", interval_confidence},
                         {"rough", bootstrap.is_rough()},
                         {"left_out", text(bootstrap.left_out)}};
    return json;
}

void add_settings(const ModelSummary& model, Json& json) {
    if (model.settings.empty()) return;
    Json assumed = Json::array();
    for (const ModelSetting& setting : model.settings) {
        json["settings"][setting.key] = setting.value;
        if (setting.assumed) assumed.push_back(setting.key);
    }
    json["assumed_settings"] = std::move(assumed);
}

Json to_json(const Summary& summary, std::size_t position) {
    const ModelSummary& model = summary.models[position];
    const Dataset& dataset = summary.dataset;
    const Evaluation& evaluation = model.evaluation;
    Json json = {{"model", model.name}};
    if (!model.sha256.empty()) json["model_sha256"] = model.sha256;
    if (model.file_bytes) json["file_bytes"] = *model.file_bytes;
    add_settings(model, json);
    for (const auto& [name, value] : named_figures(evaluation.coco))
        json["metrics"][std::string(name)] = or_minus_one(value);
    json["intervals"] = intervals_json(summary.bootstrap, position);
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
    json["picture_rates"] = to_json(evaluation.rates);
    json["pictures"] = Json::array();
    for (const PictureOutcome& picture : evaluation.pictures) json["pictures"].push_back(to_json(picture, dataset));
    if (!summary.conditions.regions.empty()) json["detections_outside_regions"] = model.detections_outside;
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
    Json json = {{"annotations", summary.annotations},
                 {"conditions", conditions_json(summary)},
                 {"picture_count", summary.dataset.images.size()},
                 {"left_out", Json::array()}};
    for (const LeftOut& picture : summary.left_out)
        json["left_out"].push_back({{"file", picture.file}, {"reason", picture.reason}});
    json["annotations_left_out"] = summary.dataset.annotations_left_out;
    json["found_by_end_of_name"] = summary.found_by_end_of_name;
    json["pictures_beyond_coco"] = summary.pictures_beyond_coco;
    if (!summary.conditions.regions.empty()) {
        json["objects_outside_regions"] = summary.region_cut.objects_outside;
        json["objects_across_regions"] = summary.region_cut.objects_across;
    }
    if (summary.coverage) {
        json["detections_left_out"] = summary.coverage->of_unknown_categories;
        json["pictures_without_detections"] = summary.coverage->images_without;
    }
    if (summary.models.size() == 1) {
        json.update(to_json(summary, 0));
    } else {
        for (std::size_t i = 0; i < summary.models.size(); ++i) {
            const ModelSummary& model = summary.models[i];
            Json one = to_json(summary, i);
            one["only_this_model"] = {{"finds", model.alone.hits.size()},
                                      {"false_alarms", model.alone.false_alarms.size()}};
            json["models"].push_back(std::move(one));
        }
        json["differences"] = differences_json(summary);
        json["best_beyond_chance"] = best_json(summary);
    }
    return json_text(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

} // namespace detect::evaluation
