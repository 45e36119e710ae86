// SPDX-License-Identifier: Apache-2.0
#include "check/check.h"

#include "base/text.h"
#include "base/try.h"
#include "check/exported_settings.h"
#include "check/known_shapes.h"
#include "check/registry.h"
#include "checkpoint/setting_rules.h"
#include "export/checkpoint_graph.h"
#include "onnx/model_file.h"
#include "onnx/opset_conversion.h"
#include "onnx/reader.h"

#include <algorithm>

namespace detect::checking {

namespace {

bool matters(const Finding& finding, Runtime target) {
    return std::ranges::find(finding.runtimes, target) != finding.runtimes.end();
}

/// Takes over what a check found, under its name.
void collect(CheckReport& report, std::string_view check, Findings findings, Runtime target) {
    for (Finding& finding : findings) {
        finding.check = check;
        if (matters(finding, target)) report.findings.push_back(std::move(finding));
    }
}

Result<void> run_file_checks(const onnx::ModelProto& model, const CheckOptions& options, CheckReport& report) {
    for (const RegisteredCheck& check : registry()) {
        if (check.of_file == nullptr) continue;
        Findings findings;
        DETECT_TRY(check.of_file(model, findings));
        collect(report, check.name, std::move(findings), options.target);
        report.checks.emplace_back(check.name);
    }
    return {};
}

Result<void> run_graph_checks(const CheckContext& context, CheckReport& report) {
    for (const RegisteredCheck& check : registry()) {
        if (check.of_graph == nullptr) continue;
        if (context.options.progress)
            context.options.progress(std::string(check.name) + ": " + std::string(check.about));
        Findings findings;
        DETECT_TRY(check.of_graph(context, findings));
        collect(report, check.name, std::move(findings), context.options.target);
        report.checks.emplace_back(check.name);
    }
    return {};
}

void describe_input(const Graph& graph, CheckReport& report) {
    std::vector<std::string> inputs;
    for (const ValueId id : graph.inputs) {
        inputs.push_back(graph[id].name + ": " + std::string(to_string(graph[id].type)) + " " +
                         to_string(graph[id].shape));
    }
    report.input = listed(inputs);
}

void say_what_is_left_out(const Trials& trials, const CheckOptions& options, CheckReport& report) {
    if (!trials.possible()) {
        report.left_out.push_back("the model was not run: " + trials.obstacle());
    } else if (!options.image) {
        report.left_out.emplace_back(
            "input range, thresholds and costs need a picture on which the model finds something; none was given");
    } else if (trials.image_run().detections.empty() && !trials.image_run().failure) {
        report.left_out.emplace_back(
            "input range and thresholds were not looked at: the outputs are not boxes, labels and scores");
    }
}

/// What decides about the comparison with a checkpoint, and is a guess.
void say_which_settings_are_unknown(const SettingsOverrides& settings, CheckReport& report) {
    std::vector<std::string> unknown;
    for (const Setting& setting : setting_table()) {
        const bool of_preset = settings.preset && belongs_to_preset(setting);
        if (setting.of_training && !of_preset && !override_text(setting, settings)) unknown.emplace_back(setting.key);
    }
    if (unknown.empty()) return;
    report.left_out.push_back("these settings cannot be read off the file and were not given: " + listed(unknown) +
                              "; the checkpoint's own or torchvision's were taken");
}

/// A run that stops is a problem, whether a check knows why or not.
void report_failure(const CheckContext& context, CheckReport& report) {
    const Trials& trials = context.trials;
    if (!trials.possible() || !trials.image_run().failure) return;
    const bool explained =
        std::ranges::any_of(report.findings, [](const Finding& f) { return f.severity == Severity::error; });
    if (explained) return;
    const TrialFailure& failure = *trials.image_run().failure;
    const bool has_node = failure.node < context.graph.nodes.size();
    report.findings.push_back(
        {.severity = Severity::error,
         .where = has_node ? "node '" + context.graph.nodes[failure.node].name + "' (" +
                                 context.graph.nodes[failure.node].op + ")"
                           : "the model",
         .what = (trials.has_image() ? "stops on the picture: " : "stops on a drawn picture: ") + failure.message,
         .advice = "look at what this node is given; if the model was made from a checkpoint of this network, 'detect "
                   "export' makes a file that runs",
         .check = "runs"});
}

/// As for the trials: a model of a few bytes may ask for anything.
constexpr std::size_t memory_limit = std::size_t{6} << 30;

bool more_severe(const Finding& a, const Finding& b) { return a.severity < b.severity; }

} // namespace

bool CheckReport::has_problems() const {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.severity != Severity::cost; });
}

Result<CheckReport> check_model(const std::filesystem::path& file, const CheckOptions& options) {
    CheckReport report;
    report.file = file;
    // A file that is no model at all: the reader says so, with the file's name.
    ReadingBudget budget(memory_limit);
    if (const auto onnx_file = OnnxFile::open(file, budget)) {
        const onnx::ModelProto& model = onnx_file->model();
        report.producer =
            model.producer_name() + (model.producer_version().empty() ? "" : " " + model.producer_version());
        report.nodes = static_cast<std::size_t>(model.graph().node_size());
        DETECT_TRY(run_file_checks(model, options, report));
    }
    std::error_code ignored;
    report.bytes = std::filesystem::file_size(file, ignored);
    auto read = read_onnx(file, memory_limit);
    if (!read) {
        // If it is known why, that is worth more than that it cannot be run.
        if (report.findings.empty()) return std::move(read).error();
        report.left_out.push_back("nothing else was looked at: " + read.error().message);
        if (options.weights) {
            // Nothing to compare with, but the checkpoint is to be exported again: it has to be one.
            DETECT_TRY(
                graph_from_checkpoint(*options.weights, options.settings, OutputLayout::batched, newest_export_opset));
            report.settings = options.settings;
        }
        return report;
    }
    const Graph graph = with_known_shapes(*std::move(read));
    report.opset = graph.opset;
    report.nodes = graph.nodes.size();
    describe_input(graph, report);
    const GraphQueries queries(graph);
    const auto trials = Trials::create(graph, options.image);
    if (!trials) return Error{trials.error().code, file.string() + ": " + trials.error().message};
    Facts facts;
    const CheckContext context{graph, queries, *trials, options, facts};
    DETECT_TRY(run_graph_checks(context, report));
    report.feeding = facts.feeding;
    if (options.weights) {
        report.settings = with_defaults(options.settings, exported_settings(queries));
        say_which_settings_are_unknown(report.settings, report);
        Findings findings;
        DETECT_TRY(check_against_checkpoint(context, report.settings, findings, report.agreement));
        collect(report, "checkpoint", std::move(findings), options.target);
        report.checks.emplace_back("checkpoint");
    }
    report_failure(context, report);
    say_what_is_left_out(*trials, options, report);
    std::ranges::stable_sort(report.findings, more_severe);
    return report;
}

} // namespace detect::checking
