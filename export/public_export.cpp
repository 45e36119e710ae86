// SPDX-License-Identifier: Apache-2.0
#include "detect/export.h"

#include "base/exceptions.h"
#include "base/try.h"
#include "export/exporter.h"
#include "onnx/opset_conversion.h"
#include "onnx/writer.h"
#include "pictures/image_to_tensor.h"

// The exporter's library as others see it. It has its own, hidden copy of the graph and the executor, and meets
// libdetect only through that library's public interface: two versions of an inner type can never meet.

namespace detect {

namespace {

/// float32 [channels, height, width] of a view, RGB, 0–1.
Result<Tensor> tensor_of(const ImageView& view) {
    DETECT_TRY(check_view(view));
    DETECT_TRY_ASSIGN(Tensor image, Tensor::create_uninitialised(DataType::float32, {3, view.height, view.width}));
    DETECT_TRY(image_to_tensor(view, image.mutable_data<float>()));
    return image;
}

Result<PrecisionOptions> precision_options(const OnnxFormat& format) {
    const Calibration& given = format.calibration;
    PrecisionOptions options{.precision = format.precision};
    if (format.precision != Precision::int8) {
        if (given.pictures == 0) return options;
        return Error{ErrorCode::invalid_argument, "calibration is for Precision::int8"};
    }
    if (given.pictures == 0 || !given.read) {
        return Error{ErrorCode::invalid_argument,
                     "Precision::int8 needs calibration pictures: set Calibration::pictures and read"};
    }
    options.activations = given.portable ? ActivationType::symmetric_int8 : ActivationType::asymmetric_uint8;
    options.calibration.count = given.pictures;
    options.calibration.read = [read = given.read](std::size_t index) -> Result<Tensor> {
        DETECT_TRY_ASSIGN(const ImageView view, read(index));
        auto image = tensor_of(view);
        if (!image) {
            return Error{image.error().code,
                         "calibration picture " + std::to_string(index) + ": " + image.error().message};
        }
        return image->reshaped({1, 3, view.height, view.width});
    };
    options.calibration_source = "the caller";
    options.progress = given.progress;
    return options;
}

Result<ExportedModel> export_file(const std::filesystem::path& checkpoint, const std::filesystem::path& onnx_file,
                                  const ImageView& example, const SettingsOverrides& settings,
                                  const OnnxFormat& format) {
    DETECT_TRY_ASSIGN(const Tensor image, tensor_of(example));
    DETECT_TRY_ASSIGN(PrecisionOptions precision, precision_options(format));
    if (format.opset < oldest_export_opset || format.opset > newest_export_opset) {
        return Error{ErrorCode::invalid_argument, "opset " + std::to_string(format.opset) + ": must be " +
                                                      std::to_string(oldest_export_opset) + " to " +
                                                      std::to_string(newest_export_opset)};
    }
    const OutputLayout layout = format.torchvision_layout ? OutputLayout::torchvision : OutputLayout::batched;
    auto exported = export_model({.checkpoint = checkpoint,
                                  .output = onnx_file,
                                  .settings = settings,
                                  .layout = layout,
                                  .opset = format.opset,
                                  .precision = std::move(precision),
                                  .class_scores = format.class_scores,
                                  .progress = {}},
                                 image);
    if (!exported) return std::move(exported).error();
    ExportReport& report = *exported;
    std::vector<std::string> warnings = std::move(report.precision.warnings);
    if (report.sizes.better) warnings.push_back(report.sizes.warning());
    return ExportedModel{.model = std::move(report.output),
                         .report = std::move(report.report),
                         .file_bytes = report.file_bytes,
                         .example_detections = static_cast<std::size_t>(report.verification.example_detections),
                         .warnings = std::move(warnings)};
}

Result<Detector> load_network(const std::filesystem::path& checkpoint, const SettingsOverrides& settings,
                              const DetectorOptions& options) {
    DETECT_TRY_ASSIGN(const CheckpointGraph network,
                      graph_from_checkpoint(checkpoint, settings, OutputLayout::batched, newest_export_opset));
    DETECT_TRY_ASSIGN(const std::string bytes, write_onnx(network.graph));
    return Detector::load(std::as_bytes(std::span(bytes)), options);
}

} // namespace

Result<ExportedModel> export_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& onnx_file,
                                        const ImageView& example, const SettingsOverrides& settings,
                                        const OnnxFormat& format) {
    return without_exceptions([&] { return export_file(checkpoint, onnx_file, example, settings, format); });
}

Result<Detector> load_checkpoint(const std::filesystem::path& checkpoint, const SettingsOverrides& settings,
                                 const DetectorOptions& options) {
    return without_exceptions([&] { return load_network(checkpoint, settings, options); });
}

} // namespace detect
