// SPDX-License-Identifier: Apache-2.0
#include "onnx/graph_reader.h"

#include "base/text.h"
#include "base/try.h"
#include "graph/operators.h"
#include "onnx/tensor_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace detect {

namespace {

Error bad(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }

std::string quoted(const std::string& name) { return "'" + name + "'"; }

std::string canonical_domain(const std::string& domain) { return is_default_onnx_domain(domain) ? "" : domain; }

Result<Attribute> read_attribute(const onnx::AttributeProto& proto, const TensorSource& source) {
    if (!proto.ref_attr_name().empty()) {
        return Error{ErrorCode::unsupported, "attribute '" + proto.name() + "' refers to a function's attribute"};
    }
    switch (proto.type()) {
    case onnx::AttributeProto::INT: return Attribute(static_cast<std::int64_t>(proto.i()));
    case onnx::AttributeProto::FLOAT: return Attribute(proto.f());
    case onnx::AttributeProto::STRING: return Attribute(proto.s());
    case onnx::AttributeProto::INTS:
        return Attribute(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
    case onnx::AttributeProto::FLOATS:
        return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case onnx::AttributeProto::STRINGS:
        return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case onnx::AttributeProto::TENSOR: {
        auto tensor = read_onnx_tensor(proto.t(), source);
        if (!tensor) {
            return Error{tensor.error().code, "attribute '" + proto.name() + "' " + tensor.error().message};
        }
        return Attribute(*std::move(tensor));
    }
    default:
        return Error{ErrorCode::unsupported, "attribute '" + proto.name() + "' is of kind " +
                                                 onnx::AttributeProto::AttributeType_Name(proto.type()) +
                                                 ", which is not supported"};
    }
}

/// The type and shape of a graph input, or what a file declares about another value.
struct Declared {
    DataType type = DataType::undefined;
    std::optional<Shape> shape;
};

Result<Declared> read_declaration(const onnx::ValueInfoProto& info) {
    if (!info.type().has_tensor_type()) {
        return Error{ErrorCode::unsupported, "value " + quoted(info.name()) + " is not a tensor"};
    }
    const auto& tensor = info.type().tensor_type();
    Declared declared;
    auto type = read_onnx_type(tensor.elem_type());
    if (!type) return Error{type.error().code, "value " + quoted(info.name()) + ": " + type.error().message};
    declared.type = *type;
    if (!tensor.has_shape()) return declared;
    if (static_cast<std::size_t>(tensor.shape().dim_size()) > Dims::max_rank) {
        return Error{ErrorCode::unsupported, "value " + quoted(info.name()) + " has more than " +
                                                 std::to_string(Dims::max_rank) + " dimensions"};
    }
    declared.shape.emplace();
    for (const auto& dim : tensor.shape().dim()) {
        // Some writers mark an unknown size as -1.
        if (dim.has_dim_value() && dim.dim_value() >= 0)
            declared.shape->push_back(Dim(static_cast<std::int64_t>(dim.dim_value())));
        else
            declared.shape->push_back(Dim(dim.dim_param()));
    }
    return declared;
}

bool is_constant_node(const onnx::NodeProto& node) {
    return node.op_type() == "Constant" && canonical_domain(node.domain()).empty();
}

/// A node without a name is known by its first output.
std::string node_name(const onnx::NodeProto& node) {
    if (!node.name().empty() || node.output_size() == 0) return node.name();
    return node.output(0);
}

Error in_node(const onnx::NodeProto& node, Error error) {
    error.message = "node " + quoted(node_name(node)) + " (" + node.op_type() + "): " + error.message;
    return error;
}

/// Operators that are not known, each with a node that uses it; bodies included.
void collect_missing(const onnx::GraphProto& graph, std::map<std::string, std::string>& missing) {
    for (const auto& node : graph.node()) {
        const std::string domain = canonical_domain(node.domain());
        if (!is_constant_node(node) && find_operator(domain, node.op_type()) == nullptr) {
            missing.emplace((domain.empty() ? "" : domain + ".") + node.op_type(), node_name(node));
        }
        for (const auto& attribute : node.attribute()) {
            if (attribute.has_g()) collect_missing(attribute.g(), missing);
        }
    }
}

/// Turns one GraphProto into a Graph, step by step in the order of the functions below. A body of If or Loop is read by
/// a reader of its own, which asks the one around it for names it does not define itself.
class GraphReader {
public:
    /// `file`: where raw data is that the initializers do not have themselves; null for a body's.
    GraphReader(const onnx::GraphProto& proto, int opset, const TensorSource& source, const OnnxFile* file,
                const GraphReader* outer)
        : proto_(proto), source_(source), file_(file), outer_(outer) {
        graph_.opset = opset;
        graph_.name = proto.name();
    }

    Result<Graph> read() {
        DETECT_TRY(check_operators());
        DETECT_TRY(read_structure());
        DETECT_TRY(infer_all());
        DETECT_TRY(check_declarations());
        DETECT_TRY(graph_.validate());
        return std::move(graph_);
    }

private:
    /// Deeper bodies than anybody writes; each level of Loop multiplies the work of inferring shapes.
    static constexpr int max_depth = 6;

    /// Everything but types and shapes, which a body only has once the node around it is given its inputs.
    Result<void> read_structure() {
        if (proto_.sparse_initializer_size() > 0) return Error{ErrorCode::unsupported, "has sparse initializers"};
        DETECT_TRY(read_initializers());
        DETECT_TRY(read_inputs());
        DETECT_TRY(name_node_outputs());
        DETECT_TRY(read_nodes());
        DETECT_TRY(read_outputs());
        return graph_.sort_topologically();
    }

    /// All operators that are missing are named at once.
    Result<void> check_operators() const {
        std::map<std::string, std::string> missing;
        collect_missing(proto_, missing);
        if (missing.empty()) return {};
        std::vector<std::string> operators;
        for (const auto& [op, node] : missing) operators.push_back(op + " (node " + quoted(node) + ")");
        return Error{ErrorCode::unsupported, "operators that are not implemented, at opset " +
                                                 std::to_string(graph_.opset) + ": " + listed(operators)};
    }

    Result<void> define(const std::string& name, ValueId id) {
        if (name.empty()) return bad("a value has no name");
        if (!ids_.emplace(name, id).second) return bad("the name " + quoted(name) + " is defined twice");
        return {};
    }

    Result<void> read_initializers() {
        for (int i = 0; i < proto_.initializer_size(); ++i) {
            const auto& proto = proto_.initializer(i);
            const OnnxFile::RawData* raw = file_ == nullptr ? nullptr : file_->raw_data(i);
            auto tensor =
                raw == nullptr ? read_onnx_tensor(proto, source_) : read_onnx_tensor(proto, source_, {file_, raw});
            if (!tensor)
                return Error{tensor.error().code, "initializer " + quoted(proto.name()) + " " + tensor.error().message};
            DETECT_TRY(define(proto.name(), graph_.add_constant(proto.name(), *std::move(tensor))));
        }
        return {};
    }

    /// An input that is also an initializer is a constant: files before IR version 4 list all of them as inputs.
    Result<void> read_inputs() {
        std::set<std::string> seen;
        for (const auto& info : proto_.input()) {
            if (!seen.insert(info.name()).second) return bad("the name " + quoted(info.name()) + " is defined twice");
            if (ids_.contains(info.name())) continue;
            Declared declared;
            // A body may leave it to the node around it what its inputs are.
            const bool typed = info.type().value_case() != onnx::TypeProto::VALUE_NOT_SET;
            if (typed || outer_ == nullptr) {
                DETECT_TRY_ASSIGN(declared, read_declaration(info));
            }
            DETECT_TRY(define(info.name(), graph_.add_input(info.name(), declared.type, std::move(declared.shape))));
        }
        return {};
    }

    /// Values exist before the nodes that read them are looked at, in whatever order the file lists its nodes.
    Result<void> name_node_outputs() {
        for (const auto& node : proto_.node()) {
            if (is_constant_node(node)) {
                DETECT_TRY(read_constant_node(node));
                continue;
            }
            for (const std::string& output : node.output()) {
                if (output.empty()) continue;
                DETECT_TRY(define(output, graph_.add_value(output, DataType::undefined, std::nullopt)));
            }
        }
        return {};
    }

    /// All attributes but bodies.
    Result<void> read_attributes(const onnx::NodeProto& proto, Node& node) const {
        for (const auto& attribute : proto.attribute()) {
            if (attribute.type() == onnx::AttributeProto::GRAPH) continue;
            DETECT_TRY_ASSIGN(auto value, read_attribute(attribute, source_));
            if (!node.attributes.emplace(attribute.name(), std::move(value)).second) {
                return bad("attribute '" + attribute.name() + "' is given twice");
            }
        }
        return {};
    }

    Result<void> read_constant_node(const onnx::NodeProto& node) {
        if (node.output_size() != 1 || node.attribute_size() != 1) {
            return in_node(node, bad("needs one output and one value"));
        }
        const std::string& name = node.attribute(0).name();
        auto value_or_error = read_attribute(node.attribute(0), source_);
        if (!value_or_error) return in_node(node, std::move(value_or_error).error());
        const Attribute& value = *value_or_error;
        std::optional<Tensor> tensor;
        if (const auto* whole = std::get_if<Tensor>(&value)) tensor = *whole;
        if (const auto* integer = std::get_if<std::int64_t>(&value)) tensor = Tensor::scalar(*integer);
        if (const auto* real = std::get_if<float>(&value)) tensor = Tensor::scalar(*real);
        if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
            tensor = Tensor::of<std::int64_t>({static_cast<std::int64_t>(integers->size())}, *integers);
        }
        if (const auto* reals = std::get_if<std::vector<float>>(&value)) {
            tensor = Tensor::of<float>({static_cast<std::int64_t>(reals->size())}, *reals);
        }
        if (!tensor)
            return in_node(node, {ErrorCode::unsupported, "value '" + name + "' is of a kind that is not supported"});
        return define(node.output(0), graph_.add_constant(node.output(0), *std::move(tensor)));
    }

    [[nodiscard]] bool visible(const std::string& name) const {
        return ids_.contains(name) || (outer_ != nullptr && outer_->visible(name));
    }

    /// The value of that name. One that only the graph around this body has becomes an input of the body.
    std::optional<ValueId> resolve(const std::string& name) {
        if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
        if (outer_ == nullptr || !outer_->visible(name)) return std::nullopt;
        const ValueId id = graph_.add_input(name, DataType::undefined, std::nullopt);
        ids_.emplace(name, id);
        captured_.push_back(name);
        return id;
    }

    /// Reads the bodies of a node. All of them get the same captured inputs, which are appended to the node's own.
    Result<void> read_bodies(const onnx::NodeProto& proto, Node& node) {
        std::vector<std::pair<std::string, GraphReader>> bodies;
        std::vector<std::string> captured;
        std::set<std::string> seen;
        for (const auto& attribute : proto.attribute()) {
            if (attribute.type() != onnx::AttributeProto::GRAPH) continue;
            GraphReader& body =
                bodies.emplace_back(attribute.name(), GraphReader(attribute.g(), graph_.opset, source_, nullptr, this))
                    .second;
            if (body.depth() > max_depth) return Error{ErrorCode::unsupported, "bodies are nested too deeply"};
            DETECT_TRY(body.read_structure());
            for (const std::string& name : body.captured_) {
                if (seen.insert(name).second) captured.push_back(name);
            }
        }
        for (auto& [name, body] : bodies) {
            if (!node.attributes.emplace(name, body.body_with(captured)).second) {
                return bad("attribute '" + name + "' is given twice");
            }
        }
        for (const std::string& name : captured) node.inputs.push_back(*resolve(name));
        return {};
    }

    [[nodiscard]] int depth() const { return outer_ == nullptr ? 0 : outer_->depth() + 1; }

    /// This body, with `captured` as its last inputs, used or not.
    std::shared_ptr<const Graph> body_with(const std::vector<std::string>& captured) {
        std::vector<ValueId> inputs(graph_.inputs.begin(),
                                    graph_.inputs.end() - static_cast<std::ptrdiff_t>(captured_.size()));
        const std::set<std::string> own(captured_.begin(), captured_.end());
        for (const std::string& name : captured) {
            const bool used = own.contains(name);
            inputs.push_back(used ? ids_.at(name) : graph_.add_input(name, DataType::undefined, std::nullopt));
        }
        graph_.inputs = std::move(inputs);
        graph_.captured = captured.size();
        return std::make_shared<const Graph>(std::move(graph_));
    }

    Result<void> read_node(const onnx::NodeProto& proto, Node& node) {
        DETECT_TRY(read_attributes(proto, node));
        for (const std::string& name : proto.input()) {
            const auto id = name.empty() ? ValueId{} : resolve(name);
            if (!id) return bad("reads " + quoted(name) + ", which is not defined anywhere");
            node.inputs.push_back(*id);
        }
        for (const std::string& name : proto.output()) {
            node.outputs.push_back(name.empty() ? ValueId{} : ids_.at(name));
        }
        return read_bodies(proto, node);
    }

    Result<void> read_nodes() {
        for (const auto& proto : proto_.node()) {
            if (is_constant_node(proto)) continue;
            Node node;
            node.op = proto.op_type();
            node.domain = canonical_domain(proto.domain());
            node.name = node_name(proto);
            if (auto result = read_node(proto, node); !result) return in_node(proto, std::move(result).error());
            graph_.nodes.push_back(std::move(node));
        }
        return {};
    }

    Result<void> read_outputs() {
        if (proto_.output_size() == 0) return bad("the graph has no outputs");
        std::set<ValueId> listed;
        for (const auto& info : proto_.output()) {
            const auto id = resolve(info.name());
            if (!id) return bad("output " + quoted(info.name()) + " is computed by no node");
            if (outer_ == nullptr && !listed.insert(*id).second) {
                return bad("output " + quoted(info.name()) + " is listed twice");
            }
            graph_.outputs.push_back(*id);
        }
        return {};
    }

    Result<void> infer_all() {
        for (const Node& node : graph_.nodes) {
            DETECT_TRY_ASSIGN(auto inferred, infer_node(graph_, node));
            for (std::size_t i = 0; i < node.outputs.size(); ++i) {
                if (!node.outputs[i].present()) continue;
                Value& value = graph_[node.outputs[i]];
                value.type = inferred[i].type;
                value.shape = std::move(inferred[i].shape);
            }
        }
        return {};
    }

    Result<void> check_declared_type(const onnx::ValueInfoProto& info, const Declared& declared) const {
        const auto found = ids_.find(info.name());
        if (found == ids_.end()) return {};
        const DataType actual = graph_[found->second].type;
        if (declared.type == actual) return {};
        return bad("value " + quoted(info.name()) + " is declared " + std::string(to_string(declared.type)) +
                   ", but is " + std::string(to_string(actual)));
    }

    /// Declared types must be the inferred ones. Names that a file gives to the unknown sizes of its outputs are kept.
    Result<void> check_declarations() {
        for (const auto* list : {&proto_.value_info(), &proto_.output(), &proto_.input()}) {
            for (const auto& info : *list) {
                if (!info.has_type()) continue;
                DETECT_TRY_ASSIGN(const Declared declared, read_declaration(info));
                DETECT_TRY(check_declared_type(info, declared));
            }
        }
        for (const auto& info : proto_.output()) {
            if (!info.has_type()) continue;
            DETECT_TRY_ASSIGN(const Declared declared, read_declaration(info));
            Value& value = graph_[ids_.at(info.name())];
            if (!declared.shape || !value.shape) continue;
            if (value.shape->size() != declared.shape->size()) {
                return bad("output " + quoted(info.name()) + " is declared " + to_string(declared.shape) + ", but is " +
                           to_string(value.shape));
            }
            for (std::size_t i = 0; i < value.shape->size(); ++i) {
                Dim& dim = (*value.shape)[i];
                if (!dim.size && dim.symbol.empty()) dim.symbol = (*declared.shape)[i].symbol;
            }
        }
        return {};
    }

    const onnx::GraphProto& proto_;
    const TensorSource& source_;
    const OnnxFile* file_;
    const GraphReader* outer_;
    Graph graph_;
    /// Ordered: a file may choose names that all have one hash.
    std::map<std::string, ValueId> ids_;
    /// Names taken from the graph around this body, in the order of its last inputs.
    std::vector<std::string> captured_;
};

} // namespace

bool is_default_onnx_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

Result<Graph> read_onnx_graph(const OnnxFile& file, int opset, const TensorSource& source) {
    return GraphReader(file.model().graph(), opset, source, &file, nullptr).read();
}

} // namespace detect
