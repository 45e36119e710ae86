// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

namespace detect::test {

/// An ONNX model under construction: what an exporter, or an attacker, would write.
class ModelProto {
public:
    explicit ModelProto(std::int64_t opset = 17) {
        model.set_ir_version(8);
        model.add_opset_import()->set_version(opset);
        graph().set_name("tested");
    }

    onnx::GraphProto& graph() { return *model.mutable_graph(); }

    onnx::ValueInfoProto& input(const std::string& name, const std::vector<std::int64_t>& dims, int type = 1) {
        return declare(*graph().add_input(), name, dims, type);
    }
    onnx::ValueInfoProto& output(const std::string& name, const std::vector<std::int64_t>& dims, int type = 1) {
        return declare(*graph().add_output(), name, dims, type);
    }
    onnx::TensorProto& initializer(const std::string& name, const std::vector<std::int64_t>& dims,
                                   const std::vector<float>& values) {
        onnx::TensorProto& tensor = *graph().add_initializer();
        tensor.set_name(name);
        tensor.set_data_type(1);
        for (const std::int64_t dim : dims) tensor.add_dims(dim);
        for (const float value : values) tensor.add_float_data(value);
        return tensor;
    }
    onnx::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs, const std::string& name = "") {
        onnx::NodeProto& node = *graph().add_node();
        node.set_op_type(op);
        node.set_name(name);
        for (const std::string& input : inputs) node.add_input(input);
        for (const std::string& output : outputs) node.add_output(output);
        return node;
    }

    [[nodiscard]] std::string bytes() const { return model.SerializeAsString(); }

    onnx::ModelProto model;

private:
    static onnx::ValueInfoProto& declare(onnx::ValueInfoProto& info, const std::string& name,
                                         const std::vector<std::int64_t>& dims, int type) {
        info.set_name(name);
        auto& tensor = *info.mutable_type()->mutable_tensor_type();
        tensor.set_elem_type(type);
        tensor.mutable_shape();
        for (const std::int64_t dim : dims) tensor.mutable_shape()->add_dim()->set_dim_value(dim);
        return info;
    }
};

inline onnx::AttributeProto& add_ints(onnx::NodeProto& node, const std::string& name,
                                      const std::vector<std::int64_t>& values) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute.add_ints(value);
    return attribute;
}

inline onnx::AttributeProto& add_int(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(value);
    return attribute;
}

/// A small network with most things a file can hold: y = Flatten(Relu(Conv(x, w, b))) · m + Constant, and its shape.
inline ModelProto small_network() {
    ModelProto model;
    model.input("x", {1, 2, 3, 3});
    model.initializer("w", {2, 2, 1, 1}, {1, 2, 3, 4});
    model.initializer("b", {2}, {0.5F, -0.5F});
    auto& matrix = model.initializer("m", {18, 2}, {});
    std::vector<float> raw(36, 0.25F);
    matrix.set_raw_data(std::string(reinterpret_cast<const char*>(raw.data()), raw.size() * sizeof(float)));
    add_ints(model.node("Conv", {"x", "w", "b"}, {"convolved"}, "conv"), "pads", {0, 0, 0, 0});
    model.node("Relu", {"convolved"}, {"active"}, "relu");
    add_int(model.node("Flatten", {"active"}, {"flat"}, "flatten"), "axis", 1);
    model.node("MatMul", {"flat", "m"}, {"product"}, "matmul");
    auto& value = *model.node("Constant", {}, {"one"}, "one").add_attribute();
    value.set_name("value_float");
    value.set_type(onnx::AttributeProto::FLOAT);
    value.set_f(1.0F);
    model.node("Add", {"product", "one"}, {"y"}, "add");
    model.node("Shape", {"y"}, {"size"}, "shape");
    model.output("y", {1, 2});
    model.output("size", {2}, 7);
    auto& entry = *model.model.add_metadata_props();
    entry.set_key("author");
    entry.set_value("test");
    return model;
}

} // namespace detect::test
