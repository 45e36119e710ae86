// SPDX-License-Identifier: Apache-2.0
#include "export/exporter.h"

#include "base/atomic_file.h"
#include "base/class_scores.h"
#include "base/label_name.h"
#include "base/text.h"
#include "base/try.h"
#include "export/precision/quantized_graph.h"
#include "export/report_json.h"
#include "export/verified_picture.h"
#include "onnx/model_checker.h"
#include "onnx/reader.h"
#include "onnx/writer.h"

#include <algorithm>

namespace detect {

namespace {

Error disagreement(const Verification& verification) {
    for (const VerificationRow& row : verification.rows) {
        if (row.passed()) continue;
        const std::string what =
            row.same_alone ? std::to_string(row.unmatched) + " detections of one have no counterpart in the other"
                           : "a picture gives something else in a batch than alone";
        return {ErrorCode::verification_failed, "the reference interpreter and the executor disagree on the " +
                                                    row.input + " (" + row.size + "): " + what +
                                                    "; no file was written"};
    }
    return {ErrorCode::internal, "verification failed"};
}

/// Said before the work rather than after.
Result<void> check_opset(const ExportOptions& options) {
    if (options.precision.precision != Precision::int8 || options.opset >= least_quantized_opset) return {};
    return Error{ErrorCode::invalid_argument, "opset " + std::to_string(options.opset) +
                                                  " has no scales per channel; int8 needs opset " +
                                                  std::to_string(least_quantized_opset) + " or later"};
}

Result<void> carry_class_scores(const std::map<std::string, float>& scores, CheckpointGraph& network) {
    if (scores.empty()) return {};
    std::vector<std::string> names;
    for (int label = 1; label < static_cast<int>(network.classes); ++label)
        names.push_back(label_name(label, network.settings.labels));
    for (const auto& [name, score] : scores) {
        if (!(score >= 0.0F && score <= 1.0F)) {
            return Error{ErrorCode::invalid_argument,
                         "the score of class '" + name + "' must be 0 to 1, not " + std::to_string(score)};
        }
        if (std::ranges::find(names, name) != names.end()) continue;
        return Error{ErrorCode::invalid_argument, "a score is given for class '" + name +
                                                      "', which the checkpoint does not have; its classes are " +
                                                      listed(names, {.most = 100})};
    }
    network.graph.metadata[std::string(class_scores_key)] = to_text(ClassScores{.others = {}, .by_name = scores});
    return {};
}

} // namespace

std::filesystem::path report_of(std::filesystem::path output) { return output.replace_extension(".report.json"); }

Result<ExportReport> export_model(const ExportOptions& options, const Tensor& image) {
    const auto progress = [&](const std::string& line) {
        if (options.progress) options.progress(line);
    };
    DETECT_TRY(check_opset(options));
    progress("reading " + options.checkpoint.string());
    ExportReport report;
    DETECT_TRY_ASSIGN(report.network, graph_from_checkpoint(options.checkpoint, options.settings, options.layout,
                                                            options.opset, options.settings_file));
    report.network.graph.metadata.merge(verified_picture_metadata(image));
    DETECT_TRY(carry_class_scores(options.class_scores, report.network));
    DETECT_TRY_ASSIGN(report.sizes, try_sizes(report.network, image, progress));
    DETECT_TRY_ASSIGN(report.precision, reduce_precision(report.network, options.precision, image));
    DETECT_TRY_ASSIGN(const std::string bytes, write_onnx(report.network.graph));
    report.file_bytes = bytes.size();
    progress("checking the ONNX file");
    DETECT_TRY(check_onnx(bytes));

    DETECT_TRY_ASSIGN(AtomicFile model_file, AtomicFile::create(options.output));
    DETECT_TRY(model_file.write(std::as_bytes(std::span(bytes))));
    DETECT_TRY_ASSIGN(const Graph written, read_onnx(model_file.temporary_path()));
    DETECT_TRY_ASSIGN(report.verification, verify(written, image, progress));
    if (!report.verification.passed()) return disagreement(report.verification);

    report.output = options.output;
    report.report = report_of(options.output);
    const std::string text = report_json(report, options, image);
    DETECT_TRY_ASSIGN(AtomicFile report_file, AtomicFile::create(report.report));
    DETECT_TRY(report_file.write(std::as_bytes(std::span(text))));
    DETECT_TRY(model_file.commit());
    DETECT_TRY(report_file.commit());
    return report;
}

} // namespace detect
