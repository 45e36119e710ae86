// SPDX-License-Identifier: Apache-2.0
#include "onnx/writer.h"

#include "base/try.h"
#include "graph/operators.h"

#include <bit>
#include <limits>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <onnx/onnx_pb.h>
#pragma GCC diagnostic pop

namespace detect {

namespace {

/// The oldest IR version that knows the opset, so that old runtimes accept the file.
std::int64_t ir_version(int opset) {
    if (opset >= 15) return 8;
    if (opset >= 12) return 7;
    return 6;
}

void write_tensor(const Tensor& tensor, const std::string& name, onnx::TensorProto& proto) {
    proto.set_name(name);
    proto.set_data_type(static_cast<std::int32_t>(tensor.type()));
    for (const std::int64_t size : tensor.dims()) proto.add_dims(size);
    // ONNX's raw_data is little-endian, as is every machine this runs on.
    static_assert(std::endian::native == std::endian::little);
    const auto bytes = tensor.bytes();
    proto.set_raw_data(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<void> write_attribute(const Node& node, const std::string& name, const Attribute& attribute,
                             onnx::AttributeProto& proto) {
    using Proto = onnx::AttributeProto;
    proto.set_name(name);
    if (const auto* integer = std::get_if<std::int64_t>(&attribute)) {
        proto.set_type(Proto::INT);
        proto.set_i(*integer);
    } else if (const auto* real = std::get_if<float>(&attribute)) {
        proto.set_type(Proto::FLOAT);
        proto.set_f(*real);
    } else if (const auto* text = std::get_if<std::string>(&attribute)) {
        proto.set_type(Proto::STRING);
        proto.set_s(*text);
    } else if (const auto* tensor = std::get_if<Tensor>(&attribute)) {
        proto.set_type(Proto::TENSOR);
        write_tensor(*tensor, "", *proto.mutable_t());
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute)) {
        proto.set_type(Proto::INTS);
        for (const std::int64_t item : *integers) proto.add_ints(item);
    } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute)) {
        proto.set_type(Proto::FLOATS);
        for (const float item : *reals) proto.add_floats(item);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute)) {
        proto.set_type(Proto::STRINGS);
        for (const std::string& item : *texts) proto.add_strings(item);
    } else {
        return Error{ErrorCode::unsupported,
                     describe(node) + ": attribute " + name + " holds a graph, which is not written"};
    }
    return {};
}

void write_value_info(const Value& value, onnx::ValueInfoProto& proto) {
    proto.set_name(value.name);
    auto* tensor = proto.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(static_cast<std::int32_t>(value.type));
    if (!value.shape) return;
    auto* shape = tensor->mutable_shape();
    for (const Dim& dim : *value.shape) {
        auto* dim_proto = shape->add_dim();
        if (dim.size) {
            dim_proto->set_dim_value(*dim.size);
        } else if (!dim.symbol.empty()) {
            dim_proto->set_dim_param(dim.symbol);
        }
    }
}

Result<void> write_node(const Graph& graph, const Node& node, onnx::NodeProto& proto) {
    proto.set_op_type(node.op);
    proto.set_name(node.name);
    if (!node.domain.empty()) proto.set_domain(node.domain);
    for (const ValueId input : node.inputs) proto.add_input(input.present() ? graph[input].name : "");
    for (const ValueId output : node.outputs) proto.add_output(output.present() ? graph[output].name : "");
    for (const auto& [name, attribute] : node.attributes) {
        DETECT_TRY(write_attribute(node, name, attribute, *proto.add_attribute()));
    }
    return {};
}

} // namespace

Result<std::string> write_onnx(const Graph& graph) {
    onnx::ModelProto model;
    model.set_ir_version(ir_version(graph.opset));
    model.set_producer_name("detect");
    auto* opset = model.add_opset_import();
    opset->set_domain("");
    opset->set_version(graph.opset);
    for (const auto& [key, text] : graph.metadata) {
        auto* entry = model.add_metadata_props();
        entry->set_key(key);
        entry->set_value(text);
    }
    auto* proto = model.mutable_graph();
    proto->set_name(graph.name.empty() ? "graph" : graph.name);
    for (const ValueId input : graph.inputs) write_value_info(graph[input], *proto->add_input());
    for (const ValueId output : graph.outputs) write_value_info(graph[output], *proto->add_output());
    for (const Value& value : graph.values) {
        if (value.constant.defined()) write_tensor(value.constant, value.name, *proto->add_initializer());
    }
    for (const Node& node : graph.nodes) DETECT_TRY(write_node(graph, node, *proto->add_node()));

    if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        return Error{ErrorCode::resource_limit, "the model is larger than 2 GiB, which an ONNX file cannot hold"};
    }
    std::string bytes;
    if (!model.SerializeToString(&bytes)) return Error{ErrorCode::internal, "the model could not be serialised"};
    return bytes;
}

} // namespace detect
