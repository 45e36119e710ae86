// SPDX-License-Identifier: Apache-2.0
#include "onnx/model_checker.h"

#include <exception>
#include <new>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>
#pragma GCC diagnostic pop

namespace detect {

Result<void> check_onnx(const std::string& bytes) {
    onnx::ModelProto model;
    if (!model.ParseFromString(bytes))
        return Error{ErrorCode::verification_failed, "the bytes written are not an ONNX model"};
    try {
        onnx::checker::check_model(model);
        // The checker of the C++ library has no "full" mode: shape inference is the other half of it.
        const onnx::ShapeInferenceOptions options{/*check_type=*/true, /*strict_mode=*/1, /*data_prop=*/true};
        onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::resource_limit, "out of memory"}; // which is no objection
    } catch (const std::exception& exception) {
        std::string message = exception.what();
        for (char& c : message) c = c == '\n' ? ' ' : c;
        return Error{ErrorCode::verification_failed, "ONNX's checker objects: " + message};
    }
    return {};
}

} // namespace detect
