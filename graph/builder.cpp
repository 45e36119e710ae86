// SPDX-License-Identifier: Apache-2.0
#include "graph/builder.h"

#include "base/text.h"

#include <utility>

namespace detect {

namespace {

std::string first_few(const std::vector<std::string>& sentences) {
    return listed(sentences, {.separator = "; ", .most = 5, .before_rest = "; and "});
}

} // namespace

GraphBuilder::Scope::Scope(GraphBuilder& builder, std::string_view name)
    : builder_(builder), outer_length_(builder.prefix_.size()) {
    builder_.prefix_ += std::string(name) + "/";
}

GraphBuilder::Scope::~Scope() { builder_.prefix_.resize(outer_length_); }

ValueId GraphBuilder::input(std::string_view name, DataType type, Shape shape) {
    return graph_.add_input(name, type, std::move(shape));
}

ValueId GraphBuilder::parameter(std::string_view name, const Dims& expected, std::string_view why) {
    if (const auto known = constants_.find(name); known != constants_.end()) return known->second;
    used_.emplace(name);
    auto tensor = parameters_.find(name);
    if (!tensor) {
        missing_.emplace_back(name);
    } else if (tensor->dims() != expected) {
        mismatched_.push_back("tensor " + std::string(name) + " is " + to_string(tensor->dims()) + ", expected " +
                              to_string(expected) + (why.empty() ? "" : " (" + std::string(why) + ")"));
        tensor.reset();
    }
    if (!tensor) {
        // Definitions go on with zeros of the right shape, so that one run finds every fault.
        auto zeros = Tensor::create(DataType::float32, expected);
        if (!zeros) {
            fail(zeros.error());
            return {};
        }
        tensor = *std::move(zeros);
    }
    const ValueId id = graph_.add_constant(name, *std::move(tensor));
    constants_.emplace(name, id);
    return id;
}

ValueId GraphBuilder::constant(std::string_view name, Tensor tensor) {
    return graph_.add_constant(scoped(name), std::move(tensor));
}

ValueId GraphBuilder::setting(std::string_view name, Tensor tensor) {
    if (const auto known = constants_.find(name); known != constants_.end()) return known->second;
    const ValueId id = graph_.add_constant(name, std::move(tensor));
    graph_[id].editable = true;
    constants_.emplace(name, id);
    return id;
}

ValueId GraphBuilder::scalar(float value) { return constant("constant", Tensor::scalar(value)); }
ValueId GraphBuilder::scalar(std::int64_t value) { return constant("constant", Tensor::scalar(value)); }

ValueId GraphBuilder::vector(std::initializer_list<std::int64_t> values) {
    return constant("constant", Tensor::of<std::int64_t>({static_cast<std::int64_t>(values.size())}, values));
}

ValueId GraphBuilder::vector(std::initializer_list<float> values) {
    return constant("constant", Tensor::of<float>({static_cast<std::int64_t>(values.size())}, values));
}

ValueId GraphBuilder::node(std::string_view op, std::vector<ValueId> inputs,
                           std::map<std::string, Attribute, std::less<>> attributes) {
    return nodes(op, std::move(inputs), std::move(attributes), 1).front();
}

std::vector<ValueId> GraphBuilder::nodes(std::string_view op, std::vector<ValueId> inputs,
                                         std::map<std::string, Attribute, std::less<>> attributes,
                                         std::size_t output_count) {
    if (error_) return std::vector<ValueId>(output_count);
    Node node;
    node.op = op;
    node.name = scoped(op);
    if (const int number = node_names_[node.name]++; number > 0) node.name += "_" + std::to_string(number);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    auto outputs = graph_.add_node(std::move(node), output_count);
    if (!outputs) {
        fail(std::move(outputs).error());
        return std::vector<ValueId>(output_count);
    }
    return *std::move(outputs);
}

ValueId GraphBuilder::cast(ValueId a, DataType type) {
    return node("Cast", {a}, {{"to", static_cast<std::int64_t>(type)}});
}

ValueId GraphBuilder::size_of(ValueId a, std::int64_t axis) { return gather(shape_of(a), vector({axis}), 0); }

ValueId GraphBuilder::concat(std::vector<ValueId> parts, std::int64_t axis) {
    return node("Concat", std::move(parts), {{"axis", axis}});
}

ValueId GraphBuilder::gather(ValueId data, ValueId indices, std::int64_t axis) {
    return node("Gather", {data, indices}, {{"axis", axis}});
}

ValueId GraphBuilder::slice(ValueId data, std::int64_t start, std::int64_t end, std::int64_t axis) {
    return node("Slice", {data, vector({start}), vector({end}), vector({axis})});
}

ValueId GraphBuilder::transpose(ValueId data, std::vector<std::int64_t> permutation) {
    return node("Transpose", {data}, {{"perm", std::move(permutation)}});
}

ValueId GraphBuilder::unsqueeze(ValueId data, std::initializer_list<std::int64_t> axes) {
    return node("Unsqueeze", {data, vector(axes)});
}

ValueId GraphBuilder::squeeze(ValueId data, std::initializer_list<std::int64_t> axes) {
    return node("Squeeze", {data, vector(axes)});
}

ValueId GraphBuilder::named(ValueId value, std::string_view name) {
    if (!error_) graph_[value].name = graph_.unique_name(name);
    return value;
}

void GraphBuilder::output(std::string_view name, ValueId value, std::optional<Shape> shape) {
    if (error_) return;
    Value& edge = graph_[value];
    edge.name = graph_.unique_name(name);
    edge.shape = std::move(shape);
    graph_.outputs.push_back(value);
}

void GraphBuilder::fail(Error error) {
    if (!error_) error_ = std::move(error);
}

Result<Graph> GraphBuilder::finish() {
    if (!missing_.empty() || !mismatched_.empty()) {
        std::string message;
        if (!mismatched_.empty()) message = first_few(mismatched_);
        if (!missing_.empty()) {
            message +=
                (message.empty() ? "" : "; ") + std::to_string(missing_.size()) + " missing: " + first_few(missing_);
        }
        return Error{ErrorCode::bad_model, message};
    }
    if (error_) return *error_;
    return std::move(graph_);
}

} // namespace detect
