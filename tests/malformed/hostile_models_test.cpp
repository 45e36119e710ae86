// SPDX-License-Identifier: Apache-2.0
#include "executor/model.h"
#include "onnx/reader.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The models of hostile_models.py, read, compiled and run in this process: each ends with a result or an error in one
// line. That the command does it within a second and a limit of memory, cli_malformed_models measures.
namespace detect::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t usual_memory = 150'000'000;
/// For a hundred thousand names.
constexpr std::size_t memory_of_names = 1'000'000'000;
/// Less than usual: the same rule, sooner.
constexpr double work_limit = 1e8;

/// How far a model came.
struct Outcome {
    bool read = false;
    bool compiled = false;
    bool run = false;
    std::string error;
};

void take(Outcome& outcome, const Error& error) {
    outcome.error = error.message;
    EXPECT_FALSE(error.message.empty());
    EXPECT_EQ(error.message.find('\n'), std::string::npos) << error.message;
    EXPECT_NE(error.code, ErrorCode::internal) << error.message;
}

/// A number for each input, and so many for one that is called z.
std::vector<Tensor> inputs_of(const Graph& graph, std::int64_t of_z) {
    std::vector<Tensor> inputs;
    for (const ValueId id : graph.inputs) {
        std::vector<std::int64_t> sizes(graph[id].shape ? graph[id].shape->size() : 1, 1);
        if (graph[id].name == "z") sizes.assign(1, of_z);
        auto tensor = Tensor::create(graph[id].type, Dims(sizes));
        if (tensor.ok()) inputs.push_back(*std::move(tensor));
    }
    return inputs;
}

Outcome outcome_of(const std::filesystem::path& file, std::int64_t of_z, std::size_t memory_limit) {
    Outcome outcome;
    auto graph = read_onnx(file, memory_limit);
    if (!graph) return take(outcome, graph.error()), outcome;
    outcome.read = true;
    const auto inputs = inputs_of(*graph, of_z);
    ModelOptions options;
    options.threads = 1;
    options.memory_limit = memory_limit;
    options.work_limit = work_limit;
    const auto model = Model::compile(*std::move(graph), options);
    if (!model) return take(outcome, model.error()), outcome;
    outcome.compiled = true;
    const auto outputs = (*model)->run(inputs);
    if (!outputs) return take(outcome, outputs.error()), outcome;
    outcome.run = true;
    return outcome;
}

void require_as_expected(const std::string& group, const std::string& name, const std::filesystem::path& file) {
    const Outcome outcome =
        outcome_of(file, group == "long_work" ? 2 : 1, group == "many_names" ? memory_of_names : usual_memory);
    if (group == "huge_results") {
        // The hundred are the same, and the limit allows one.
        EXPECT_EQ(outcome.run, name == "a_hundred_alike") << outcome.error;
    } else if (group == "long_work") {
        EXPECT_TRUE(outcome.compiled) << outcome.error;
        EXPECT_FALSE(outcome.run) << "the sizes of x and z do not go together";
    } else if (group == "endless_loops") {
        EXPECT_TRUE(outcome.compiled) << outcome.error;
        EXPECT_THAT(outcome.error,
                    HasSubstr(name.starts_with("memory") ? "memory" : "all steps of a run may take 1e+08"));
    } else if (group == "endless_work") {
        EXPECT_THAT(outcome.error, HasSubstr("(MaxPool): needs "));
    } else if (group == "growing" || group == "broken") {
        EXPECT_FALSE(outcome.compiled);
    } else if (group == "many_names" || group == "many_nodes") {
        EXPECT_TRUE(outcome.run) << outcome.error;
    } else if (group == "external") {
        EXPECT_EQ(outcome.read, name == "inside") << outcome.error;
    } else {
        ADD_FAILURE() << "nothing is said of " << group;
    }
}

TEST(HostileModels, EachEndsWithAResultOrAnError) {
    const TempDir folder;
    const auto made =
        run_process({DETECT_PYTHON, DETECT_MALFORMED_DIR "/hostile_models.py", (folder / "models").string()});
    ASSERT_EQ(made.exit_code, 0) << describe(made);
    std::size_t models = 0;
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "models")) {
        if (entry.path().extension() == ".onnx") files.insert(entry.path());
    }
    for (const auto& file : files) {
        SCOPED_TRACE(file.string());
        require_as_expected(file.parent_path().filename().string(), file.stem().string(), file);
        ++models;
    }
    EXPECT_EQ(made.output, std::to_string(models) + " hostile models\n");
    EXPECT_GE(models, 79U);
}

} // namespace
} // namespace detect::test
