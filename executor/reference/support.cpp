// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/support.h"

#include "executor/reference/dispatch.h"

#include <string>

namespace detect::reference {

Result<std::vector<ShapeContext::Output>> infer_outputs(const KernelContext& context) {
    const Node& node = context.node();
    const Operator* op = find_operator(node);
    if (op == nullptr) return Error{ErrorCode::unsupported, describe(node) + ": the operator is not implemented"};
    std::vector<ShapeContext::Input> inputs(context.input_count());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& tensor = context.input(i);
        if (tensor.defined()) inputs[i] = {true, tensor.type(), to_shape(tensor.dims()), &tensor};
    }
    ShapeContext shapes(node, context.opset(), std::move(inputs), context.output_count());
    DETECT_TRY(infer(*op, shapes));
    return std::vector<ShapeContext::Output>(shapes.outputs().begin(), shapes.outputs().end());
}

Result<Dims> known_dims(const KernelContext& context, const ShapeContext::Output& output) {
    const auto dims = to_dims(output.shape);
    if (dims) return *dims;
    Error error = context.error("the shape rule left the output at " + to_string(output.shape));
    error.code = ErrorCode::internal;
    return error;
}

Result<Tensor*> allocate_inferred(KernelContext& context) {
    DETECT_TRY_ASSIGN(const auto outputs, infer_outputs(context));
    DETECT_TRY_ASSIGN(const Dims dims, known_dims(context, outputs.front()));
    return context.allocate(0, outputs.front().type, dims);
}

DataType without_sign(DataType type) {
    switch (type) {
    case DataType::int8: return DataType::uint8;
    case DataType::int16: return DataType::uint16;
    case DataType::int32: return DataType::uint32;
    case DataType::int64: return DataType::uint64;
    default: return type;
    }
}

Error no_kernel_for(const KernelContext& context, DataType type) {
    Error error = context.error("has no kernel for type " + std::string(to_string(type)));
    error.code = ErrorCode::internal;
    return error;
}

std::vector<std::int64_t> integers(const Tensor& tensor) {
    if (tensor.type() == DataType::int32) {
        const auto data = tensor.data<std::int32_t>();
        return {data.begin(), data.end()};
    }
    const auto data = tensor.data<std::int64_t>();
    return {data.begin(), data.end()};
}

} // namespace detect::reference
