// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/input_files.h"
#include "cli/measurement.h"
#include "cli/memory_limit.h"
#include "cli/model_source.h"
#include "cli/npy_file.h"
#include "executor/model.h"
#include "onnx/reader.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace detect::cli {

namespace {

struct TensorArguments {
    std::string model;
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    int threads = 0;
    int runs = 0;
    /// In 10^6 bytes; 0: what the machine has.
    std::size_t memory_limit = 0;
    /// In 10^9 operations.
    double work_limit = RunControl::usual_work_limit / 1e9;
};

/// A file and the input or output of the model that it belongs to, by its place.
struct NamedFile {
    std::size_t place = 0;
    std::string file;
};

std::string listed(const Graph& graph, const std::vector<ValueId>& ids) {
    std::string names;
    for (const ValueId id : ids) {
        const Value& value = graph[id];
        names += (names.empty() ? "'" : ", '") + value.name + "' " + std::string(to_string(value.type)) + " " +
                 to_string(value.shape);
    }
    return names;
}

/// "name=FILE", or just "FILE" where there is one value only. A name may hold '=' itself, a file may too.
Result<NamedFile> parse_named_file(const std::string& option, const std::string& text, const Graph& graph,
                                   const std::vector<ValueId>& ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const std::string front = graph[ids[i]].name + "=";
        if (text.starts_with(front)) return NamedFile{i, text.substr(front.size())};
    }
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos && ids.size() == 1) return NamedFile{0, text};
    const std::string problem = equals == std::string::npos
                                    ? "needs a name in front, as in NAME=" + text
                                    : "names '" + text.substr(0, equals) + "', which the model does not have";
    return Error{ErrorCode::invalid_argument,
                 option + " " + text + ": " + problem + "; there are " + listed(graph, ids)};
}

Result<std::vector<NamedFile>> parse_named_files(const std::string& option, const std::vector<std::string>& texts,
                                                 const Graph& graph, const std::vector<ValueId>& ids) {
    std::vector<NamedFile> files;
    for (const std::string& text : texts) {
        DETECT_TRY_ASSIGN(NamedFile file, parse_named_file(option, text, graph, ids));
        if (std::ranges::find(files, file.place, &NamedFile::place) != files.end()) {
            return Error{ErrorCode::invalid_argument,
                         option + " " + text + ": '" + graph[ids[file.place]].name + "' is given twice"};
        }
        files.push_back(std::move(file));
    }
    return files;
}

bool fits(const std::optional<Shape>& declared, const Dims& dims) {
    if (!declared) return true;
    if (declared->size() != dims.rank()) return false;
    for (std::size_t axis = 0; axis < dims.rank(); ++axis) {
        if ((*declared)[axis].size && *(*declared)[axis].size != dims[axis]) return false;
    }
    return true;
}

/// The model's inputs in its order, of so many bytes together.
Result<std::vector<Tensor>> read_inputs(const Graph& graph, const std::vector<NamedFile>& files,
                                        std::size_t most_bytes) {
    std::vector<Tensor> inputs(graph.inputs.size());
    for (const NamedFile& file : files) {
        DETECT_TRY_ASSIGN(Tensor tensor, read_npy(file.file, most_bytes));
        most_bytes -= std::min(most_bytes, tensor.bytes().size());
        const Value& input = graph[graph.inputs[file.place]];
        if (tensor.type() != input.type || !fits(input.shape, tensor.dims())) {
            return Error{ErrorCode::invalid_argument, file.file + ": is " + std::string(to_string(tensor.type())) +
                                                          " " + to_string(tensor.dims()) + ", input '" + input.name +
                                                          "' takes " + std::string(to_string(input.type)) + " " +
                                                          to_string(input.shape)};
        }
        inputs[file.place] = std::move(tensor);
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].defined()) continue;
        return Error{ErrorCode::invalid_argument, "input '" + graph[graph.inputs[i]].name +
                                                      "' is missing: give it with --input; the model takes " +
                                                      listed(graph, graph.inputs)};
    }
    return inputs;
}

/// What is given where: known to fit before anything is read that is large.
struct Request {
    std::vector<NamedFile> inputs;
    std::vector<NamedFile> outputs;
};

Result<Request> parse_request(const TensorArguments& arguments, const Graph& graph) {
    Request request;
    DETECT_TRY_ASSIGN(request.inputs, parse_named_files("--input", arguments.inputs, graph, graph.inputs));
    DETECT_TRY_ASSIGN(request.outputs, parse_named_files("--output", arguments.outputs, graph, graph.outputs));
    std::vector<std::string> read{arguments.model};
    for (const NamedFile& file : request.inputs) read.push_back(file.file);
    const InputFiles files(read);
    for (const NamedFile& file : request.outputs) {
        DETECT_TRY(files.prepare_destination(file.file));
        const auto same = std::ranges::count(request.outputs, file.file, &NamedFile::file);
        if (same > 1) return Error{ErrorCode::invalid_argument, "--output " + file.file + ": is given for two outputs"};
    }
    return request;
}

/// Where the time of further runs goes, by kind of step.
Result<void> print_times(const Model& model, const std::vector<Tensor>& inputs, int runs) {
    std::vector<double> milliseconds;
    std::vector<std::vector<StepTime>> times(static_cast<std::size_t>(runs));
    for (auto& steps : times) {
        const auto start = std::chrono::steady_clock::now();
        DETECT_TRY(model.run(inputs, steps));
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
        // Steps of one kind are one row, whatever their nodes are called.
        for (StepTime& step : steps) step.name.clear();
    }
    const Latency latency = summarise(std::move(milliseconds));
    std::printf("\n%d threads, %d runs: min %.2f   p50 %.2f   p90 %.2f ms\n", model.threads().threads(), runs,
                latency.min, latency.p50, latency.p90);
    std::printf("%9s  %6s  %5s  step\n", "ms", "share", "count");
    for (const ProfileRow& row : summarise(times)) {
        std::printf("%9.3f  %5.1f%%  %5d  %s\n", row.milliseconds, 100.0 * row.share, row.count,
                    without_controls(row.step, ' ').c_str());
    }
    return {};
}

/// The instruction set that DETECT_ISA asks for, if it does.
Result<std::optional<Isa>> wanted_isa() {
    const char* const name = std::getenv("DETECT_ISA");
    if (name == nullptr) return std::optional<Isa>();
    const std::optional<Isa> isa = parse_isa(name);
    if (isa && std::ranges::find(available_isas(), *isa) != available_isas().end()) return isa;
    return Error{ErrorCode::invalid_argument,
                 "DETECT_ISA=" + std::string(name) + ": this machine does not have it; leave it out"};
}

Result<void> run(const TensorArguments& arguments) {
    if (looks_like_checkpoint(arguments.model)) {
        return Error{ErrorCode::unreadable_input,
                     arguments.model + ": is a checkpoint, not an ONNX file; make one with 'detect export'"};
    }
    const std::size_t limit = memory_limit_in_bytes(arguments.memory_limit);
    DETECT_TRY_ASSIGN(Graph graph, read_onnx(std::filesystem::path(arguments.model), limit));
    DETECT_TRY_ASSIGN(const Request request, parse_request(arguments, graph));
    DETECT_TRY_ASSIGN(const std::vector<Tensor> inputs,
                      read_inputs(graph, request.inputs, limit > 0 ? limit : SIZE_MAX));
    const auto with_name = [&](Error error) {
        error.message = arguments.model + ": " + error.message;
        return error;
    };
    DETECT_TRY_ASSIGN(const std::optional<Isa> isa, wanted_isa());
    const auto model = Model::compile(
        std::move(graph),
        {.threads = arguments.threads, .isa = isa, .memory_limit = limit, .work_limit = 1e9 * arguments.work_limit});
    if (!model) return with_name(model.error());
    const auto outputs = (*model)->run(inputs);
    if (!outputs) return with_name(outputs.error());
    for (const NamedFile& file : request.outputs) DETECT_TRY(write_npy(file.file, (*outputs)[file.place]));
    for (std::size_t i = 0; i < outputs->size(); ++i) {
        const Tensor& tensor = (*outputs)[i];
        const std::string& name = (*model)->graph()[(*model)->graph().outputs[i]].name;
        std::printf("%s %-8s %s\n", padded(without_controls(name, ' '), 20).c_str(),
                    std::string(to_string(tensor.type())).c_str(), to_string(tensor.dims()).c_str());
    }
    if (arguments.runs > 0) DETECT_TRY(print_times(**model, inputs, arguments.runs));
    return {};
}

} // namespace

Command add_tensor_command(CLI::App& app) {
    auto arguments = std::make_shared<TensorArguments>();
    app.add_option("model", arguments->model, "An ONNX file; 'detect info' lists its inputs and outputs")
        ->required()
        ->type_name("FILE");
    app.add_option("--input", arguments->inputs,
                   "A .npy file for an input: NAME=FILE, or just FILE if there is only one input (repeatable)")
        ->type_name("[NAME=]FILE")
        ->allow_extra_args(false);
    app.add_option(
           "--output", arguments->outputs,
           "The .npy file that an output goes to: NAME=FILE, or just FILE if there is only one output (repeatable)")
        ->type_name("[NAME=]FILE")
        ->allow_extra_args(false);
    app.add_option("--threads", arguments->threads, "Threads to use (0: all cores)")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--memory-limit", arguments->memory_limit,
                   "The most memory that weights and everything computed may take, in megabytes (default: what the "
                   "machine has)")
        ->check(CLI::Range(1, 1 << 24))
        ->type_name("MB");
    app.add_option(
           "--work-limit", arguments->work_limit,
           "The most work that a run may take, in 10^9 operations on single numbers (default: 275, some minutes "
           "on a core); a model that would take more is refused")
        ->check(CLI::Range(0.001, 1e9))
        ->type_name("NUMBER");
    app.add_option("--profile", arguments->runs, "Run it this many times more and show where the time goes")
        ->check(CLI::Range(1, 1000000))
        ->type_name("RUNS");
    app.footer("Prints the name, type and sizes of every output.\n"
               "Examples: detect tensor resnet18.onnx --input x.npy --output y.npy\n"
               "          detect tensor bert.onnx --input ids=ids.npy --input mask=mask.npy --output features=y.npy\n" +
               std::string(exit_code_help));
    return [arguments] {
        const auto result = run(*arguments);
        return result ? done : report(result.error());
    };
}

} // namespace detect::cli
