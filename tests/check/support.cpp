// SPDX-License-Identifier: Apache-2.0
#include "tests/check/support.h"

#include "onnx/writer.h"
#include "pictures/image_to_tensor.h"
#include "pictures/picture.h"
#include "tests/support/require.h"

#include <fstream>
#include <set>

namespace detect::checking {

void PrintTo(const Finding& finding, std::ostream* out) {
    *out << to_string(finding.severity) << " " << finding.check << " at " << finding.where << ": " << finding.what;
}

} // namespace detect::checking

namespace detect::test {

using checking::CheckReport;
using checking::Finding;
using checking::Severity;

Tensor board_picture() {
    const Picture picture = require(read_picture(std::filesystem::path(DETECT_SAMPLES_DIR) / "board.png"));
    Tensor image = require(Tensor::create(DataType::float32, {3, picture.height, picture.width}));
    require(image_to_tensor(picture.view(), image.mutable_data<float>()));
    return image;
}

std::filesystem::path board_checkpoint() {
    return std::filesystem::path(DETECT_SAMPLES_DIR) / "model/circuit_board.safetensors";
}

std::filesystem::path made_export(const std::string& name) { return std::filesystem::path(DETECT_CHECK_DIR) / name; }

CheckReport report_on(const std::filesystem::path& file, checking::CheckOptions options) {
    return require(checking::check_model(file, options));
}

CheckReport report_on(const Graph& graph, checking::CheckOptions options) {
    const TempDir folder;
    const std::filesystem::path path = folder / "model.onnx";
    std::ofstream(path, std::ios::binary) << require(write_onnx(graph));
    return report_on(path, std::move(options));
}

namespace {

std::vector<std::string> checks_with(const CheckReport& report, bool are_costs) {
    std::set<std::string> names;
    for (const Finding& finding : report.findings) {
        if ((finding.severity == Severity::cost) == are_costs) names.insert(finding.check);
    }
    return {names.begin(), names.end()};
}

} // namespace

std::vector<std::string> problems(const CheckReport& report) { return checks_with(report, false); }
std::vector<std::string> costs(const CheckReport& report) { return checks_with(report, true); }

std::vector<Finding> findings_of(const CheckReport& report, const std::string& check) {
    std::vector<Finding> found;
    for (const Finding& finding : report.findings) {
        if (finding.check == check) found.push_back(finding);
    }
    return found;
}

} // namespace detect::test
