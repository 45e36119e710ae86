// SPDX-License-Identifier: Apache-2.0
#include "executor/reference/support.h"

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

std::vector<std::int64_t> integers(const Tensor& tensor) {
    if (tensor.type() == DataType::int32) {
        const auto data = tensor.data<std::int32_t>();
        return {data.begin(), data.end()};
    }
    const auto data = tensor.data<std::int64_t>();
    return {data.begin(), data.end()};
}

} // namespace detect::reference
