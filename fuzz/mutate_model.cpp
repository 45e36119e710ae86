// SPDX-License-Identifier: Apache-2.0
// libFuzzer's mutator for models: changes a model as a model, so that most results get past the reader. Bytes changed
// at random hardly ever do.
#include "graph/operators.h"

#include <onnx/onnx_pb.h>

#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using detect::AttributeKind;
using detect::AttributeRule;
using detect::Operator;
using Generator = std::minstd_rand;

std::size_t below(std::size_t limit, Generator& random) {
    return limit == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

std::int64_t whole_number(Generator& random) {
    constexpr std::array<std::int64_t, 18> numbers = {0,
                                                      1,
                                                      2,
                                                      3,
                                                      4,
                                                      5,
                                                      7,
                                                      8,
                                                      16,
                                                      17,
                                                      64,
                                                      -1,
                                                      -2,
                                                      -5,
                                                      1 << 20,
                                                      std::int64_t{1} << 40,
                                                      std::numeric_limits<std::int64_t>::max(),
                                                      std::numeric_limits<std::int64_t>::min()};
    // Mostly small ones: they are sizes, axes and counts.
    return numbers[below(below(4, random) == 0 ? numbers.size() : 7, random)];
}

float real_number(Generator& random) {
    constexpr std::array<float, 12> numbers = {0.F,
                                               1.F,
                                               -1.F,
                                               0.5F,
                                               2.F,
                                               1e-5F,
                                               1e-40F,
                                               1e30F,
                                               255.F,
                                               -0.F,
                                               std::numeric_limits<float>::infinity(),
                                               std::numeric_limits<float>::quiet_NaN()};
    return numbers[below(numbers.size(), random)];
}

std::string word(Generator& random) {
    constexpr std::array<const char*, 18> words = {
        "",         "linear",  "nearest", "cubic",      "SAME_UPPER", "SAME_LOWER",    "VALID",
        "constant", "reflect", "edge",    "asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel",
        "floor",    "avg",     "max",     "ij,jk->ik"};
    return words[below(words.size(), random)];
}

int element_type(Generator& random) {
    constexpr std::array<int, 13> types = {1, 1, 1, 7, 7, 6, 9, 2, 3, 10, 11, 16, 12};
    return types[below(types.size(), random)];
}

std::size_t element_bytes(int type) {
    constexpr std::array<std::size_t, 17> bytes = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2};
    return type >= 0 && type < 17 ? bytes[static_cast<std::size_t>(type)] : 0;
}

void fill_tensor(onnx::TensorProto& tensor, Generator& random) {
    tensor.clear_dims();
    tensor.clear_float_data();
    tensor.clear_int64_data();
    tensor.clear_int32_data();
    tensor.set_data_type(element_type(random));
    std::size_t elements = 1;
    for (std::size_t rank = below(5, random); rank > 0; --rank) {
        const std::size_t size = below(6, random) == 0 ? 0 : 1 + below(5, random);
        tensor.add_dims(static_cast<std::int64_t>(size));
        elements *= size;
    }
    std::string raw(elements * element_bytes(tensor.data_type()), '\0');
    for (std::size_t i = 0; i < elements; ++i) {
        if (tensor.data_type() == onnx::TensorProto::FLOAT) {
            const float value =
                below(8, random) == 0 ? real_number(random) : static_cast<float>(below(9, random)) - 4.F;
            std::memcpy(raw.data() + 4 * i, &value, 4);
        } else if (tensor.data_type() == onnx::TensorProto::INT64) {
            const std::int64_t value = whole_number(random);
            std::memcpy(raw.data() + 8 * i, &value, 8);
        } else if (!raw.empty()) {
            raw[i * element_bytes(tensor.data_type())] = static_cast<char>(below(4, random));
        }
    }
    if (tensor.data_type() == onnx::TensorProto::BOOL) {
        for (char& value : raw) value = static_cast<char>(value & 1);
    }
    tensor.set_raw_data(raw);
}

std::vector<std::string> names_in(const onnx::GraphProto& graph) {
    std::vector<std::string> names;
    for (const auto& value : graph.input()) names.push_back(value.name());
    for (const auto& tensor : graph.initializer()) names.push_back(tensor.name());
    for (const auto& node : graph.node()) names.insert(names.end(), node.output().begin(), node.output().end());
    return names;
}

std::string some_name(const onnx::GraphProto& graph, Generator& random) {
    const auto names = names_in(graph);
    return names.empty() ? "x" : names[below(names.size(), random)];
}

std::string new_name(const onnx::GraphProto& graph, Generator& random) {
    return "v" + std::to_string(names_in(graph).size()) + "_" + std::to_string(below(1000, random));
}

void set_attribute(onnx::AttributeProto& attribute, const AttributeRule& rule, Generator& random) {
    attribute.Clear();
    attribute.set_name(std::string(rule.name));
    const std::size_t count = below(7, random);
    switch (rule.kind) {
    case AttributeKind::integer:
        attribute.set_type(onnx::AttributeProto::INT);
        attribute.set_i(whole_number(random));
        break;
    case AttributeKind::real:
        attribute.set_type(onnx::AttributeProto::FLOAT);
        attribute.set_f(real_number(random));
        break;
    case AttributeKind::text:
        attribute.set_type(onnx::AttributeProto::STRING);
        attribute.set_s(word(random));
        break;
    case AttributeKind::tensor:
        attribute.set_type(onnx::AttributeProto::TENSOR);
        fill_tensor(*attribute.mutable_t(), random);
        break;
    case AttributeKind::integers:
        attribute.set_type(onnx::AttributeProto::INTS);
        for (std::size_t i = 0; i < count; ++i) attribute.add_ints(whole_number(random));
        break;
    case AttributeKind::reals:
        attribute.set_type(onnx::AttributeProto::FLOATS);
        for (std::size_t i = 0; i < count; ++i) attribute.add_floats(real_number(random));
        break;
    case AttributeKind::texts:
        attribute.set_type(onnx::AttributeProto::STRINGS);
        for (std::size_t i = 0; i < count; ++i) attribute.add_strings(word(random));
        break;
    case AttributeKind::graph: {
        attribute.set_type(onnx::AttributeProto::GRAPH);
        auto& body = *attribute.mutable_g();
        body.set_name("body");
        auto& node = *body.add_node();
        node.set_op_type("Identity");
        node.add_input("outer");
        node.add_output("inner");
        body.add_output()->set_name("inner");
        break;
    }
    }
}

void change_attribute(onnx::NodeProto& node, Generator& random) {
    const Operator* const op = detect::find_operator(node.domain(), node.op_type());
    if (op == nullptr || op->attributes.empty()) return;
    const AttributeRule& rule = op->attributes[below(op->attributes.size(), random)];
    for (int i = 0; i < node.attribute_size(); ++i) {
        if (node.attribute(i).name() != rule.name) continue;
        if (below(4, random) == 0) return node.mutable_attribute()->DeleteSubrange(i, 1);
        return set_attribute(*node.mutable_attribute(i), rule, random);
    }
    set_attribute(*node.add_attribute(), rule, random);
}

void add_node(onnx::GraphProto& graph, Generator& random) {
    const auto all = detect::operators();
    const Operator& op = all[below(all.size(), random)];
    onnx::NodeProto node;
    node.set_op_type(std::string(op.name));
    node.set_domain(std::string(op.domain));
    const std::size_t most = std::min(op.inputs.most, op.inputs.least + 3);
    const std::size_t inputs = op.inputs.least + below(most - op.inputs.least + 1, random);
    for (std::size_t i = 0; i < inputs; ++i) {
        node.add_input(i >= op.inputs.least && below(3, random) == 0 ? "" : some_name(graph, random));
    }
    const std::string name = new_name(graph, random);
    const std::size_t outputs = std::max<std::size_t>(1, op.outputs.least);
    for (std::size_t i = 0; i < outputs; ++i) node.add_output(i == 0 ? name : name + "_" + std::to_string(i));
    for (const AttributeRule& rule : op.attributes) {
        if (rule.required || below(3, random) == 0) set_attribute(*node.add_attribute(), rule, random);
    }
    graph.add_output()->set_name(name);
    *graph.add_node() = std::move(node);
}

void change_input(onnx::ValueInfoProto& input, Generator& random) {
    auto& tensor = *input.mutable_type()->mutable_tensor_type();
    if (below(3, random) == 0) return tensor.set_elem_type(element_type(random));
    auto& shape = *tensor.mutable_shape();
    if (shape.dim_size() == 0 || below(3, random) == 0) {
        shape.add_dim()->set_dim_value(static_cast<std::int64_t>(below(5, random)));
    } else if (below(4, random) == 0) {
        shape.mutable_dim()->RemoveLast();
    } else {
        auto& dim = *shape.mutable_dim(static_cast<int>(below(static_cast<std::size_t>(shape.dim_size()), random)));
        if (below(3, random) == 0) {
            dim.set_dim_param("n");
        } else {
            dim.set_dim_value(static_cast<std::int64_t>(below(9, random)));
        }
    }
}

/// The index of some item of a list; -1 if it is empty.
template <class List>
int some_index(const List& list, Generator& random) {
    return list.empty() ? -1 : static_cast<int>(below(static_cast<std::size_t>(list.size()), random));
}

void change_node(onnx::NodeProto& node, const onnx::GraphProto& graph, Generator& random) {
    switch (below(4, random)) {
    case 0: {
        const auto all = detect::operators();
        node.set_op_type(std::string(all[below(all.size(), random)].name));
        return;
    }
    case 1:
        if (const int i = some_index(node.input(), random); i >= 0) node.set_input(i, some_name(graph, random));
        return;
    case 2:
        if (below(2, random) == 0) {
            node.add_input(some_name(graph, random));
        } else if (node.input_size() > 0) {
            node.mutable_input()->RemoveLast();
        }
        return;
    default: return change_attribute(node, random);
    }
}

void change(onnx::GraphProto& graph, Generator& random) {
    const int node = some_index(graph.node(), random);
    switch (below(8, random)) {
    case 0: return add_node(graph, random);
    case 1: {
        auto& tensor = *graph.add_initializer();
        fill_tensor(tensor, random);
        tensor.set_name(new_name(graph, random));
        return;
    }
    case 2:
        if (const int i = some_index(graph.initializer(), random); i >= 0) {
            const std::string name = graph.initializer(i).name();
            fill_tensor(*graph.mutable_initializer(i), random);
            graph.mutable_initializer(i)->set_name(name);
        }
        return;
    case 3:
        if (const int i = some_index(graph.input(), random); i >= 0) change_input(*graph.mutable_input(i), random);
        return;
    case 4:
        if (node >= 0 && graph.node_size() > 1 && below(3, random) == 0) graph.mutable_node()->DeleteSubrange(node, 1);
        return;
    default:
        if (node >= 0) change_node(*graph.mutable_node(node), graph, random);
        return;
    }
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    Generator random(seed);
    onnx::ModelProto model;
    if (below(16, random) == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    for (std::size_t times = 1 + below(3, random); times > 0; --times) change(*model.mutable_graph(), random);
    const std::string changed = model.SerializeAsString();
    if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::memcpy(data, changed.data(), changed.size());
    return changed.size();
}
