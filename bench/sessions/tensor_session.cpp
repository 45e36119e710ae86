// SPDX-License-Identifier: Apache-2.0
// Any ONNX file in the executor, as a program that other programs can time:
//
//     detect_tensor_session MODEL.onnx THREADS NAME=FILE.npy …      a file for each input
//
// Prints {"ready": true, "load_ms": …}, and then {"ms": …} for every line on standard input: a run.

#include "cli/npy_file.h"
#include "executor/model.h"
#include "onnx/reader.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <span>

#include <nlohmann/json.hpp>

namespace {

double milliseconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void answer(const nlohmann::json& line) { std::cout << line.dump() << std::endl; }

int fail(const std::string& message) {
    answer({{"error", message}});
    return EXIT_FAILURE;
}

detect::Result<std::vector<detect::Tensor>> read_inputs(const detect::Graph& graph, std::span<char*> named_files) {
    std::vector<detect::Tensor> inputs;
    for (const detect::ValueId id : graph.inputs) {
        const std::string front = graph[id].name + "=";
        const auto named = std::ranges::find_if(
            named_files, [&](const char* text) { return std::string_view(text).starts_with(front); });
        if (named == named_files.end())
            return detect::Error{detect::ErrorCode::invalid_argument, "no file for input " + graph[id].name};
        auto tensor = detect::cli::read_npy(*named + front.size());
        if (!tensor) return std::move(tensor).error();
        inputs.push_back(*std::move(tensor));
    }
    return inputs;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) return fail("usage: detect_tensor_session MODEL THREADS NAME=FILE.npy ...");
    auto graph = detect::read_onnx(std::filesystem::path(argv[1]));
    if (!graph) return fail(graph.error().message);
    const auto inputs = read_inputs(*graph, std::span(argv, static_cast<std::size_t>(argc)).subspan(3));
    if (!inputs) return fail(inputs.error().message);
    std::shared_ptr<const detect::Model> model;
    std::optional<detect::Error> error;
    const double load_ms = milliseconds_of([&] {
        auto compiled = detect::Model::compile(*std::move(graph), {.threads = std::atoi(argv[2])});
        if (compiled) {
            model = *std::move(compiled);
        } else {
            error = compiled.error();
        }
    });
    if (error) return fail(error->message);
    answer({{"ready", true}, {"load_ms", load_ms}});
    for (std::string line; std::getline(std::cin, line);) {
        const double ms = milliseconds_of([&] {
            if (auto outputs = model->run(*inputs); !outputs) error = outputs.error();
        });
        if (error) return fail(error->message);
        answer({{"ms", ms}});
    }
    return EXIT_SUCCESS;
}
