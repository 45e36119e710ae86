// SPDX-License-Identifier: Apache-2.0
#include "check/finding.h"

namespace detect::checking {

std::string_view to_string(Runtime runtime) {
    switch (runtime) {
    case Runtime::onnxruntime: return "onnxruntime";
    case Runtime::tensorrt: return "tensorrt";
    case Runtime::openvino: return "openvino";
    case Runtime::opencv: return "opencv";
    }
    return "";
}

std::vector<Runtime> all_runtimes() {
    return {Runtime::onnxruntime, Runtime::tensorrt, Runtime::openvino, Runtime::opencv};
}

std::string_view to_string(Severity severity) {
    switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::cost: return "cost";
    }
    return "";
}

} // namespace detect::checking
