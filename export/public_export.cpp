#include "detect/export.h"

#include "detector/image_to_tensor.h"
#include "export/exporter.h"
#include "export/onnx_writer.h"
#include "export/opset_lowering.h"
#include "graph/try.h"

// The exporter's library as others see it. It has its own, hidden copy of the graph and the executor, and meets
// libdetect only through that library's public interface: two versions of an inner type can never meet.

namespace detect {

Result<ExportedModel> export_checkpoint(const std::filesystem::path& checkpoint, const std::filesystem::path& onnx_file,
                                        const ImageView& example, const SettingsOverrides& settings,
                                        const OnnxFormat& format) {
    DETECT_TRY(check_view(example));
    if (format.opset < oldest_export_opset || format.opset > newest_export_opset) {
        return Error{ErrorCode::invalid_argument, "opset " + std::to_string(format.opset) + ": must be " +
                                                      std::to_string(oldest_export_opset) + " to " +
                                                      std::to_string(newest_export_opset)};
    }
    DETECT_TRY_ASSIGN(Tensor image,
                      Tensor::create_uninitialised(DataType::float32, {3, example.height, example.width}));
    DETECT_TRY(image_to_tensor(example, image.mutable_data<float>()));
    const OutputLayout layout = format.torchvision_layout ? OutputLayout::torchvision : OutputLayout::batched;
    DETECT_TRY_ASSIGN(ExportReport report, export_model({.checkpoint = checkpoint,
                                                         .output = onnx_file,
                                                         .settings = settings,
                                                         .layout = layout,
                                                         .opset = format.opset,
                                                         .progress = {}},
                                                        image));
    return ExportedModel{.model = std::move(report.output),
                         .report = std::move(report.report),
                         .file_bytes = report.file_bytes,
                         .example_detections = static_cast<std::size_t>(report.verification.example_detections)};
}

Result<Detector> load_checkpoint(const std::filesystem::path& checkpoint, const SettingsOverrides& settings,
                                 const DetectorOptions& options) {
    DETECT_TRY_ASSIGN(const CheckpointGraph network,
                      graph_from_checkpoint(checkpoint, settings, OutputLayout::batched, newest_export_opset));
    DETECT_TRY_ASSIGN(const std::string bytes, write_onnx(network.graph));
    return Detector::load(std::as_bytes(std::span(bytes)), options);
}

} // namespace detect
