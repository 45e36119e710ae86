// SPDX-License-Identifier: Apache-2.0
#include "tests/parity/onnx_runtime.h"

#include "base/try.h"
#include "tests/parity/references.h"
#include "tests/support/npy.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

namespace detect::test {
namespace {

std::filesystem::path node_modules() {
    const char* const named = std::getenv("DETECT_NODE_MODULES");
    return named != nullptr ? std::filesystem::path(named) : parity_folder() / "node_modules";
}

Error failed(const std::filesystem::path& model, const std::string& why) {
    return Error{ErrorCode::verification_failed, model.string() + ": ONNX Runtime: " + why};
}

} // namespace

std::optional<std::string> onnx_runtime_missing() {
    const auto package = node_modules() / "onnxruntime-node" / "package.json";
    if (!std::filesystem::exists(package)) return "no ONNX Runtime: " + package.string() + " is missing";
    if (run_process({"node", "--version"}).exit_code != 0) return "no ONNX Runtime: there is no program node";
    return std::nullopt;
}

Result<std::vector<Outputs>> run_onnx_runtime(const std::filesystem::path& model, const std::vector<Tensor>& inputs,
                                              int threads) {
    const TempDir folder;
    nlohmann::json job = {{"model", model.string()},
                          {"threads", threads},
                          {"modules", node_modules().string()},
                          {"runs", nlohmann::json::array()}};
    for (const Tensor& input : inputs) {
        const std::string number = std::to_string(job["runs"].size());
        const auto file = folder / ("input_" + number + ".npy");
        DETECT_TRY(write_npy(file, input));
        job["runs"].push_back({{"inputs", {{"input", file.string()}}}, {"outputs", (folder / number).string()}});
    }
    std::ofstream(folder / "job.json") << job;

    const ProcessResult process =
        run_process({"node", DETECT_PARITY_SOURCE_DIR "/ort_run.js", (folder / "job.json").string()},
                    {.timeout = std::chrono::minutes(5)});
    const auto answer = nlohmann::json::parse(process.output, nullptr, false);
    if (answer.is_discarded()) return failed(model, describe(process));
    if (answer.contains("error")) return failed(model, answer.at("error"));

    std::vector<Outputs> results;
    for (const auto& run : answer.at("runs")) {
        const std::string number = std::to_string(results.size());
        if (run.contains("error")) {
            return failed(model, "input " + number + " " + to_string(inputs[results.size()].dims()) + ": " +
                                     run.at("error").get<std::string>());
        }
        Outputs outputs;
        for (const auto& name : answer.at("outputs")) {
            const std::string text = name;
            DETECT_TRY_ASSIGN(outputs[text], read_npy(folder / number / (text + ".npy")));
        }
        results.push_back(std::move(outputs));
    }
    return results;
}

std::vector<Found> to_found(const Outputs& outputs, std::int64_t index) {
    return to_found(outputs.at("boxes"), outputs.at("labels"), outputs.at("scores"), outputs.at("valid_detections"),
                    index);
}

} // namespace detect::test
