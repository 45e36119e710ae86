// SPDX-License-Identifier: Apache-2.0
#include "export/report_json.h"

#include "base/escape.h"
#include "checkpoint/setting_table.h"

#include <nlohmann/json.hpp>

namespace detect {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Agreement& agreement) {
    return {{"original", agreement.original},   {"found", agreement.found},
            {"extra", agreement.extra},         {"mean_score_difference", agreement.mean_score_difference()},
            {"mean_iou", agreement.mean_iou()}, {"loss", agreement.loss()}};
}

Json to_json(const LayerSensitivity& layer) {
    return {{"name", layer.name},
            {"kind", to_string(layer.kind)},
            {"precision", layer.integers ? "int8" : "float"},
            {"output_error", layer.output_error},
            {"alone_in_int8", to_json(layer.alone)}};
}

Json to_json(const ChosenRange& range, const std::string& name) {
    Json json{{"name", name},
              {"low", range.low},
              {"high", range.high},
              {"method", range.candidates[range.chosen].method},
              {"scale", range.quantization().scale},
              {"zero_point", range.quantization().zero_point}};
    for (std::size_t i = 0; i < range.candidates.size(); ++i)
        json["errors"][std::string(range.candidates[i].method)] = range.errors[i];
    return json;
}

Json to_json(const Int8Report& report) {
    Json json;
    json["pictures"] = {{"count", report.pictures},
                        {"mean_brightness", report.figures.mean_brightness},
                        {"brightness_deviation", report.figures.brightness_deviation},
                        {"flat", report.figures.flat},
                        {"mean_detections", report.figures.mean_detections}};
    if (report.figures.distance_from_training)
        json["pictures"]["deviations_from_training"] = *report.figures.distance_from_training;
    json["agreement_with_fp32"] = to_json(report.agreement);
    for (const LayerSensitivity& layer : report.layers) json["layers"].push_back(to_json(layer));
    for (std::size_t i = 0; i < report.ranges.size(); ++i)
        json["activations"].push_back(to_json(report.ranges[i], report.range_names[i]));
    return json;
}

Json to_json(const PrecisionReport& report) {
    Json json;
    json["name"] = to_string(report.precision);
    if (report.against_fp32) {
        json["example_against_fp32"] = {{"matched", report.against_fp32->matched},
                                        {"unmatched", report.against_fp32->unmatched},
                                        {"worst_score_difference", report.against_fp32->worst_score_difference},
                                        {"worst_iou", report.against_fp32->worst_iou}};
    }
    if (report.int8) json["int8"] = to_json(*report.int8);
    json["warnings"] = report.warnings;
    return json;
}

Json settings_json(const CheckpointGraph& network) {
    Json json;
    for (const Setting& setting : setting_table()) {
        const SettingSource source = network.sources.at(setting.key);
        const bool nothing = holds_names(setting) && network.settings.labels.empty();
        json[std::string(setting.key)] = {{"value", to_text(setting, network.settings)},
                                          {"source", nothing ? "none" : to_string(source)},
                                          {"assumed", !nothing && is_assumed(source)}};
    }
    json["num_classes"] = {
        {"value", std::to_string(network.classes)}, {"source", "read from shapes"}, {"assumed", false}};
    return json;
}

Json to_json(const SizeTrials& sizes) {
    Json json{{"trials", Json::array()}};
    for (const SizeTrial& trial : sizes.trials) {
        json["trials"].push_back({{"min_size", trial.min_size},
                                  {"max_size", trial.max_size},
                                  {"assumed", trial.is_own},
                                  {"detections", trial.detections},
                                  {"sum_of_scores", trial.sum_of_scores}});
    }
    if (sizes.better) json["warning"] = sizes.warning();
    return json;
}

Json to_json(const ExportReport& report, const ExportOptions& options, const Tensor& image) {
    Json json;
    json["model"] = report.output.string();
    json["checkpoint"] = options.checkpoint.string();
    json["checkpoint_format"] = report.network.checkpoint_format;
    json["opset"] = options.opset;
    json["file_bytes"] = report.file_bytes;
    json["simplification"] = {{"nodes_before", report.network.nodes_before},
                              {"nodes_after", report.network.nodes_after},
                              {"bytes_before", report.network.bytes_before},
                              {"bytes_after", report.network.bytes_after}};
    json["unexpected_tensors"] = report.network.unexpected;
    json["settings"] = settings_json(report.network);
    if (!report.sizes.trials.empty()) json["sizes"] = to_json(report.sizes);
    json["metadata"] = report.network.graph.metadata;
    json["image"] = {{"width", image.dims()[2]},
                     {"height", image.dims()[1]},
                     {"detections", report.verification.example_detections}};
    json["precision"] = to_json(report.precision);
    json["passed"] = report.verification.passed();
    for (const VerificationRow& row : report.verification.rows) {
        json["verification"].push_back({{"input", row.input},
                                        {"size", row.size},
                                        {"detections", row.detections},
                                        {"worst_score_difference", row.worst_score_difference},
                                        {"worst_iou", row.worst_iou},
                                        {"unmatched", row.unmatched},
                                        {"unmatched_allowed", row.unmatched_allowed},
                                        {"same_alone_as_in_batch", row.same_alone},
                                        {"passed", row.passed()}});
    }
    return json;
}

} // namespace

std::string report_json(const ExportReport& report, const ExportOptions& options, const Tensor& image) {
    return json_text(to_json(report, options, image).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) +
           "\n";
}

} // namespace detect
