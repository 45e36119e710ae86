#include "export/exporter.h"

#include "executor/onnx_reader.h"
#include "export/checkpoint/atomic_file.h"
#include "export/onnx_writer.h"
#include "graph/try.h"

#include <nlohmann/json.hpp>

namespace detect {

namespace {

nlohmann::ordered_json to_json(const ExportReport& report, const ExportOptions& options, const Tensor& image) {
    nlohmann::ordered_json json;
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
    json["metadata"] = report.network.graph.metadata;
    json["image"] = {{"width", image.dims()[2]},
                     {"height", image.dims()[1]},
                     {"detections", report.verification.example_detections}};
    json["passed"] = report.verification.passed();
    for (const VerificationRow& row : report.verification.rows) {
        json["verification"].push_back({{"input", row.input},
                                        {"size", row.size},
                                        {"detections", row.detections},
                                        {"worst_score_difference", row.worst_score_difference},
                                        {"worst_iou", row.worst_iou},
                                        {"unmatched", row.unmatched},
                                        {"same_alone_as_in_batch", row.same_alone},
                                        {"passed", row.passed()}});
    }
    return json;
}

Error disagreement(const Verification& verification) {
    for (const VerificationRow& row : verification.rows) {
        if (row.passed()) continue;
        const std::string what = row.same_alone ? std::to_string(row.unmatched) + " detections of one have no counterpart in the other"
                                                : "a picture gives something else in a batch than alone";
        return {ErrorCode::verification_failed,
                "the reference interpreter and the executor disagree on the " + row.input + " (" + row.size + "): " + what +
                    "; no file was written"};
    }
    return {ErrorCode::internal, "verification failed"};
}

} // namespace

Result<ExportReport> export_model(const ExportOptions& options, const Tensor& image) {
    const auto progress = [&](const std::string& line) {
        if (options.progress) options.progress(line);
    };
    progress("reading " + options.checkpoint.string());
    ExportReport report;
    DETECT_TRY_ASSIGN(report.network, graph_from_checkpoint(options.checkpoint, options.settings, options.layout, options.opset));
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
    report.report = options.output;
    report.report.replace_extension(".report.json");
    const std::string text =
        to_json(report, options, image).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    DETECT_TRY_ASSIGN(AtomicFile report_file, AtomicFile::create(report.report));
    DETECT_TRY(report_file.write(std::as_bytes(std::span(text))));
    DETECT_TRY(model_file.commit());
    DETECT_TRY(report_file.commit());
    return report;
}

} // namespace detect
