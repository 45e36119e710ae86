// SPDX-License-Identifier: Apache-2.0
// `detect bench` as its users call it.

#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <numeric>

namespace detect::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* board = DETECT_SAMPLES_DIR "/board.png";
constexpr const char* model = DETECT_SAMPLES_DIR "/model/circuit_board.safetensors";

ProcessResult bench(std::vector<std::string> options) {
    std::vector<std::string> arguments = {DETECT_COMMAND, "bench"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run_process(arguments, {.timeout = std::chrono::minutes(5)});
}

/// Of the bundled model at the preset's small size.
json bench_json(std::vector<std::string> options) {
    std::vector<std::string> arguments = {"--model", model, "--preset", "320", "--json", "-"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const ProcessResult process = bench(arguments);
    EXPECT_EQ(process.exit_code, 0) << describe(process);
    json figures = json::parse(process.output, nullptr, false);
    EXPECT_TRUE(figures.is_object()) << describe(process);
    return figures;
}

void expect_plausible(const json& figures) {
    const json& latency = figures.at("latency_ms");
    const double min = latency.at("min");
    const double p50 = latency.at("p50");
    const double p90 = latency.at("p90");
    const double p99 = latency.at("p99");
    const double mean = latency.at("mean");
    EXPECT_GT(min, 0.0);
    EXPECT_LE(min, p50);
    EXPECT_LE(p50, p90);
    EXPECT_LE(p90, p99);
    EXPECT_LE(min, mean);
    const double images_per_second = figures.at("images_per_second");
    EXPECT_NEAR(images_per_second, 1e3 * figures.at("batch").get<double>() / mean, 1e-6 * images_per_second);
    EXPECT_GT(figures.at("load_ms").get<double>(), 0.0);
    // The weights alone are 78 MB.
    EXPECT_GT(figures.at("peak_memory_mb").get<double>(), 70.0);
    EXPECT_LT(figures.at("peak_memory_mb").get<double>(), 4000.0);
}

TEST(BenchCommand, ReportsWhatWasMeasured) {
    const json figures = bench_json({"--image", board, "--runs", "3", "--threads", "1"});
    expect_plausible(figures);
    EXPECT_EQ(figures.at("runs"), 3);
    EXPECT_EQ(figures.at("batch"), 1);
    EXPECT_EQ(figures.at("threads"), 1);
    EXPECT_EQ(figures.at("height"), 640);
    EXPECT_EQ(figures.at("width"), 640);
    // The 320 preset keeps at most 150.
    EXPECT_TRUE(figures.at("proposals").is_number_integer()) << figures.at("proposals");
    EXPECT_GT(figures.at("proposals"), 0);
    EXPECT_LE(figures.at("proposals"), 150);
    EXPECT_FALSE(figures.contains("profile"));

    const ProcessResult run = run_process({DETECT_COMMAND, "run", board, "--model", model, "--preset", "320", "--score",
                                           "0", "--json", "-", "--no-draw"});
    ASSERT_EQ(run.exit_code, 0) << describe(run);
    const json found = json::parse(run.output, nullptr, false).at("images").at(0).at("detections");
    EXPECT_EQ(figures.at("detections"), found.size());
}

TEST(BenchCommand, ScalesPicturesAndMakesBatches) {
    const json figures =
        bench_json({"--image", board, "--size", "200x300", "--batch", "2", "--threads", "2", "--runs", "3"});
    expect_plausible(figures);
    EXPECT_EQ(figures.at("height"), 200);
    EXPECT_EQ(figures.at("width"), 300);
    EXPECT_EQ(figures.at("batch"), 2);
    EXPECT_EQ(figures.at("threads"), 2);
}

TEST(BenchCommand, ProfilesEveryStep) {
    const json figures = bench_json({"--image", board, "--size", "320x320", "--runs", "7", "--profile"});
    const json& rows = figures.at("profile");
    ASSERT_GT(rows.size(), 10U);
    double total = 0.0;
    double share = 0.0;
    double previous = rows.at(0).at("ms");
    std::set<std::string> parts;
    for (const json& row : rows) {
        const double ms = row.at("ms");
        EXPECT_LE(ms, previous) << "the longest come first";
        EXPECT_GE(row.at("count").get<int>(), 1);
        EXPECT_FALSE(row.at("step").get<std::string>().empty());
        parts.insert(row.at("part").get<std::string>());
        previous = ms;
        total += ms;
        share += row.at("share").get<double>();
    }
    EXPECT_NEAR(share, 1.0, 1e-9);
    EXPECT_THAT(parts, testing::IsSupersetOf({"backbone", "fpn", "rpn"}));
    // The steps are a run: on a machine with other work to do, about as long as those that were timed as a whole.
    EXPECT_GT(total, 0.4 * figures.at("latency_ms").at("min").get<double>());
    EXPECT_LT(total, 2.0 * figures.at("latency_ms").at("p99").get<double>());
}

TEST(BenchCommand, PrintsATableAndWritesJsonBesideIt) {
    const TempDir folder;
    const std::string file = (folder / "figures.json").string();
    const ProcessResult process =
        bench({"--image", board, "--model", model, "--preset", "320", "--runs", "2", "--profile", "--json", file});
    ASSERT_EQ(process.exit_code, 0) << describe(process);
    for (const char* word :
         {"latency", "p99", "images/s", "proposals", "detections", "peak memory", "share", "backbone"}) {
        EXPECT_THAT(process.output, HasSubstr(word));
    }
    std::ifstream written(file);
    EXPECT_EQ(json::parse(written, nullptr, false).value("runs", 0), 2);
}

TEST(BenchCommand, RefusesOptionsThatMakeNoSense) {
    const std::vector<std::vector<std::string>> wrong = {
        {},                                            // no picture
        {"--image", board, "--size", "800"},           // one side
        {"--image", board, "--size", "800x"},          //
        {"--image", board, "--size", "0x100"},         // empty
        {"--image", board, "--size", "100x100x3"},     //
        {"--image", board, "--size", "99999999999x1"}, // not an int
        {"--image", board, "--size", "100x20000"},     // huge
        {"--image", board, "--batch", "0"},            //
        {"--image", board, "--batch", "9"},            // more than go into one run
        {"--image", board, "--runs", "0"},             //
        {"--image", board, "--threads", "-1"},         //
        {"--image", board, "--preset", "640"},         //
        {"--image", board, "--frobnicate"},            //
    };
    for (const auto& options : wrong) {
        SCOPED_TRACE(options.empty() ? "" : options.back());
        const ProcessResult process = bench(options);
        EXPECT_EQ(process.exit_code, 2) << describe(process);
        EXPECT_EQ(process.output, "");
        EXPECT_THAT(process.errors, HasSubstr("detect: "));
    }
}

TEST(BenchCommand, SaysWhatItCannotRead) {
    const TempDir folder;
    const ProcessResult no_picture = bench({"--image", (folder / "none.png").string(), "--model", model});
    EXPECT_EQ(no_picture.exit_code, 3) << describe(no_picture);
    EXPECT_THAT(no_picture.errors, HasSubstr("none.png"));

    const ProcessResult no_model = bench({"--image", board, "--model", (folder / "none.onnx").string()});
    EXPECT_EQ(no_model.exit_code, 3) << describe(no_model);
    EXPECT_THAT(no_model.errors, HasSubstr("none.onnx"));
}

} // namespace
} // namespace detect::test
