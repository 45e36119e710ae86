#include "executor/onnx_reader.h"

#include "executor/onnx_tensor.h"
#include "graph/operators.h"
#include "graph/try.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include <google/protobuf/io/coded_stream.h>

namespace detect {

namespace {

namespace fs = std::filesystem;

Error bad(std::string message) { return {ErrorCode::bad_model, std::move(message)}; }

std::string quoted(const std::string& name) { return "'" + name + "'"; }

/// "ai.onnx" is the long name of the default domain.
std::string canonical_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

Result<Attribute> read_attribute(const onnx::AttributeProto& proto, const fs::path& folder) {
    if (!proto.ref_attr_name().empty()) {
        return Error{ErrorCode::unsupported, "attribute '" + proto.name() + "' refers to a function's attribute"};
    }
    switch (proto.type()) {
    case onnx::AttributeProto::INT: return Attribute(static_cast<std::int64_t>(proto.i()));
    case onnx::AttributeProto::FLOAT: return Attribute(proto.f());
    case onnx::AttributeProto::STRING: return Attribute(proto.s());
    case onnx::AttributeProto::INTS:
        return Attribute(std::vector<std::int64_t>(proto.ints().begin(), proto.ints().end()));
    case onnx::AttributeProto::FLOATS: return Attribute(std::vector<float>(proto.floats().begin(), proto.floats().end()));
    case onnx::AttributeProto::STRINGS:
        return Attribute(std::vector<std::string>(proto.strings().begin(), proto.strings().end()));
    case onnx::AttributeProto::TENSOR: {
        auto tensor = read_onnx_tensor(proto.t(), folder);
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
        if (dim.has_dim_value() && dim.dim_value() >= 0) declared.shape->push_back(Dim(static_cast<std::int64_t>(dim.dim_value())));
        else declared.shape->push_back(Dim(dim.dim_param()));
    }
    return declared;
}

/// Turns one GraphProto into a Graph, step by step in the order of the functions below.
class GraphReader {
public:
    GraphReader(const onnx::GraphProto& proto, int opset, const fs::path& folder) : proto_(proto), folder_(folder) {
        graph_.opset = opset;
        graph_.name = proto.name();
    }

    Result<Graph> read() {
        if (proto_.sparse_initializer_size() > 0) return Error{ErrorCode::unsupported, "has sparse initializers"};
        DETECT_TRY(check_operators());
        DETECT_TRY(read_initializers());
        DETECT_TRY(read_inputs());
        DETECT_TRY(name_node_outputs());
        DETECT_TRY(read_nodes());
        DETECT_TRY(read_outputs());
        DETECT_TRY(graph_.sort_topologically());
        DETECT_TRY(infer_all());
        DETECT_TRY(check_declarations());
        DETECT_TRY(graph_.validate());
        return std::move(graph_);
    }

private:
    /// Every operator must be known; all that are not are named at once, each with a node that uses it.
    Result<void> check_operators() {
        std::map<std::string, std::string> missing;
        for (const auto& node : proto_.node()) {
            const std::string domain = canonical_domain(node.domain());
            if (is_constant_node(node) || find_operator(domain, node.op_type()) != nullptr) continue;
            missing.emplace((domain.empty() ? "" : domain + ".") + node.op_type(), node_name(node));
        }
        if (missing.empty()) return {};
        std::string list;
        for (const auto& [op, node] : missing) list += (list.empty() ? "" : ", ") + op + " (node " + quoted(node) + ")";
        return Error{ErrorCode::unsupported, "operators that are not implemented, at opset " +
                                                 std::to_string(graph_.opset) + ": " + list};
    }

    static bool is_constant_node(const onnx::NodeProto& node) {
        return node.op_type() == "Constant" && canonical_domain(node.domain()).empty();
    }

    /// A node without a name is known by its first output.
    static std::string node_name(const onnx::NodeProto& node) {
        if (!node.name().empty() || node.output_size() == 0) return node.name();
        return node.output(0);
    }

    Result<void> define(const std::string& name, ValueId id) {
        if (name.empty()) return bad("a value has no name");
        if (!ids_.emplace(name, id).second) return bad("the name " + quoted(name) + " is defined twice");
        return {};
    }

    Result<void> read_initializers() {
        for (const auto& proto : proto_.initializer()) {
            auto tensor = read_onnx_tensor(proto, folder_);
            if (!tensor) return Error{tensor.error().code, "initializer " + quoted(proto.name()) + " " + tensor.error().message};
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
            DETECT_TRY_ASSIGN(Declared declared, read_declaration(info));
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

    Result<std::map<std::string, Attribute, std::less<>>> read_attributes(const onnx::NodeProto& node) const {
        std::map<std::string, Attribute, std::less<>> attributes;
        for (const auto& proto : node.attribute()) {
            auto attribute = read_attribute(proto, folder_);
            if (!attribute) return in_node(node, std::move(attribute).error());
            if (!attributes.emplace(proto.name(), *std::move(attribute)).second) {
                return in_node(node, bad("attribute '" + proto.name() + "' is given twice"));
            }
        }
        return attributes;
    }

    static Error in_node(const onnx::NodeProto& node, Error error) {
        error.message = "node " + quoted(node_name(node)) + " (" + node.op_type() + "): " + error.message;
        return error;
    }

    Result<void> read_constant_node(const onnx::NodeProto& node) {
        if (node.output_size() != 1 || node.attribute_size() != 1) {
            return in_node(node, bad("needs one output and one value"));
        }
        DETECT_TRY_ASSIGN(const auto attributes, read_attributes(node));
        const auto& [name, value] = *attributes.begin();
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
        if (!tensor) return in_node(node, {ErrorCode::unsupported, "value '" + name + "' is of a kind that is not supported"});
        return define(node.output(0), graph_.add_constant(node.output(0), *std::move(tensor)));
    }

    Result<void> read_nodes() {
        for (const auto& proto : proto_.node()) {
            if (is_constant_node(proto)) continue;
            Node node;
            node.op = proto.op_type();
            node.domain = canonical_domain(proto.domain());
            node.name = node_name(proto);
            DETECT_TRY_ASSIGN(node.attributes, read_attributes(proto));
            for (const std::string& input : proto.input()) {
                const auto found = ids_.find(input);
                if (!input.empty() && found == ids_.end()) {
                    return in_node(proto, bad("reads " + quoted(input) + ", which is not defined anywhere"));
                }
                node.inputs.push_back(input.empty() ? ValueId{} : found->second);
            }
            for (const std::string& output : proto.output()) {
                node.outputs.push_back(output.empty() ? ValueId{} : ids_.at(output));
            }
            graph_.nodes.push_back(std::move(node));
        }
        return {};
    }

    Result<void> read_outputs() {
        if (proto_.output_size() == 0) return bad("the graph has no outputs");
        for (const auto& info : proto_.output()) {
            const auto found = ids_.find(info.name());
            if (found == ids_.end()) return bad("output " + quoted(info.name()) + " is computed by no node");
            if (std::ranges::find(graph_.outputs, found->second) != graph_.outputs.end()) {
                return bad("output " + quoted(info.name()) + " is listed twice");
            }
            graph_.outputs.push_back(found->second);
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
        return bad("value " + quoted(info.name()) + " is declared " + std::string(to_string(declared.type)) + ", but is " +
                   std::string(to_string(actual)));
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
            if (!declared.shape) continue;
            if (!value.shape) value.shape = Shape(declared.shape->size());
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
    const fs::path& folder_;
    Graph graph_;
    std::unordered_map<std::string, ValueId> ids_;
};

Result<int> read_opset(const onnx::ModelProto& model) {
    const std::string range = "opsets " + std::to_string(min_opset) + " to " + std::to_string(max_opset) + " are supported";
    std::optional<std::int64_t> opset;
    for (const auto& import : model.opset_import()) {
        if (!canonical_domain(import.domain()).empty()) continue;
        if (opset && *opset != import.version()) return bad("imports ONNX's operators in two versions");
        opset = import.version();
    }
    if (!opset) return Error{ErrorCode::unsupported, "does not say which opset it follows; " + range};
    if (*opset < min_opset || *opset > max_opset) {
        return Error{ErrorCode::unsupported, "follows opset " + std::to_string(*opset) + "; " + range};
    }
    return static_cast<int>(*opset);
}

Result<onnx::ModelProto> parse(std::span<const std::byte> bytes) {
    const auto unreadable = [](std::string message) { return Error{ErrorCode::unreadable_input, std::move(message)}; };
    if (bytes.empty()) return unreadable("is empty, expected an ONNX model");
    if (bytes.size() > INT32_MAX) return unreadable("is larger than 2 GiB, which ONNX does not allow in one file");
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                  static_cast<int>(bytes.size()));
    stream.SetTotalBytesLimit(INT32_MAX);
    constexpr int nesting = 64;
    stream.SetRecursionLimit(nesting);
    onnx::ModelProto model;
    if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
        return unreadable("is cut off, damaged, or not an ONNX model");
    }
    if (!model.has_graph()) return unreadable("is not an ONNX model: it holds no graph");
    return model;
}

Result<Graph> read_model(std::span<const std::byte> bytes, const OnnxReadOptions& options) {
    DETECT_TRY_ASSIGN(const onnx::ModelProto model, parse(bytes));
    DETECT_TRY_ASSIGN(const int opset, read_opset(model));
    DETECT_TRY_ASSIGN(Graph graph, GraphReader(model.graph(), opset, options.external_data_folder).read());
    for (const auto& entry : model.metadata_props()) graph.metadata.emplace(entry.key(), entry.value());
    return graph;
}

Result<std::vector<std::byte>> read_file(const fs::path& path) {
    const auto unreadable = [](std::string message) { return Error{ErrorCode::unreadable_input, std::move(message)}; };
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return unreadable("does not exist");
    if (!fs::is_regular_file(status)) return unreadable("is not a file");
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) return unreadable("cannot be read: " + error.message());
    if (size > INT32_MAX) return unreadable("is larger than 2 GiB, which ONNX does not allow in one file");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) return unreadable("cannot be read");
    return bytes;
}

Error named(std::string_view name, Error error) {
    error.message = std::string(name) + ": " + error.message;
    return error;
}

} // namespace

Result<Graph> read_onnx(std::span<const std::byte> bytes, std::string_view name, const OnnxReadOptions& options) {
    auto graph = read_model(bytes, options);
    if (!graph) return named(name, std::move(graph).error());
    return graph;
}

Result<Graph> read_onnx(const fs::path& path) {
    auto bytes = read_file(path);
    if (!bytes) return named(path.string(), std::move(bytes).error());
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    return read_onnx(*bytes, path.string(), {.external_data_folder = folder});
}

} // namespace detect
