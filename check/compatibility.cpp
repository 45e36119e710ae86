// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "check/context.h"
#include "graph/operators.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace detect::checking {

namespace {

constexpr const char* standard_file =
    "make the file from the checkpoint with 'detect export': its files have no branches, float64 or ambiguous reshapes";

/// The rank of what a branch gives; nullopt if it is not known before a run.
std::optional<std::size_t> output_rank(const Graph& branch, std::size_t output) {
    const auto& shape = branch[branch.outputs[output]].shape;
    if (!shape) return std::nullopt;
    return shape->size();
}

/// torch.squeeze of an axis that may not be 1 becomes "If: Squeeze, else Identity": one axis less in one branch.
bool squeezes_in_one_branch(const Graph& a, const Graph& b) {
    const auto ends_in = [](const Graph& branch, std::string_view op) {
        return branch.nodes.size() == 1 && branch.nodes[0].op == op;
    };
    return (ends_in(a, "Squeeze") && ends_in(b, "Identity")) || (ends_in(b, "Squeeze") && ends_in(a, "Identity"));
}

enum class Ranks { same, different, unknown };

Ranks compare_ranks(const Node& node) {
    const auto* then_branch = node.attribute<std::shared_ptr<const Graph>>("then_branch");
    const auto* else_branch = node.attribute<std::shared_ptr<const Graph>>("else_branch");
    if (then_branch == nullptr || else_branch == nullptr) return Ranks::unknown;
    if (squeezes_in_one_branch(**then_branch, **else_branch)) return Ranks::different;
    Ranks ranks = Ranks::same;
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
        const auto a = output_rank(**then_branch, i);
        const auto b = output_rank(**else_branch, i);
        if (a && b && *a != *b) return Ranks::different;
        if (!a || !b) ranks = Ranks::unknown;
    }
    return ranks;
}

/// If: TensorRT wants branches of the same shape; OpenVINO compiles no tensor whose rank is not known.
void look_at_branches(const Graph& graph, Findings& findings) {
    const Node* worst = nullptr;
    Ranks ranks = Ranks::same;
    std::size_t count = 0;
    for_each_node(graph, [&](const Graph&, const Node& node) {
        if (node.op != "If") return;
        ++count;
        const Ranks here = compare_ranks(node);
        const bool is_worse = worst == nullptr || (here == Ranks::different && ranks != Ranks::different) ||
                              (here == Ranks::unknown && ranks == Ranks::same);
        if (is_worse) {
            worst = &node;
            ranks = here;
        }
    });
    if (worst == nullptr || ranks == Ranks::same) return;
    const bool sure = ranks == Ranks::different;
    findings.push_back(
        {.severity = sure ? Severity::error : Severity::warning,
         .where = describe(*worst),
         .what = (count == 1 ? "the branch (If): its" : "one of " + std::to_string(count) + " branches (If): its") +
                 std::string(sure ? " two sides have different ranks" : " two sides have ranks that are not known") +
                 "; TensorRT refuses the file if they differ (\"IIfConditionalOutputLayer inputs must have the same "
                 "shape\"), and so do OpenVINO's devices (\"dynamic rank\")",
         .advice = standard_file,
         .runtimes = {Runtime::tensorrt, Runtime::openvino}});
}

/// max(count, 1), say.
bool is_at_least_one(const GraphQueries& queries, ValueId id) {
    const Node* most = queries.source(id, {"Max"});
    if (most == nullptr) return false;
    return std::ranges::any_of(most->inputs, [&](ValueId input) { return queries.number(input).value_or(0.0) >= 1.0; });
}

/// Reshape to [found, -1]: with nothing found, -1 could be anything.
void look_at_reshapes(const CheckContext& context, Findings& findings) {
    const GraphQueries& queries = context.queries;
    for (const Node& node : context.graph.nodes) {
        if (node.op != "Reshape" || node.int_or("allowzero", 0) != 0) continue;
        const Node* sizes = queries.producer(node.input(1));
        if (sizes == nullptr || sizes->op != "Concat") continue;
        const bool has_rest =
            std::ranges::any_of(sizes->inputs, [&](ValueId id) { return queries.number(id) == -1.0; });
        const auto is_count = [&](ValueId id) {
            const Node* count = queries.producer(id);
            return count != nullptr && depends_on_findings(queries, *count) && !is_at_least_one(queries, id);
        };
        if (!has_rest || std::ranges::none_of(sizes->inputs, is_count)) continue;
        findings.push_back({.severity = Severity::warning,
                            .where = describe(node),
                            .what = "an ambiguous reshape, to [number found, -1]: with nothing found -1 could be any "
                                    "size, and TensorRT stops (\"reshape wildcard -1 has no solution\"), when the "
                                    "engine is built or in the run",
                            .advice = standard_file,
                            .runtimes = {Runtime::tensorrt}});
        return;
    }
}

bool is_float64(const Graph& graph, ValueId id) { return id.present() && graph[id].type == DataType::float64; }

void look_at_float64(const Graph& graph, Findings& findings) {
    const Node* first = nullptr;
    std::size_t count = 0;
    for_each_node(graph, [&](const Graph& where, const Node& node) {
        if (std::ranges::none_of(node.outputs, [&](ValueId id) { return is_float64(where, id); })) return;
        ++count;
        if (first == nullptr) first = &node;
    });
    if (first == nullptr) return;
    findings.push_back({.severity = Severity::warning,
                        .where = describe(*first),
                        .what = std::to_string(count) + (count == 1 ? " node computes" : " nodes compute") +
                                " in float64; TensorRT and OpenCV have no such type and compute in float32, so that "
                                "results differ, or refuse the node",
                        .advice = "keep Python floats and NumPy arrays out of the model's code (they become float64), "
                                  "or cast to float32 there, and export again",
                        .runtimes = {Runtime::tensorrt, Runtime::opencv}});
}

/// An integer that does not fit into 32 bits and is more than "to the end".
bool is_too_large(std::int64_t value) {
    constexpr std::int64_t all = std::numeric_limits<std::int64_t>::max();
    const bool means_all = value >= all - 1 || value <= -(all - 1);
    return !means_all &&
           (value > std::numeric_limits<std::int32_t>::max() || value < std::numeric_limits<std::int32_t>::min());
}

/// int64 is taken down to int32 by TensorRT before version 10, by OpenCV, and by OpenVINO on GPUs.
void look_at_int64(const Graph& graph, Findings& findings) {
    const Node* first = nullptr;
    std::string name;
    std::size_t count = 0;
    for_each_node(graph, [&](const Graph& where, const Node& node) {
        const auto is_wide = [&](ValueId id) {
            return where.is_constant(id) && where[id].type == DataType::int64 &&
                   std::ranges::any_of(where[id].constant.data<std::int64_t>(), is_too_large);
        };
        const auto wide = std::ranges::find_if(node.inputs, is_wide);
        if (wide == node.inputs.end()) return;
        ++count;
        if (first != nullptr) return;
        first = &node;
        name = where[*wide].name;
    });
    if (first == nullptr) return;
    findings.push_back(
        {.severity = Severity::error,
         .where = describe(*first),
         .what = std::to_string(count) + (count == 1 ? " node computes" : " nodes compute") +
                 " with integers that do not fit into 32 bits, here '" + name +
                 "'; TensorRT before version 10, OpenCV, and OpenVINO on GPUs hold integers in 32 bits and change them",
         .advice = "use TensorRT 10 or later, or OpenVINO on the CPU; or rewrite the model's code so that its integers "
                   "stay below 2 to "
                   "the power of 31",
         .runtimes = {Runtime::tensorrt, Runtime::openvino, Runtime::opencv}});
}

/// Of a QuantizeLinear or DequantizeLinear: what TensorRT does not take about it, or nothing.
std::string_view beyond_tensorrt(const Graph& graph, const Node& node) {
    const DataType type = graph[node.op == "QuantizeLinear" ? node.outputs[0] : node.inputs[0]].type;
    if (type == DataType::int32) return "int32";
    if (type == DataType::uint8) return "uint8";
    const ValueId zero = node.input(2);
    if (type != DataType::int8 || !zero.present()) return {};
    if (!graph.is_constant(zero)) return "a zero point that is computed";
    const auto zeros = graph[zero].constant.data<std::int8_t>();
    return std::ranges::all_of(zeros, [](std::int8_t z) { return z == 0; }) ? "" : "a zero point other than 0";
}

/// TensorRT quantises symmetrically, to int8 alone.
void look_at_quantization(const Graph& graph, Findings& findings) {
    const Node* first = nullptr;
    std::set<std::string_view> reasons;
    std::size_t count = 0;
    for_each_node(graph, [&](const Graph& where, const Node& node) {
        if (node.op != "QuantizeLinear" && node.op != "DequantizeLinear") return;
        const std::string_view reason = beyond_tensorrt(where, node);
        if (reason.empty()) return;
        ++count;
        reasons.insert(reason);
        if (first == nullptr) first = &node;
    });
    if (first == nullptr) return;
    findings.push_back({.severity = Severity::error,
                        .where = describe(*first),
                        .what = std::to_string(count) + (count == 1 ? " node has " : " nodes have ") + listed(reasons) +
                                "; TensorRT's QuantizeLinear and DequantizeLinear take int8 with zero point 0 and "
                                "nothing else, and it refuses the file",
                        .advice = "make the file from the checkpoint with 'detect export --precision int8 --portable'",
                        .runtimes = {Runtime::tensorrt}});
}

/// What the dnn module of OpenCV 4 has no layer for: everything whose output sizes depend on values.
void look_at_opencv(const Graph& graph, Findings& findings) {
    static constexpr std::array<std::string_view, 9> missing{
        "If", "Loop", "Scan", "NonZero", "NonMaxSuppression", "RoiAlign", "Range", "GatherND", "SequenceAt"};
    const Node* first = nullptr;
    std::set<std::string> names;
    for_each_node(graph, [&](const Graph&, const Node& node) {
        if (std::ranges::find(missing, node.op) == missing.end()) return;
        names.insert(node.op);
        if (first == nullptr) first = &node;
    });
    if (first == nullptr) return;
    findings.push_back(
        {.severity = Severity::error,
         .where = describe(*first),
         .what = "OpenCV 4's dnn module has no " + listed(names) + "; it refuses the file when it is read",
         .advice = "run the file with ONNX Runtime, OpenVINO or 'detect run'; OpenCV can run the backbone alone",
         .runtimes = {Runtime::opencv}});
}

} // namespace

/// None of these troubles ONNX Runtime.
Result<void> check_compatibility(const CheckContext& context, Findings& findings) {
    look_at_branches(context.graph, findings);
    look_at_reshapes(context, findings);
    look_at_float64(context.graph, findings);
    look_at_int64(context.graph, findings);
    look_at_quantization(context.graph, findings);
    look_at_opencv(context.graph, findings);
    return {};
}

} // namespace detect::checking
