// SPDX-License-Identifier: Apache-2.0
#include "cli/check_report.h"

#include "base/escape.h"
#include "base/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include <nlohmann/json.hpp>

namespace detect::cli {

namespace {

using checking::CheckOptions;
using checking::CheckReport;
using checking::Finding;
using checking::PictureComparison;
using checking::Severity;

constexpr std::size_t columns = 100;

/// `text` behind `title`, further lines indented as deep as the first.
std::string wrapped(const std::string& title, const std::string& text) {
    std::string result = title;
    std::size_t column = title.size();
    std::istringstream words(without_controls(text, ' ')); // names in it may hold anything
    bool is_first = true;
    for (std::string word; words >> word; is_first = false) {
        if (!is_first && column + 1 + word.size() > columns) {
            result += "\n" + std::string(title.size(), ' ');
            column = title.size();
        } else if (!is_first) {
            result += " ";
            ++column;
        }
        result += word;
        column += word.size();
    }
    return result + "\n";
}

std::string plural(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string heading(const CheckReport& report) {
    char size[48];
    std::snprintf(size, sizeof size, "%.2f MB", static_cast<double>(report.bytes) / 1e6);
    std::string line = printable_path(report.file) + ": " + size;
    if (report.opset > 0) line += ", opset " + std::to_string(report.opset);
    line += ", " + plural(report.nodes, "node");
    if (!report.producer.empty()) line += ", written by " + without_controls(report.producer, ' ');
    line += "\n";
    if (!report.input.empty()) line += "input " + without_controls(report.input, ' ') + "\n";
    if (!report.feeding.empty()) line += wrapped("wants ", report.feeding);
    return line;
}

std::string listed_runtimes(const Finding& finding) {
    std::vector<std::string_view> names;
    for (const checking::Runtime runtime : finding.runtimes) names.push_back(to_string(runtime));
    return listed(names);
}

std::string to_text(const Finding& finding) {
    std::string text = "\n" + std::string(to_string(finding.severity)) + "  " + finding.check + "\n";
    text += wrapped("  where  ", finding.where);
    text += wrapped("  what   ", finding.what);
    text += wrapped("  do     ", finding.advice);
    return text + wrapped("  for    ", listed_runtimes(finding));
}

std::string to_text(const std::vector<PictureComparison>& rows) {
    std::string text = "\nagainst our own export of the checkpoint: detections of score 0.1 and more\n";
    char line[256];
    std::snprintf(line, sizeof line, "  %-28s %9s %9s %9s %9s %12s %10s\n", "picture", "this file", "expected",
                  "matched", "differ", "worst score", "worst IoU");
    text += line;
    for (const PictureComparison& row : rows) {
        text += "  " + padded(without_controls(row.picture, ' '), 28);
        if (!row.failure.empty()) {
            text += " stops: " + without_controls(row.failure, ' ') + "\n";
            continue;
        }
        std::snprintf(line, sizeof line, " %9zu %9zu %9zu %9zu", row.detections, row.expected, row.matched,
                      row.unmatched);
        text += line;
        if (row.matched > 0)
            std::snprintf(line, sizeof line, " %12.1e %10.4f\n", row.worst_score_difference, row.worst_iou);
        else
            std::snprintf(line, sizeof line, " %12s %10s\n", "-", "-");
        text += line;
    }
    return text;
}

/// "2 errors, 1 warning; 1 cost".
std::string summary(const CheckReport& report, const CheckOptions& options) {
    const auto count = [&](Severity severity) {
        return static_cast<std::size_t>(std::ranges::count(report.findings, severity, &Finding::severity));
    };
    const std::size_t errors = count(Severity::error);
    const std::size_t warnings = count(Severity::warning);
    std::string text;
    if (errors > 0) text = plural(errors, "error");
    if (warnings > 0) text += (text.empty() ? "" : ", ") + plural(warnings, "warning");
    if (text.empty()) text = "no problems found by " + plural(report.checks.size(), "check");
    if (count(Severity::cost) > 0) text += "; " + plural(count(Severity::cost), "cost");
    return "\n" + text + " (for " + std::string(to_string(options.target)) + ")\n";
}

} // namespace

std::string to_text(const CheckReport& report, const CheckOptions& options, const std::string& export_line) {
    std::string text = heading(report);
    for (const Finding& finding : report.findings) text += to_text(finding);
    if (!report.agreement.empty()) text += to_text(report.agreement);
    text += summary(report, options);
    for (const std::string& sentence : report.left_out) text += wrapped("note: ", sentence);
    if (export_line.empty()) return text;
    text += "\na sound file: " + without_controls(export_line, '?') + "\n";
    if (!options.image) text += "(for PICTURE give a real picture on which the model finds something)\n";
    return text;
}

std::string to_json(const CheckReport& report, const CheckOptions& options, const std::string& export_line) {
    nlohmann::ordered_json json;
    json["file"] = report.file.string();
    json["target"] = std::string(to_string(options.target));
    json["problems"] = report.has_problems();
    json["bytes"] = report.bytes;
    json["opset"] = report.opset;
    json["nodes"] = report.nodes;
    json["producer"] = report.producer;
    json["input"] = report.input;
    json["feeding"] = report.feeding;
    json["checks"] = report.checks;
    json["findings"] = nlohmann::ordered_json::array();
    for (const Finding& finding : report.findings) {
        nlohmann::ordered_json entry{{"check", finding.check},   {"severity", std::string(to_string(finding.severity))},
                                     {"where", finding.where},   {"what", finding.what},
                                     {"advice", finding.advice}, {"runtimes", nlohmann::ordered_json::array()}};
        for (const checking::Runtime runtime : finding.runtimes)
            entry["runtimes"].push_back(std::string(to_string(runtime)));
        if (finding.milliseconds > 0.0) entry["milliseconds"] = std::round(finding.milliseconds * 10) / 10;
        json["findings"].push_back(std::move(entry));
    }
    json["left_out"] = report.left_out;
    if (!report.agreement.empty()) json["agreement"] = nlohmann::ordered_json::array();
    for (const PictureComparison& row : report.agreement) {
        nlohmann::ordered_json entry{{"picture", row.picture},
                                     {"detections", row.detections},
                                     {"expected", row.expected},
                                     {"matched", row.matched},
                                     {"unmatched", row.unmatched},
                                     {"worst_iou", row.worst_iou},
                                     {"worst_score_difference", row.worst_score_difference}};
        if (!row.failure.empty()) entry["failure"] = row.failure;
        json["agreement"].push_back(std::move(entry));
    }
    if (!export_line.empty()) json["export"] = export_line;
    return json_text(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n";
}

} // namespace detect::cli
