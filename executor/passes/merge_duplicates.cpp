// SPDX-License-Identifier: Apache-2.0
#include "executor/passes/passes.h"

#include <cstring>
#include <map>
#include <numeric>
#include <string>

namespace detect {

namespace {

void append(std::string& key, const void* data, std::size_t bytes) {
    key.append(static_cast<const char*>(data), bytes);
}

template <class T>
void append_number(std::string& key, T number) {
    append(key, &number, sizeof number);
}

void append_text(std::string& key, std::string_view text) {
    append_number(key, text.size());
    key += text;
}

void append_tensor(std::string& key, const Tensor& tensor) {
    append_number(key, tensor.type());
    append_number(key, tensor.dims().rank());
    for (const std::int64_t size : tensor.dims()) append_number(key, size);
    append(key, tensor.bytes().data(), tensor.bytes().size());
}

/// False if the attribute cannot be compared (a subgraph).
bool append_attribute(std::string& key, const Attribute& attribute) {
    append_number(key, attribute.index());
    if (const auto* integer = std::get_if<std::int64_t>(&attribute)) {
        append_number(key, *integer);
    } else if (const auto* real = std::get_if<float>(&attribute)) {
        append_number(key, *real);
    } else if (const auto* text = std::get_if<std::string>(&attribute)) {
        append_text(key, *text);
    } else if (const auto* tensor = std::get_if<Tensor>(&attribute)) {
        append_tensor(key, *tensor);
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute)) {
        append_number(key, integers->size());
        for (const std::int64_t item : *integers) append_number(key, item);
    } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute)) {
        append_number(key, reals->size());
        for (const float item : *reals) append_number(key, item);
    } else {
        return false;
    }
    return true;
}

/// The same for nodes that compute the same; empty if that cannot be told.
std::string node_key(const Node& node) {
    std::string key;
    append_text(key, node.domain);
    append_text(key, node.op);
    append_number(key, node.outputs.size());
    append_number(key, node.inputs.size());
    for (const ValueId id : node.inputs) append_number(key, id.index);
    for (const auto& [name, attribute] : node.attributes) {
        append_text(key, name);
        if (!append_attribute(key, attribute)) return {};
    }
    return key;
}

/// By value: the one that stands for it. Uses are rewritten once, in the end: one by one, each would cost a walk
/// through the graph.
class Replacements {
public:
    explicit Replacements(const Graph& graph) : same_(graph.values.size()) { std::iota(same_.begin(), same_.end(), 0); }
    void replace(ValueId old_value, ValueId new_value) { same_[index_of(old_value)] = new_value.index; }
    void apply_to(std::vector<ValueId>& ids) const {
        for (ValueId& id : ids) {
            if (id.present()) id.index = same_[index_of(id)];
        }
    }

private:
    static std::size_t index_of(ValueId id) { return static_cast<std::size_t>(id.index); }
    std::vector<std::int32_t> same_;
};

int merge_constants(Graph& graph) {
    // Large tensors are trained weights: comparing them costs more than a chance duplicate would save.
    constexpr std::size_t largest = 4096;
    int changes = 0;
    const std::vector<int> uses = graph.use_counts();
    std::map<std::string, ValueId> known;
    Replacements replacements(graph);
    for (std::size_t i = 0; i < graph.values.size(); ++i) {
        const Value& value = graph.values[i];
        if (!value.constant.defined() || value.editable || uses[i] == 0 || value.constant.byte_count() > largest)
            continue;
        std::string key;
        append_tensor(key, value.constant);
        const ValueId id{static_cast<std::int32_t>(i)};
        const auto [entry, is_new] = known.emplace(std::move(key), id);
        if (is_new) continue;
        replacements.replace(id, entry->second);
        ++changes;
    }
    for (Node& node : graph.nodes) replacements.apply_to(node.inputs);
    replacements.apply_to(graph.outputs);
    return changes;
}

int merge_nodes(Graph& graph) {
    int changes = 0;
    std::vector<bool> is_output(graph.values.size(), false);
    for (const ValueId output : graph.outputs) is_output[static_cast<std::size_t>(output.index)] = true;
    std::map<std::string, std::size_t> known;
    Replacements replacements(graph); // of no output of the graph
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        replacements.apply_to(graph.nodes[i].inputs);
        std::string key = node_key(graph.nodes[i]);
        if (key.empty()) continue;
        const auto [entry, is_new] = known.emplace(std::move(key), i);
        if (is_new) continue;
        const std::vector<ValueId> duplicate = graph.nodes[i].outputs;
        const std::vector<ValueId> original = graph.nodes[entry->second].outputs;
        bool replaceable = true;
        for (std::size_t o = 0; o < duplicate.size(); ++o) {
            if (!duplicate[o].present()) continue;
            replaceable =
                replaceable && original[o].present() && !is_output[static_cast<std::size_t>(duplicate[o].index)];
        }
        if (!replaceable) continue;
        for (std::size_t o = 0; o < duplicate.size(); ++o) {
            if (duplicate[o].present()) replacements.replace(duplicate[o], original[o]);
        }
        graph.nodes[i].op.clear();
        ++changes;
    }
    std::erase_if(graph.nodes, [](const Node& node) { return node.op.empty(); });
    return changes;
}

} // namespace

Result<int> merge_duplicates(Graph& graph) {
    const int changes = merge_constants(graph) + merge_nodes(graph);
    if (changes > 0) graph.remove_unused();
    return changes;
}

} // namespace detect
