// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/memory_limit.h"
#include "cli/model_source.h"
#include "export/precision/precision.h"
#include "graph/operators.h"
#include "onnx/reader.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>

namespace detect::cli {

namespace {

/// A name as the file has it, on one line that steers no terminal.
std::string shown(std::string_view name) { return without_controls(name, ' '); }

void print_values(const char* title, const Graph& graph, const std::vector<ValueId>& ids) {
    std::printf("%s\n", title);
    for (const ValueId id : ids) {
        const Value& value = graph[id];
        std::printf("  %s %-8s %s\n", padded(shown(value.name), 20).c_str(), std::string(to_string(value.type)).c_str(),
                    shown(to_string(value.shape)).c_str());
    }
}

void print(const Graph& graph, const std::string& file, std::uintmax_t bytes) {
    std::size_t parameters = 0;
    for (const Value& value : graph.values) {
        if (value.constant.defined()) parameters += static_cast<std::size_t>(value.constant.element_count());
    }
    std::printf("%s: %.2f MB, opset %d, %zu nodes, %zu parameters, %s\n", shown(file).c_str(),
                static_cast<double>(bytes) / 1e6, graph.opset, graph.nodes.size(), parameters,
                std::string(to_string(precision_of(graph))).c_str());
    print_values("inputs", graph, graph.inputs);
    print_values("outputs", graph, graph.outputs);
    std::printf("metadata\n");
    for (const auto& [key, text] : graph.metadata)
        std::printf("  %s %s\n", padded(shown(key), 20).c_str(), shown(text).c_str());
    std::map<std::string, int> operators;
    for (const Node& node : graph.nodes) ++operators[node.op];
    std::printf("operators\n ");
    for (const auto& [name, count] : operators) std::printf(" %s:%d", shown(name).c_str(), count);
    std::printf("\n");
}

Result<void> run(const std::string& file, std::size_t memory_limit) {
    if (looks_like_checkpoint(file)) {
        return Error{ErrorCode::unreadable_input,
                     file + ": is a checkpoint, not an ONNX file; make one with 'detect export'"};
    }
    DETECT_TRY_ASSIGN(const Graph graph, read_onnx(std::filesystem::path(file), memory_limit_in_bytes(memory_limit)));
    std::error_code ignored;
    print(graph, file, std::filesystem::file_size(file, ignored));
    return {};
}

/// One operator a line, with the opsets at which it runs.
void print_operators() {
    for (const Operator& op : operators()) {
        const std::string name = (op.domain.empty() ? "" : std::string(op.domain) + ".") + std::string(op.name);
        std::printf("%-28s opset %d to %d\n", name.c_str(), std::max(op.since, min_opset), max_opset);
    }
}

} // namespace

Command add_info_command(CLI::App& app) {
    struct InfoArguments {
        std::string file;
        bool operators = false;
        /// In 10^6 bytes; 0: what the machine has.
        std::size_t memory_limit = 0;
    };
    auto arguments = std::make_shared<InfoArguments>();
    app.add_option("model", arguments->file, "An ONNX file")->type_name("FILE");
    app.add_flag("--operators", arguments->operators,
                 "Instead of a file, list all operators that can be run, with their opsets");
    app.add_option("--memory-limit", arguments->memory_limit,
                   "The most memory that reading the file may take, in megabytes (default: what the machine has)")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("MB");
    app.footer("Examples: detect info model.onnx\n          detect info --operators\n" + std::string(exit_code_help));
    return [arguments] {
        if (arguments->operators == !arguments->file.empty()) {
            return report(
                {ErrorCode::invalid_argument, "info needs a model, or --operators; see 'detect info --help'"});
        }
        if (arguments->operators) {
            print_operators();
            return static_cast<int>(done);
        }
        const auto result = run(arguments->file, arguments->memory_limit);
        return result ? done : report(result.error());
    };
}

} // namespace detect::cli
